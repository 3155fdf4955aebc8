"""A copy becomes the same record again, on either database, from any revision; a damaged one is refused."""

from __future__ import annotations

import asyncio
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from handover.backends.records_sql.copies import backup, check, restore
from handover.backends.records_sql.engine import make_engine
from handover.backends.records_sql.migrate import HEAD, migrate
from handover.errors import BadInput
from tests.contract import test_records_migrate as records
from tests.support.desk_world import open_world
from tests.support.distributed import Database

NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)
WAYS = [
    ("sqlite", "sqlite"),
    pytest.param(("sqlite", "postgres"), marks=pytest.mark.servers),
    pytest.param(("postgres", "sqlite"), marks=pytest.mark.servers),
]


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[AsyncEngine]:
    engine = make_engine(url)
    try:
        yield engine
    finally:
        await engine.dispose()


def addresses(kind: str, folder: Path, request: pytest.FixtureRequest) -> str:
    if kind == "sqlite":
        return f"sqlite+aiosqlite:///{folder / 'record.db'}"
    database: Database = request.getfixturevalue("postgres")
    return database.url


@pytest.fixture(params=WAYS)
def ways(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str]:
    """Addresses of a record to copy from and of an empty database to restore into."""
    return addresses(request.param[0], tmp_path / "from", request), addresses(
        request.param[1], tmp_path / "to", request
    )


async def filled(url: str) -> None:
    async with open_world(url=url) as world:
        await records._fill(world)
        await world.conversation('Ünïcödé \u2603 and \U0001f6d2, "quoted" \\ and\nmore lines')


async def rows(engine: AsyncEngine, query: str) -> list[tuple[object, ...]]:
    async with engine.connect() as connection:
        return [tuple(row) for row in await connection.execute(sa.text(query))]


LINES = 'SELECT conversation, "offset", text, author_kind FROM entries ORDER BY at, conversation, "offset"'


async def test_a_copy_becomes_the_same_record_again_and_work_goes_on(ways: tuple[str, str], tmp_path: Path) -> None:
    source, target = ways
    await filled(source)
    file = tmp_path / "copy.zip"
    async with opened(source) as before, opened(target) as after:
        written = await backup(before, file, NOW)
        assert written.revision == HEAD
        assert written.tables["entries"].rows > 3
        assert (await check(file)).tables == written.tables
        assert (await restore(after, file)).tables == written.tables
        assert sorted(map(repr, await rows(before, LINES))) == sorted(map(repr, await rows(after, LINES)))
        again = await backup(after, tmp_path / "again.zip", NOW)
        assert again.tables == written.tables
    async with open_world(url=target) as world:
        noa, offered = await world.agent("Noa"), await world.offered("I want a person", "now")
        await world.desk.agents.accept(noa, offered.id, offered.epoch)
        await world.desk.agents.decline(
            noa, (await world.offered("me too")).id, "lunch"
        )  # new ids meet no restored one


@pytest.mark.parametrize("earlier", records.REVISIONS[:-1])
async def test_a_copy_of_an_earlier_release_is_restored_and_moved_on(tmp_path: Path, earlier: str) -> None:
    source, target = (f"sqlite+aiosqlite:///{tmp_path / name / 'record.db'}" for name in ("from", "to"))
    await filled(source)
    file = tmp_path / "copy.zip"
    async with opened(source) as before, opened(target) as after:
        await migrate(before, earlier)
        if not await rows(before, "SELECT name FROM sqlite_master WHERE name = 'entries'"):
            return  # the first revisions had no lines yet
        assert (await backup(before, file, NOW)).revision == earlier
        await check(file)
        await restore(after, file)
        assert await rows(before, LINES) == await rows(after, LINES)
    async with open_world(url=target) as world:
        await world.conversation("It still works.")


async def test_a_copy_is_made_while_the_record_is_written(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'record.db'}"
    async with open_world(url=url) as world, opened(url) as engine:
        conversation = await world.conversation("one")
        first = await backup(engine, tmp_path / "first.zip", NOW)
        await world.says(conversation.id, "two")
        second = await backup(engine, tmp_path / "second.zip", NOW)
        assert second.tables["entries"].rows == first.tables["entries"].rows + 1


async def test_nothing_is_restored_over_something(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'record.db'}"
    await filled(url)
    async with opened(url) as engine:
        await backup(engine, tmp_path / "copy.zip", NOW)
        with pytest.raises(BadInput, match="already"):
            await restore(engine, tmp_path / "copy.zip")
        with pytest.raises(BadInput, match="there already"):
            await backup(engine, tmp_path / "copy.zip", NOW)


async def test_without_a_record_there_is_no_copy(tmp_path: Path) -> None:
    async with opened(f"sqlite+aiosqlite:///{tmp_path / 'record.db'}") as engine:
        with pytest.raises(BadInput, match="no record"):
            await backup(engine, tmp_path / "copy.zip", NOW)
    assert "copy" not in str(await asyncio.to_thread(lambda: list(tmp_path.iterdir())))


def spoilt(file: Path, change: str) -> Path:
    """``file`` with one member changed: without its last line, with a changed letter, missing, or cut off."""
    other = file.with_name(f"{change}.zip")
    if change == "cut":
        other.write_bytes(file.read_bytes()[:-200])
        return other
    if change == "no zip":
        other.write_bytes(b"hello")
        return other
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(other, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "entries.jsonl":
                if change == "missing":
                    continue
                lines = content.splitlines(keepends=True)
                content = {
                    "short": b"".join(lines[:-1]),
                    "letter": content.replace(b"I want", b"I wont"),
                    "garbage": b"{" + content,
                    "columns": b"[1]\n",
                }.get(change, content)
            if name == "manifest.json" and change == "format":
                content = content.replace(b'"format": 1', b'"format": 9')
            if name == "manifest.json" and change == "manifest":
                content = b"[]"
            new.writestr(name, content)
    return other


@pytest.mark.parametrize(
    "change", ["short", "letter", "garbage", "columns", "missing", "format", "manifest", "cut", "no zip"]
)
async def test_a_damaged_copy_is_refused_and_leaves_nothing_behind(tmp_path: Path, change: str) -> None:
    source, target = (f"sqlite+aiosqlite:///{tmp_path / name / 'record.db'}" for name in ("from", "to"))
    await filled(source)
    async with opened(source) as before:
        await backup(before, tmp_path / "copy.zip", NOW)
    bad = spoilt(tmp_path / "copy.zip", change)
    async with opened(target) as after:
        with pytest.raises(BadInput):
            await restore(after, bad)
        assert await rows(after, "SELECT count(*) FROM sqlite_master WHERE type = 'table'") == [(0,)]
        await restore(after, tmp_path / "copy.zip")
