"""Fills a record with a past: customers, conversations with their lines, offers and notes, agents, a queue.

Written in bulk, past the desk's verbs, but into the product's own tables with the rules the database keeps: what the
verbs would have left behind, in a minute instead of days.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from handover.backends.records_sql import tables as t
from handover.backends.records_sql import tables_of_work as w

SKILLS = ("orders", "payments", "products", "complaints", "safety", "press")  # as in data/policy/policy.yml
TEAMS = ("service", "workshop", "office")
LANGUAGES = ("en", "de", "fr", "es")
_FIRST = ("Ann", "Ben", "Cleo", "Dan", "Eva", "Finn", "Gül", "Hugo", "Ida", "Jan", "Kim", "Lea", "Max", "Nia", "Ole")
_LAST = ("Lee", "Ng", "Weber", "Rossi", "Novak", "Silva", "Okafor", "Larsen", "Dubois", "Yilmaz", "Khan", "Mori")
_BATCH = 2_000
# Of a hundred conversations so many are with the bot, with a person, snoozed, waiting; the others are resolved.
_BOT, _HUMAN, _SNOOZED, _OFFERED = 8, 2, 1, 1


@dataclass(frozen=True, slots=True)
class Past:
    """How much. Besides ``waiting`` are in the queue, and each agent has ``held`` of two slots each. All are online."""

    conversations: int
    lines_each: int
    agents: int = 20
    waiting: int = 0
    held: int = 0
    capacity: int = 8

    @property
    def in_all(self) -> int:
        """Conversations: those of the past, those that agents hold, those that wait."""
        return self.conversations + self.agents * self.held + self.waiting


async def fill(engine: AsyncEngine, past: Past, at: datetime, seed: int = 1) -> list[str]:
    """Fill an empty, migrated record; what is newest happened at ``at``. Returns the agents' ids."""
    chance = random.Random(seed)
    agents = [f"agent{number:04}" for number in range(past.agents)]
    async with engine.begin() as on:
        await _insert(on, t.agents, (_agent(one, past, at, chance) for one in agents))
        rows = [_conversation(number, past, agents, at, chance) for number in range(past.in_all)]
        await _insert(on, t.customers, (_customer(row, chance) for row in rows))
        await _insert(on, t.conversations, rows)
        await _insert(on, t.stretches, (_stretch(row) for row in rows))
        await _lines(on, past.lines_each)
        had = [row for row in rows if row["control"] == "offered" or chance.random() < 0.3]
        await _insert(on, w.offers, (_offer(row, at, chance) for row in had))
        await _insert(on, w.notes, (_note(row, agents) for row in rows if chance.random() < 0.1))
        await on.execute(t.feed.update().values(value=len(rows)))
    return agents


async def _insert(on: AsyncConnection, table: sa.Table, rows: Iterable[dict[str, Any]]) -> None:
    rows = iter(rows)
    while some := list(islice(rows, _BATCH)):
        await on.execute(table.insert(), some)


async def _lines(on: AsyncConnection, each: int) -> None:
    """Every conversation's lines, as they came: one of each conversation, then the next of each."""
    c = t.conversations.c
    for offset in range(1, each + 1):
        author = ("bot", "customer", "bot", "agent")[offset % 4] if offset > 1 else "bot"
        words = f"Line {offset}: the parcel that I ordered has not come, and its number says nothing new since Monday. "
        line = sa.select(
            c.id, sa.literal(offset), sa.literal(1), sa.literal(author), sa.literal(author.title()),
            sa.literal("message"), sa.literal(words) + c.id, sa.literal(f"c{offset}"), c.inbox, c.created_at,
        )  # fmt: skip
        names = [
            "conversation",
            "offset",
            "epoch",
            "author_kind",
            "author_name",
            "kind",
            "text",
            "client_id",
            "inbox",
            "at",
        ]
        await on.execute(t.entries.insert().from_select(names, line.where(c.last_offset >= offset)))


def _agent(agent: str, past: Past, at: datetime, chance: random.Random) -> dict[str, Any]:
    return {
        "id": agent, "email": f"{agent}@desk.example", "name": agent.title(), "password_hash": "-",
        "role": "lead" if chance.random() < 0.04 else "agent", "availability": "online", "capacity": past.capacity,
        "created_at": at - timedelta(days=90), "taken_at": at - timedelta(seconds=chance.randrange(3600)),
        "skills": sorted(chance.sample(SKILLS, 3)), "languages": sorted({"en", chance.choice(LANGUAGES)}),
        "teams": [chance.choice(TEAMS)],
    }  # fmt: skip


