"""A channel that pushes, for the website's own inbox: so that the outbox and its crash points are part of a run.

Put around the queries of a transaction, this queues every line that is not the
customer's own, as `handover.desk_change` does for inboxes that push; a worker beside the service's own sends them to a
journal. The service's own worker has no sender for this inbox, so it is shown nothing that is due.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from pathlib import Path

from handover.backends.records_sql.transaction import SqlTransaction
from handover.entries import AuthorKind, Entry
from handover.outbox_lines import Line, PartRow, Plan
from handover.outcomes import Outcome, SendResult
from handover.stored import ConversationRow, Delivery
from tests.chaos.crash_points import CrashPlan
from tests.chaos.journal import Journal
from tests.chaos.wrapped import Wrapped


class _Entries(Wrapped):
    """Remembers the lines of this transaction."""

    def __init__(self, tx: SqlTransaction) -> None:
        super().__init__(tx.entries, tx)
        self.new: list[Entry] = []

    async def insert(self, entry: Entry, *, inbox: str, provider_message_id: str | None = None) -> None:
        await self._inner.insert(entry, inbox=inbox, provider_message_id=provider_message_id)
        self.new.append(entry)


class _Conversations(Wrapped):
    """Queues them when the conversation is saved: a bot's line may go while the control it led to still stands."""

    def __init__(self, tx: SqlTransaction, entries: _Entries) -> None:
        super().__init__(tx.conversations, tx)
        self._entries = entries

    async def save_last(self, row: ConversationRow, saved: Callable[[int], None]) -> None:
        now = row.conversation
        for entry in self._entries.new:
            if entry.author.kind is not AuthorKind.CUSTOMER:
                gate = now.epoch if entry.author.kind is AuthorKind.BOT else None
                await self._tx.outbox.add(now.id, now.inbox, entry.offset, gate, entry.at)
        self._entries.new.clear()
        await self._inner.save_last(row, saved)


class _NothingDue(Wrapped):
    async def due(self, at: datetime, limit: int, without: Collection[str] = ()) -> Sequence[Delivery]:
        return []


def pushes(tx: SqlTransaction) -> None:
    """Lines of this transaction are queued for the channel; the service's own worker sees none of them."""
    entries = _Entries(tx)
    tx.entries, tx.conversations = entries, _Conversations(tx, entries)
    tx.outbox = _NothingDue(tx.outbox, tx)


class PushingChannel:
    """Takes lines into a journal; is slow at times, fails at times, and has a crash point on each side of taking.

    The same key twice is one message to it, so nothing is ever left in doubt.
    """

    idempotent = True

    def __init__(self, file: Path, plan: CrashPlan, rng: random.Random) -> None:
        self._journal = Journal(file)
        self._plan = plan
        self._rng = rng

    async def plan(self, line: Line) -> Plan:
        return Plan(str(line.row.customer.id), (line.entry.text,))

    async def pace(self, line: Line, plan: Plan) -> float:
        return 0.0

    async def stop(self, inbox: str, why: str) -> None:
        raise AssertionError(f"{inbox}: {why}")

    async def send(self, line: Line, plan: Plan, part: PartRow, last: bool) -> SendResult:
        entry, key = line.entry, line.delivery.key
        self._plan.passes("before_send")
        await asyncio.sleep(self._rng.random() * 0.02)
        if self._rng.random() < 0.05:
            return SendResult(Outcome.RETRY, note="The provider is busy.")
        self._journal.note(
            "channel", "delivered", conversation=entry.conversation, offset=entry.offset, key=key,
            author=entry.author.kind.value, epoch=entry.epoch, text=entry.text,
        )  # fmt: skip
        self._journal.flush()
        self._plan.passes("between_send_and_settle")
        return SendResult(Outcome.SENT, key)
