"""Lines on their way to channels that push, in SQL; implements `handover.record_ports_outbox.OutboxRows`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from handover.backends.records_sql import tables as t
from handover.backends.records_sql import tables_of_work as w
from handover.backends.records_sql.querying import Querying
from handover.entries import AuthorKind, ConversationId
from handover.stored import Backlog, DeadLetter, Delivery

b, e = w.outbox, t.entries
_earlier, _later = b.alias("earlier"), b.alias("later")
_LINES = b.join(e, sa.and_(e.c.conversation == b.c.conversation, e.c.offset == b.c.offset))


class SqlOutboxRows:
    def __init__(self, connection: Querying) -> None:
        self._on = connection

    async def add(
        self,
        conversation: ConversationId,
        inbox: str,
        offset: int,
        gate_epoch: int | None,
        at: datetime,
        template: Mapping[str, Any] | None = None,
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
            "sending": False,
            "poison": 0,
            "template": None if template is None else dict(template),
        }
        await self._on.execute(b.insert(), values)

    async def due(self, at: datetime, limit: int, without: Collection[str] = ()) -> Sequence[Delivery]:
        query = (
            sa.select(b)
            .where(b.c.state == "queued", b.c.next_try_at <= at, ~_waits_for_another(), b.c.inbox.not_in(without))
            .order_by(b.c.next_try_at, b.c.id)
            .limit(limit)
        )
        return [_to_delivery(r) for r in await self._on.execute(query)]

    async def claim(self, delivery: int, at: datetime, until: datetime) -> Delivery | None:
        # Moving the next try to the end of the lease is the claim: a crashed worker's row comes due again. The order
        # within the conversation is asked for again here: since `due` was read, an earlier line may have been revived.
        mine = b.update().where(b.c.id == delivery, b.c.state == "queued", b.c.next_try_at <= at, ~_waits_for_another())
        unended = b.c.poison + sa.case((b.c.sending, 1), else_=0)
        claim = mine.values(next_try_at=until, tries=b.c.tries + 1, poison=unended, sending=True).returning(b)
        found = (await self._on.execute(claim)).first()
        return None if found is None else _to_delivery(found)

    async def settle(self, delivery: int, state: str, at: datetime, note: str | None = None) -> None:
        values = {"state": state, "settled_at": at, "note": _cut(note), "sending": False}
        await self._on.execute(b.update().where(b.c.id == delivery, b.c.state == "queued"), values)

    async def retry(self, delivery: int, at: datetime, note: str, *, unended: bool = False) -> None:
        values = {"next_try_at": at, "note": _cut(note), "sending": unended}
        await self._on.execute(b.update().where(b.c.id == delivery, b.c.state == "queued"), values)

    async def dead(self, *, before: int | None, limit: int) -> list[DeadLetter]:
        overtaken = (
            sa.exists()
            .where(_later.c.conversation == b.c.conversation, _later.c.offset > b.c.offset, _later.c.state == "sent")
            .label("overtaken")
        )
        query = sa.select(b, e.c.author_kind, e.c.text, overtaken).select_from(_LINES).where(b.c.state == "failed")
        if before is not None:
            query = query.where(b.c.id < before)
        return [_to_dead(r) for r in await self._on.execute(query.order_by(b.c.id.desc()).limit(limit))]

    async def revive(self, delivery: int, by: str, at: datetime) -> ConversationId | None:
        # The number of tries only grows: it is how a claim tells whose it is.
        again = {"state": "queued", "settled_at": None, "poison": 0, "sending": False, "next_try_at": at}
        return await self._of_the_dead(delivery, again | {"retried_by": by, "retried_at": at})

    async def arrived(self, delivery: int, by: str | None, at: datetime) -> ConversationId | None:
        decided = {} if by is None else {"retried_by": by, "retried_at": at}
        return await self._of_the_dead(delivery, {"state": "sent", **decided})

    async def undone(self, delivery: int, at: datetime, note: str) -> None:
        values = {"state": "failed", "settled_at": at, "note": _cut(note)}
        await self._on.execute(b.update().where(b.c.id == delivery, b.c.state == "sent"), values)

    async def drop(self, delivery: int, by: str, at: datetime) -> ConversationId | None:
        return await self._of_the_dead(delivery, {"state": "withdrawn", "retried_by": by, "retried_at": at})

    async def _of_the_dead(self, delivery: int, values: dict[str, Any]) -> ConversationId | None:
        dead = b.update().where(b.c.id == delivery, b.c.state == "failed")
        found = (await self._on.execute(dead.values(**values).returning(b.c.conversation))).first()
        return None if found is None else ConversationId(found.conversation)

    async def backlog(self) -> Backlog:
        waiting = sa.select(sa.func.count(b.c.id), sa.func.min(b.c.queued_at)).where(b.c.state == "queued")
        queued, oldest = (await self._on.execute(waiting)).one()
        dead = await self._on.execute(sa.select(sa.func.count(b.c.id)).where(b.c.state == "failed"))
        return Backlog(int(queued), oldest, int(dead.scalar_one()))


def _waits_for_another() -> sa.Exists:
    """An earlier line of the same conversation is still to be sent."""
    return sa.exists().where(
        _earlier.c.conversation == b.c.conversation, _earlier.c.offset < b.c.offset, _earlier.c.state == "queued"
    )


def _cut(note: str | None) -> str | None:
    return None if note is None else note[:500]


def _to_delivery(r: Any) -> Delivery:
    return Delivery(r.id, r.conversation, r.inbox, r.offset, r.gate_epoch, r.tries, r.poison, r.template)


def _to_dead(r: Any) -> DeadLetter:
    return DeadLetter(
        delivery=_to_delivery(r),
        author=AuthorKind(r.author_kind),
        text=r.text,
        note=r.note,
        queued_at=r.queued_at,
        settled_at=r.settled_at,
        overtaken=bool(r.overtaken),
        retried_by=r.retried_by,
        retried_at=r.retried_at,
        unknown=r.delivery == "unknown",
        todo=r.delivery_todo,
    )
