"""`switchboard record`: copied beside a running service, proven, restored elsewhere; mistakes in plain words."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path

from typer.testing import CliRunner

from bot.cli import app
from tests.support.command_line import Ended, call
from tests.support.desk_world import open_world


def url(folder: Path) -> str:
    return f"sqlite+aiosqlite:///{folder / 'record.db'}"


async def run(folder: Path, *arguments: str) -> Ended:
    return await call("record", *arguments, env=os.environ | {"DATABASE_URL": url(folder)})


async def test_a_record_is_copied_and_restored_while_the_service_has_it_open(tmp_path: Path) -> None:
    here, there, copy = tmp_path / "here", tmp_path / "there", str(tmp_path / "copy.zip")
    async with open_world(url=url(here)) as world:
        conversation = await world.conversation("Where is my tent?")
        copied = await run(here, "backup", copy)
        drilled = await run(here, "drill")
        texts = await world.texts(conversation.id)
    assert (copied.returncode, copied.stderr) == (0, "")
    assert "the copy is good" in copied.stdout
    assert "restored and compared in" in drilled.stdout
    there.mkdir()
    restored = await run(there, "restore", copy)
    assert (restored.returncode, restored.stderr) == (0, "")
    async with open_world(url=url(there)) as world:
        assert await world.texts(conversation.id) == texts
    assert "is at revision" in (await run(there, "migrate")).stdout


async def test_mistakes_are_told_in_a_sentence_and_change_nothing(tmp_path: Path) -> None:
    async with open_world(url=url(tmp_path)):
        pass
    no_copy = await run(tmp_path, "restore", str(tmp_path / "nothing.zip"))
    assert no_copy.returncode == 1
    assert "There is no file" in no_copy.stderr
    (tmp_path / "other.zip").write_text("something else")
    assert "is not a copy of a record" in (await run(tmp_path, "restore", str(tmp_path / "other.zip"))).stderr
    nowhere = await run(tmp_path, "backup", "/proc/copy.zip")
    assert (nowhere.returncode, nowhere.stderr.count("\n")) == (1, 1), nowhere.stderr
    await run(tmp_path, "backup", str(tmp_path / "copy.zip"))
    over = await run(tmp_path, "restore", str(tmp_path / "copy.zip"))
    assert over.returncode == 1
    assert "holds tables already" in over.stderr


async def test_where_there_is_no_record_none_is_made_by_looking(tmp_path: Path) -> None:
    for wish in (
        ["record", "backup", "copy.zip"],
        ["record", "drill"],
        ["queue"],
        ["agents", "list"],
        ["outbox", "list"],
    ):
        told = await call(*wish, env=os.environ | {"DATABASE_URL": url(tmp_path / "here")})
        assert (told.returncode, told.stdout) == (1, "")
        assert "There is no record at DATABASE_URL" in told.stderr
    assert not (tmp_path / "here" / "record.db").exists()


async def test_a_record_of_another_release_is_left_as_it_is(tmp_path: Path) -> None:
    async with open_world(url=url(tmp_path)):
        pass
    for revision, words in (("0003", "switchboard record migrate"), ("9999", "newer release")):
        with closing(sqlite3.connect(tmp_path / "record.db")) as record:
            record.execute("UPDATE alembic_version SET version_num = ?", [revision])
            record.commit()
        told = await call("queue", env=os.environ | {"DATABASE_URL": url(tmp_path)})
        assert told.returncode == 1
        assert words in told.stderr
    newer = await run(tmp_path, "migrate")
    assert (newer.returncode, "Traceback" in newer.stderr) == (1, False)
    assert "9999" in newer.stderr


async def test_a_copy_is_put_where_the_caller_is(tmp_path: Path) -> None:
    async with open_world(url=url(tmp_path)):
        pass
    here = os.environ | {"DATABASE_URL": url(tmp_path), "SWITCHBOARD_CALLED_FROM": str(tmp_path)}
    assert (await call("record", "backup", "copy.zip", env=here)).returncode == 0
    assert (tmp_path / "copy.zip").is_file()


async def test_what_would_go_is_said_before_it_goes(tmp_path: Path) -> None:
    async with open_world(url=url(tmp_path)) as world:
        mia = await world.agent("Mia")
        old = await world.conversation("Long ago.")
        await world.desk.agents.resolve(mia, old.id)
        # The world's clock stands in January.
        settings = {"RETENTION_DAYS": "1", "COLUMNS": "200", "DATABASE_URL": url(tmp_path)}
        prune = partial(CliRunner().invoke, app, env=settings)
        dry = await asyncio.to_thread(prune, ["record", "prune", "--dry-run"])
        assert await world.texts(old.id)
        done = await asyncio.to_thread(prune, ["record", "prune"])
        assert await world.texts(old.id) == []
    for told, words in ((dry, "would go"), (done, "removed")):
        assert told.exit_code == 0, told.output
        assert words in told.stdout
        assert [line.split("│")[4].strip() for line in told.stdout.splitlines() if "│ conversations" in line] == ["1"]
