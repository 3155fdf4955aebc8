"""`switchboard agents | queue | replay`, beside a record with people and conversations in it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.command_line import Ended, call
from tests.support.desk_world import ASKED, open_world

RUDE = "[red]hello\x1b[2J"


@dataclass
class Here:
    environment: dict[str, str]

    async def run(self, *arguments: str, stdin: str = "", **more: str) -> Ended:
        return await call(*arguments, env=self.environment | more, stdin=stdin)


@pytest.fixture
def here(tmp_path: Path) -> Here:
    database = {"DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path / 'record.db'}", "COLUMNS": "220"}
    return Here(os.environ | database | {"SECRET_FILE": str(tmp_path / "secret")})


async def test_accounts_are_made_closed_opened_and_given_passwords(tmp_path: Path, here: Here) -> None:
    await here.run("record", "migrate")
    made = await here.run("agents", "add", "Ines@Example.com", "--name", "Ines", "--role", "lead", stdin="a long one\n")
    assert (made.returncode, made.stdout) == (0, "ines@example.com may sign in.\n"), made.stderr
    listed = (await here.run("agents", "list")).stdout
    assert "ines@example.com" in listed
    assert "lead" in listed
    assert "closed" in (await here.run("agents", "close", "ines@example.com")).stdout
    assert "closed since" in (await here.run("agents", "list")).stdout
    assert "is open" in (await here.run("agents", "open", "ines@example.com")).stdout
    changed = await here.run("agents", "password", "ines@example.com", AGENT_PASSWORD="another long one")
    assert "new password" in changed.stdout
    for wrong, words in (
        (("agents", "password", "nobody@example.com"), "Nobody here"),
        (("agents", "add", "ines@example.com", "--name", "I"), "already"),
        (("agents", "add", "x", "--name", "I"), "not an e-mail address"),
    ):
        refused = await here.run(*wrong, AGENT_PASSWORD="a long one")
        assert (refused.returncode, refused.stdout) == (1, "")
        assert words in refused.stderr
    short = await here.run("agents", "add", "m@example.com", "--name", "M", AGENT_PASSWORD="short")
    assert "8 to 256 characters" in short.stderr


async def test_the_queue_and_a_conversation_are_shown_with_what_today_s_policy_says(tmp_path: Path, here: Here) -> None:
    async with open_world(tmp_path) as world:
        waiting = await world.offered("I want a person")
        other = await world.conversation(RUDE)
        await world.bot_turn(other.id, "Of course.", ASKED)
    shown = await here.run("queue")
    assert shown.returncode == 0, shown.stderr
    assert waiting.id in shown.stdout
    replayed = await here.run("replay", other.id)
    assert "[red]hello" in replayed.stdout
    assert "\x1b[2J" not in replayed.stdout
    assert "hand_over (asked); today: answer" in replayed.stdout  # the kept evidence says nothing of asking
    nowhere = await here.run("replay", "no such")
    assert (nowhere.returncode, nowhere.stdout) == (1, "")


async def test_nobody_waits(tmp_path: Path, here: Here) -> None:
    async with open_world(tmp_path):
        pass
    assert (await here.run("queue")).stdout == "Nobody waits.\n"
