"""Lines on their way to channels that push, in SQL; implements `handover.record_ports.OutboxRows`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from handover.backends.records_sql import tables_of_work as w
from handover.backends.records_sql.unbroken import UnbrokenConnection
from handover.entries import ConversationId
from handover.stored import Delivery

b = w.outbox
_earlier = b.alias("earlier")


class SqlOutboxRows:
    def __init__(self, connection: UnbrokenConnection) -> None:
        self._on = connection

    async def add(
        self, conversation: ConversationId, inbox: str, offset: int, gate_epoch: int | None, at: datetime
    ) -> None:
        values = {
            "conversation": conversation,
            "inbox": inbox,
            "offset": offset,
            "gate_epoch": gate_epoch,
            "state": "queued",
            "tries": 0,
            "next_try_at": at,
            "queued_at": at,
        }
        await self._on.execute(b.insert(), values)

    async def due(self, at: datetime, limit: int) -> Sequence[Delivery]:
        before_it = sa.exists().where(
            _earlier.c.conversation == b.c.conversation, _earlier.c.offset < b.c.offset, _earlier.c.state == "queued"
        )
        query = (
            sa.select(b)
            .where(b.c.state == "queued", b.c.next_try_at <= at, ~before_it)
            .order_by(b.c.next_try_at, b.c.id)
            .limit(limit)
        )
        return [
            Delivery(r.id, r.conversation, r.inbox, r.offset, r.gate_epoch, r.tries)
            for r in await self._on.execute(query)
        ]

    async def claim(self, delivery: int, at: datetime, until: datetime) -> bool:
        # Moving the next try to the end of the lease is the claim: a crashed worker's row comes due again.
        mine = b.update().where(b.c.id == delivery, b.c.state == "queued", b.c.next_try_at <= at)
        claimed = await self._on.execute(mine.values(next_try_at=until, tries=b.c.tries + 1))
        return claimed.rowcount == 1

    async def settle(self, delivery: int, state: str, at: datetime, note: str | None = None) -> None:
        values = {"state": state, "settled_at": at, "note": None if note is None else note[:500]}
        await self._on.execute(b.update().where(b.c.id == delivery, b.c.state == "queued"), values)

    async def retry(self, delivery: int, at: datetime, note: str) -> None:
        values = {"next_try_at": at, "note": note[:500]}
        await self._on.execute(b.update().where(b.c.id == delivery, b.c.state == "queued"), values)
