"""`switchboard doctor`: what is broken is named with its fix, no secret is shown, and nothing is changed."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from typer.testing import CliRunner, Result

from bot.cli import app
from handover.backends import open_backends
from handover.inboxes import Inbox
from handover.record_ports_inboxes import KeptInbox
from tests.support.desk_world import fresh_record
from tests.support.distributed import Database
from tests.support.hand_clock import HandClock
from tests.support.processes import free_port
from tests.support.serving import serving

SECRET = "sk-this-is-a-secret-of-the-test"


async def doctor(folder: Path, *arguments: str, **settings: str) -> Result:
    environment = {
        "COLUMNS": "250",
        "DATABASE_URL": f"sqlite+aiosqlite:///{folder / 'record.db'}",
        "SECRET_FILE": str(folder / "secret_key"),
        "SECRETS_FILE": str(folder / "inbox_key"),
        "EMBEDDER_DIR": "none",
        "PORT": str(free_port()),
    }
    return await asyncio.to_thread(CliRunner().invoke, app, ["doctor", *arguments], env=environment | settings)


def rows(told: Result) -> dict[str, tuple[str, str, str]]:
    """What the table says of each part: state, found, fix."""
    cells = [line.split("│") for line in told.stdout.splitlines() if line.startswith("│")]
    return {one[1].strip(): (one[2].strip(), one[3].strip(), one[4].strip()) for one in cells}


async def _all_is_well(_: Request) -> JSONResponse:
    return JSONResponse({"model_file": "little.tar.gz", "status": "ok"})


def _partners(_: int) -> Any:
    return Starlette(routes=[Route("/{rest:path}", _all_is_well)])


async def test_an_installation_that_is_well_is_said_to_be(tmp_path: Path) -> None:
    url = await fresh_record(tmp_path)
    async with serving(_partners) as address:
        told = await doctor(
            tmp_path, DATABASE_URL=url, RASA_URL=f"http://{address}", ACTIONS_URL=f"http://{address}",
            PORT=address.rpartition(":")[2], OPENAI_API_KEY=SECRET, SECRET_KEY="k" * 40, LLM_PROVIDER="openai",
        )  # fmt: skip
    assert told.exit_code == 0, told.output
    found = rows(told)
    assert {what: state for what, (state, _, _) in found.items() if state != "ok"} == {}
    assert found["embedder"][1] == "none, as wished: repeats are told by words"
    assert found["rasa"][1] == "answers, with a model"
    assert found["signing key"][1] == "SECRET_KEY"
    assert SECRET not in told.output
    assert "kkkk" not in told.stdout
    assert "Nothing is broken." in told.stdout


async def test_what_is_missing_is_named_with_its_fix_and_nothing_is_made(tmp_path: Path) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    told = await doctor(tmp_path, RASA_URL=nowhere, ACTIONS_URL=nowhere)
    assert told.exit_code == 1
    found = rows(told)
    broken = {what for what, (state, _, _) in found.items() if state == "broken"}
    assert broken == {"record", "rasa", "actions"}
    assert found["record"][1:] == ("sqlite, not made yet", "start the service, or `switchboard record migrate`")
    assert found["service"][0] == "note"
    assert os.listdir(tmp_path) == []


async def test_each_option_that_cannot_be_honoured_is_named(tmp_path: Path) -> None:
    told = await doctor(tmp_path, PORT="many", TURN_SECONDS="0", SECRET_KEY="short")
    assert told.exit_code == 1
    lines = [line for line in told.stdout.splitlines() if "broken" in line]
    assert [sum(name in line for line in lines) for name in ("PORT:", "TURN_SECONDS:", "SECRET_KEY:")] == [1, 1, 1]


async def test_what_waits_for_somebody_is_named(tmp_path: Path) -> None:
    url = await fresh_record(tmp_path)
    async with open_backends(url) as backends, backends.records.transaction() as tx:
        at = HandClock().now()
        await tx.inboxes.add(KeptInbox(Inbox("telegram.aaaa0001", "telegram", "Shop", "1"), "sealed"), at)
        await tx.inboxes.pause("telegram.aaaa0001", "The token was taken back.", at)
    told = await doctor(tmp_path, DATABASE_URL=url)
    found = rows(told)
    assert found["inbox"][1] == "telegram.aaaa0001 is paused: The token was taken back."
    assert "inboxes resume telegram.aaaa0001" in found["inbox"][2]
    assert found["inbox keys"][0] == "broken"
    assert found["outbox"][:2] == ("ok", "nothing undelivered; 0 waiting")


async def test_a_record_that_cannot_be_reached_is_told_without_its_password(tmp_path: Path) -> None:
    url = f"postgresql+asyncpg://switchboard:hidden-word@127.0.0.1:{free_port()}/switchboard"
    redis = f"redis://:hidden-word@127.0.0.1:{free_port()}/0"
    told = await doctor(tmp_path, DATABASE_URL=url, REDIS_URL=redis, SECRET_KEY="k" * 40)
    found = rows(told)
    assert (found["record"][0], found["redis"][:2]) == ("broken", ("broken", "does not answer"))
    assert "hidden-word" not in told.output


@pytest.mark.servers
async def test_on_postgresql_the_revision_and_both_clocks_are_looked_at(tmp_path: Path, postgres: Database) -> None:
    async with open_backends(postgres.url):
        pass
    found = rows(await doctor(tmp_path, DATABASE_URL=postgres.url))
    assert found["record"][0] == "ok"
    assert found["clocks"][0] == "ok"
    postgres.ask(f"ALTER DATABASE {postgres.name} SET default_transaction_read_only = on")
    found = rows(await doctor(tmp_path, DATABASE_URL=postgres.url))
    assert found["record"][:2] == ("broken", "postgresql, which this account may not write")


async def test_the_help_says_which_doctor_is_which(tmp_path: Path) -> None:
    told = await doctor(tmp_path, "--help")
    assert "make doctor" in told.stdout
    assert "--ask-model" in told.stdout
