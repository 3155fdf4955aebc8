"""Bugs that can be switched on in a service under test, each taking away one guard: proof that the checker sees it.

They are put around the queries of a transaction, as `tests.chaos.crash_points` are: the product has no such switch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa

from handover.agents import Agent
from handover.backends.records_sql import tables as t
from handover.backends.records_sql import tables_of_work as w
from handover.backends.records_sql.transaction import SqlTransaction
from handover.entries import AgentId, ConversationId, Entry, TurnId
from handover.stored import Turn, TurnState
from tests.chaos.wrapped import Wrapped

Tamper = Callable[[SqlTransaction], None]


class _NoEpochCheck(Wrapped):
    """Turns are not fenced when control moves on, and the epoch they began under is always today's."""

    async def fence(self, conversation: ConversationId) -> None:
        return None

    async def get(self, turn: TurnId) -> Turn | None:
        found: Turn | None = await self._inner.get(turn)
        if found is None:
            return None
        now = (await self._tx.conversations.get(found.conversation)).conversation
        return replace(found, epoch=now.epoch)


class _NoLease(Wrapped):
    """A turn is begun without anybody else seeing that it is under way."""

    async def insert(self, turn: Turn) -> None:
        await self._inner.insert(replace(turn, state=TurnState.SUPERSEDED))

    async def get(self, turn: TurnId) -> Turn | None:
        found: Turn | None = await self._inner.get(turn)
        live = found is not None and found.state is TurnState.SUPERSEDED
        return replace(found, state=TurnState.LIVE) if found is not None and live else found

    async def end(self, turn: TurnId, state: TurnState, entry_offset: int | None = None) -> None:
        update = w.turns.update().where(w.turns.c.id == turn)
        await self._tx.connection.execute(update.values(state=str(state), entry_offset=entry_offset))


class _EverybodyWaits(Wrapped):
    """Without leases a watchdog sees everything that has no answer yet as forgotten."""

    async def unanswered(self, older_than: datetime) -> list[ConversationId]:
        c = t.conversations.c
        query = sa.select(c.id).where(c.control == "bot", c.last_customer_offset > c.answered)
        return [ConversationId(row.id) for row in await self._tx.connection.execute(query)]


class _NoUniqueKey(Wrapped):
    """A client_id that is in the record already is no reason to refuse the same words again."""

    async def insert(self, entry: Entry, *, inbox: str, provider_message_id: str | None = None) -> None:
        if entry.client_id is not None and await self._inner.by_client_id(entry.conversation, entry.client_id):
            entry = replace(entry, client_id=None)
        await self._inner.insert(entry, inbox=inbox, provider_message_id=provider_message_id)


class _LosesLines(Wrapped):
    """Who comes back is told from one line too late on."""

    async def after(self, conversation: ConversationId, offset: int, limit: int) -> list[Entry]:
        found: list[Entry] = await self._inner.after(conversation, offset, limit)
        return found if len(found) < 2 else [replace(e, text="something else") for e in found[:1]] + found[1:]


class _NoRoomCheck(Wrapped):
    """Nobody counts what an agent has already."""

    async def reserve(self, agent: AgentId) -> tuple[Agent, int]:
        found, _ = await self._inner.reserve(agent)
        return found, 0


def _no_epoch_check(tx: SqlTransaction) -> None:
    tx.turns = _NoEpochCheck(tx.turns, tx)


def _lease_ignored(tx: SqlTransaction) -> None:
    tx.turns = _NoLease(tx.turns, tx)
    tx.conversations = _EverybodyWaits(tx.conversations, tx)


def _unique_key_dropped(tx: SqlTransaction) -> None:
    tx.entries = _NoUniqueKey(tx.entries, tx)


def _resume_garbled(tx: SqlTransaction) -> None:
    tx.entries = _LosesLines(tx.entries, tx)


def _capacity_ignored(tx: SqlTransaction) -> None:
    tx.people = _NoRoomCheck(tx.people, tx)


BUGS: dict[str, Tamper] = {
    "no_epoch_check": _no_epoch_check,
    "lease_ignored": _lease_ignored,
    "unique_key_dropped": _unique_key_dropped,
    "resume_garbled": _resume_garbled,
    "capacity_ignored": _capacity_ignored,
}


def tamper(bug: str | None) -> Tamper:
    """What ``bug`` does to every transaction; nothing without one. Raises KeyError for a bug nobody knows."""
    return BUGS[bug] if bug else lambda _: None
