"""A look into the record of a running service, for what no screen shows: decisions with their evidence."""

from __future__ import annotations

import json
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any


def decisions(record: Path, conversation: str) -> list[dict[str, Any]]:
    """What was decided after each of the bot's turns, oldest first: outcome, reason, because, seconds, evidence."""
    with closing(sqlite3.connect(f"file:{record}?mode=ro", uri=True)) as db:
        rows = db.execute(
            "SELECT outcome, reason, because, seconds, evidence FROM decisions WHERE conversation = ? ORDER BY at",
            (conversation,),
        ).fetchall()
    names = ("outcome", "reason", "because", "seconds")
    return [{**dict(zip(names, row, strict=False)), "evidence": json.loads(row[4])} for row in rows]


def conversation_of(record: Path, inbox: str, person: str) -> str | None:
    """The conversation that somebody of a platform has with an inbox."""
    with closing(sqlite3.connect(f"file:{record}?mode=ro", uri=True)) as db:
        found = db.execute(
            "SELECT c.id FROM conversations c JOIN identities i ON i.customer = c.customer AND i.inbox = c.inbox"
            " WHERE i.inbox = ? AND i.external_id = ?",
            (inbox, person),
        ).fetchone()
    return found[0] if found else None


def wait_for_turn(record: Path, conversation: str) -> None:
    """Until the bot is at work on an answer: its turn is in the record."""
    with closing(sqlite3.connect(f"file:{record}?mode=ro", uri=True)) as db:
        for _ in range(1_000):
            live = "SELECT 1 FROM turns WHERE conversation = ? AND state = 'live'"
            if db.execute(live, (conversation,)).fetchone():
                return
            time.sleep(0.02)
    raise AssertionError("the bot did not begin a turn")


def call_customer(record: Path, conversation: str, name: str) -> None:
    """Give a customer a name, as a channel would that knows one."""
    with closing(sqlite3.connect(record, timeout=10)) as db, db:
        changed = db.execute(
            "UPDATE customers SET name = ? WHERE id = (SELECT customer FROM conversations WHERE id = ?)",
            (name, conversation),
        )
        assert changed.rowcount == 1
