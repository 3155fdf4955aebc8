"""Waits for a person, what was predicted and how they ended, in SQL; implements `handover.record_ports.Waits`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from handover.backends.records_sql import tables as t
from handover.backends.records_sql import tables_of_work as w
from handover.backends.records_sql.querying import Querying
from handover.backends.records_sql.tables import Id, Moment, metadata, read_moment
from handover.entries import AgentId, ConversationId
from handover.waits import InLine, Wait, WaitEnd, WaitRange

waits = sa.Table(
    "waits",
    metadata,
    sa.Column("conversation", Id, sa.ForeignKey("conversations.id"), primary_key=True),
    sa.Column("epoch", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("made_at", Moment, nullable=False),
    sa.Column("place", sa.Integer),
    sa.Column("free", sa.Integer, nullable=False),
    sa.Column("predicted_low", sa.Integer),
    sa.Column("predicted_high", sa.Integer),
    sa.Column("opens_at", Moment),
    sa.Column("ended_at", Moment),
    sa.Column("how", sa.String(16)),
    sa.Column("released_at", Moment),
    sa.CheckConstraint(f"how IN ({', '.join(repr(str(how)) for how in WaitEnd)})", name="how"),
    sa.CheckConstraint("(ended_at IS NULL) = (how IS NULL)", name="ended"),
    sa.CheckConstraint("(predicted_low IS NULL) = (predicted_high IS NULL)", name="predicted"),
    sa.Index("ix_waits_made_at", "made_at"),
    sa.Index("ix_waits_ended_at", "ended_at"),
    sa.Index("ix_waits_released_at", "released_at"),
)

_ROWS = sa.select(waits)
_ENDED = _ROWS.where(waits.c.ended_at.is_not(None)).order_by(waits.c.ended_at.desc())
_RELEASED = _ROWS.where(waits.c.released_at.is_not(None)).order_by(waits.c.released_at.desc())
_c, _s = t.conversations, t.stretches
# Since when each conversation that a person has is theirs: its present stretch. No join: SQLite would read all
# stretches there ever were and look up the conversation of each; and an index only for what is compared.
_BEGAN = sa.select(_s.c.began_at).where(_s.c.conversation == _c.c.id, _s.c.epoch == _c.c.epoch).scalar_subquery()
# As one text: thousands are held at a large desk, and it is asked whenever the line moves.
_HELD = sa.select(sa.func.aggregate_strings(_c.c.agent + "=" + sa.cast(_BEGAN, sa.Text), ",")).where(_c.c.agent > "")
# The queue, in the order of `handover.backends.records_sql.offers`.
_LINE = (
    sa.select(_c.c.id, _c.c.epoch, _c.c.waiting_since, _c.c.feed)
    .join(w.offers, w.offers.c.conversation == _c.c.id)
    .where(w.offers.c.closed_at.is_(None), _c.c.waiting_since.is_not(None))
    .order_by(w.offers.c.deadline, w.offers.c.made_at, w.offers.c.id)
)


class SqlWaits:
    def __init__(self, connection: Querying) -> None:
        self._on = connection

    async def begin(self, wait: Wait) -> None:
        values = {
            "conversation": wait.conversation,
            "epoch": wait.epoch,
            "made_at": wait.made_at,
            "place": wait.place,
            "free": wait.free,
            "predicted_low": None if wait.predicted is None else wait.predicted.low,
            "predicted_high": None if wait.predicted is None else wait.predicted.high,
            "opens_at": wait.opens_at,
        }
        await self._on.execute(waits.insert(), values)

    async def end(self, conversation: ConversationId, epoch: int, at: datetime, how: WaitEnd) -> None:
        ending = waits.update().where(_of(conversation, epoch), waits.c.ended_at.is_(None))
        await self._on.execute(ending, {"ended_at": at, "how": str(how)})

    async def release(self, conversation: ConversationId, epoch: int, at: datetime) -> None:
        await self._on.execute(waits.update().where(_of(conversation, epoch)), {"released_at": at})

    async def ended(self, limit: int) -> list[Wait]:
        return await self._waits(_ENDED.limit(limit))

    async def released(self, limit: int) -> list[Wait]:
        return await self._waits(_RELEASED.limit(limit))

    async def since(self, at: datetime, limit: int) -> list[Wait]:
        return await self._waits(_ROWS.where(waits.c.made_at >= at).order_by(waits.c.made_at.desc()).limit(limit))

    async def _waits(self, query: Any) -> list[Wait]:
        return [_to_wait(r) for r in await self._on.execute(query)]

    async def held_since(self) -> Sequence[tuple[AgentId, datetime]]:
        found = str((await self._on.execute(_HELD)).scalar_one() or "")
        held = (one.rpartition("=") for one in found.split(",") if one)
        return [(AgentId(agent), read_moment(at)) for agent, _, at in held]

    async def in_line(self, limit: int) -> list[InLine]:
        found = await self._on.execute(_LINE.limit(limit))
        return [InLine(ConversationId(r.id), r.epoch, r.waiting_since, r.feed) for r in found]


def _of(conversation: ConversationId, epoch: int) -> Any:
    return sa.and_(waits.c.conversation == conversation, waits.c.epoch == epoch)


def _to_wait(r: Any) -> Wait:
    return Wait(
        conversation=ConversationId(r.conversation),
        epoch=r.epoch,
        made_at=r.made_at,
        place=r.place,
        free=r.free,
        predicted=None if r.predicted_low is None else WaitRange(r.predicted_low, r.predicted_high),
        opens_at=r.opens_at,
        ended_at=r.ended_at,
        how=None if r.how is None else WaitEnd(r.how),
        released_at=r.released_at,
    )