def _customer(row: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    first, last = chance.choice(_FIRST), chance.choice(_LAST)
    known = chance.random() < 0.5
    return {
        "id": row["customer"], "name": f"{first} {last}" if known else None,
        "email": f"{first}.{last}.{row['customer'][:6]}@mail.example".lower() if known else None,
        "profile": {"language": chance.choice(LANGUAGES)}, "created_at": row["created_at"],
    }  # fmt: skip


def _conversation(
    number: int, past: Past, agents: Sequence[str], at: datetime, chance: random.Random
) -> dict[str, Any]:
    """One row: what is told of it fits together, or the database would refuse it."""
    held = past.agents * past.held
    if number >= past.conversations + held:
        lifecycle, control = "active", "offered"
    else:
        lifecycle, control = _state(number % 100) if number < past.conversations else ("active", "human")
        if held and number < past.conversations and control == "human":
            lifecycle, control = "resolved", "nobody"  # agents have what they are said to have, and nothing besides
    changed = at - timedelta(seconds=(past.in_all - number) * 60)
    human = control == "human"
    return {
        "id": _id(chance), "customer": _id(chance), "inbox": "web",
        "lifecycle": lifecycle, "control": control, "epoch": 1,
        "agent": agents[number % past.agents] if human else None, "slots": 2 if human and lifecycle == "active" else 0,
        "last_offset": past.lines_each, "last_customer_offset": max(1, past.lines_each - 3),
        "answered": past.lines_each, "stretch_start": 0, "fallbacks": 0, "lacking": 0, "told": 0, "seen": 0,
        "created_at": changed - timedelta(minutes=20), "changed_at": changed, "feed": number + 1,
        "waiting_since": changed if control == "offered" else None,
        "snoozed_until": at + timedelta(days=1) if lifecycle == "snoozed" else None, "reply_due": None,
        "last_author": "bot", "last_text": "Line: the parcel has not come.", "last_at": changed,
        "reason": "asked" if control in {"offered", "human"} else None, "rating": None,
        "team": None, "needs": [],
    }  # fmt: skip


def _state(number: int) -> tuple[str, str]:
    for upto, state in (
        (_BOT, ("active", "bot")),
        (_BOT + _HUMAN, ("active", "human")),
        (_BOT + _HUMAN + _SNOOZED, ("snoozed", "human")),
        (_BOT + _HUMAN + _SNOOZED + _OFFERED, ("active", "offered")),
    ):
        if number < upto:
            return state
    return "resolved", "nobody"


def _stretch(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "conversation": row["id"], "epoch": 1, "control": row["control"], "move": "start", "actor": "customer",
        "agent": row["agent"], "began_at": row["created_at"], "after_offset": 0,
    }  # fmt: skip


def _offer(row: dict[str, Any], at: datetime, chance: random.Random) -> dict[str, Any]:
    """An open offer for who waits, a closed one with its packet for who was handed over before."""
    waits = row["control"] == "offered"
    return {
        "id": _id(chance), "conversation": row["id"], "epoch": 1, "reason": "asked", "packet": _PACKET,
        "made_at": row["changed_at"], "expires_at": at + timedelta(hours=1), "deadline": at + timedelta(hours=2),
        "round": 1, "told_long": True, "told_nobody": False, "closed_at": None if waits else row["changed_at"],
        "weight": 2, "needs": chance.sample(SKILLS, chance.randrange(2)),
        "language": chance.choice(LANGUAGES), "team": chance.choice((None, None, *TEAMS)),
    }  # fmt: skip


def _note(row: dict[str, Any], agents: Sequence[str]) -> dict[str, Any]:
    return {
        "id": uuid.uuid5(uuid.NAMESPACE_OID, row["id"]).hex, "conversation": row["id"], "agent": agents[0],
        "text": "Called twice, nobody there.", "at": row["changed_at"], "after_offset": 1,
    }  # fmt: skip


_PACKET = {
    "reason": "asked", "because": "The customer asked for a person.", "words": ["I want a person"] * 4,
    "summary": "A parcel is late; the customer has its number and wants to know when it comes. " * 4,
    "facts": {f"fact {number}": "something that was found out about the order" for number in range(12)},
}  # fmt: skip


def _id(chance: random.Random) -> str:
    return uuid.UUID(int=chance.getrandbits(128), version=4).hex
