"""The machine can fail: with one law of the desk taken out of a copy of the product, it finds the difference."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PARTS = ("handover", "bot", "tests", "tools", "data", "pyproject.toml", "README.md")
TEST = "tests/properties/test_desk_against_reference.py::test_one_process_on_sqlite_equals_the_reference"


@dataclass(frozen=True)
class Bug:
    """``file``: where ``right`` stands, exactly once; ``wrong`` takes its place."""

    file: str
    right: str
    wrong: str


DESK, MIGRATIONS = "handover/desk_for_", "handover/migrations/versions/"
BUGS = {
    "no epoch check when a turn ends": [
        Bug(
            f"{DESK}bot.py",
            "if turn.state is not TurnState.LIVE or work.conversation.epoch != turn.epoch:",
            "if turn.state is TurnState.COMMITTED:",
        )
    ],
    "no epoch check when an agent accepts": [Bug("handover/desk_taking.py", "if now.epoch != epoch:", "if False:")],
    "no unique key of the customer's words": [
        Bug(
            f"{MIGRATIONS}v0001_people_and_conversations.py",
            'sa.UniqueConstraint("conversation", "client_id", name=op.f("uq_entries_conversation_client_id")),',
            "",
        )
    ],
    "no lease of a turn": [
        Bug("handover/turn_begin.py", "if under_way is not None:", "if False:"),
        Bug(
            f"{MIGRATIONS}v0002_work.py",
            '"uq_turns_one_live",\n        "turns",\n        ["conversation"],\n        unique=True',
            '"uq_turns_one_live",\n        "turns",\n        ["conversation"],\n        unique=False',
        ),
    ],
    "no room is reserved": [Bug("handover/desk_taking.py", "if held + weight > now.capacity:", "if False:")],
    "who answers outside does not silence an offer": [
        Bug(
            f"{DESK}channels.py",
            "if now.control is Control.HUMAN or now.lifecycle is Lifecycle.SNOOZED:",
            "if now.control is not Control.BOT or now.lifecycle is Lifecycle.SNOOZED:",
        )
    ],
    "a stale view is not noticed": [Bug(f"{DESK}agents.py", "if seen < work.conversation.last_offset:", "if False:")],
    "a reader gets its last line again": [
        Bug(
            "handover/backends/records_sql/entries.py",
            'e.c.offset > sa.bindparam("edge")',
            'e.c.offset >= sa.bindparam("edge")',
        )
    ],
}


@pytest.mark.servers
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", BUGS)
def test_a_law_that_is_missing_is_found_out(name: str, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, copy / part, ignore=shutil.ignore_patterns("__pycache__", "node_modules", "kept"))
        else:
            shutil.copy(source, copy / part)
    for bug in BUGS[name]:
        file = copy / bug.file
        text = file.read_text()
        assert text.count(bug.right) == 1, f"{bug.file} has changed: the seeded bug must be written anew"
        file.write_text(text.replace(bug.right, bug.wrong))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not servers", TEST]
    played = subprocess.run(
        command, cwd=copy, capture_output=True, text=True, check=False, timeout=560,
        env={**os.environ, "MACHINE_HUNTS": "yes"},
    )  # fmt: skip
    assert played.returncode == 1, played.stdout[-3_000:]
    assert "conversations_0" in played.stdout, played.stdout[-3_000:]
