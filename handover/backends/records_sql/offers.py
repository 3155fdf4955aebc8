"""Offers, whom they ring at and who was tried, in SQL; implements `handover.record_ports.Offers`."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from operator import attrgetter
from typing import Any

import sqlalchemy as sa

from handover.backends.records_sql import tables as t
from handover.backends.records_sql import tables_of_work as w
from handover.backends.records_sql.querying import Querying
from handover.entries import AgentId, ConversationId
from handover.evidence import Reason
from handover.stored import Offer
from handover.wanted import How, Queue, Stage, Tried, Wanted

o = w.offers
_ROWS = sa.select(o, t.conversations.c.feed).join(t.conversations, t.conversations.c.id == o.c.conversation)
_OPEN = o.c.closed_at.is_(None)
# As the index says it, word for word: of a long queue only few ring.
_RINGS = sa.cast(o.c.ringing, sa.Text) != sa.literal_column("'[]'")
_ORDER = (o.c.deadline, o.c.made_at, o.c.id)
_IN_ORDER = attrgetter("deadline", "made_at", "id")
# Packets are large, and a pass of the matcher reads every open offer: it does without them.
_WANTED = sa.select(*(column for column in o.c if column.name != "packet")).where(_OPEN).order_by(*_ORDER)
_THESE = _WANTED.where(o.c.id.in_(sa.bindparam("ids", expanding=True)))
# All that tells whether an offer is still what it was, from an index, and as one text: 5,000 rows would cost ten times
# what the database itself does for them.
_VERSIONS = sa.select(sa.func.aggregate_strings(o.c.id + " " + sa.cast(o.c.version, sa.Text), ",")).where(_OPEN)
_STIRRED = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(o.c.version), 0)).where(_OPEN)
# More than so many new ones are quicker read with all the others.
_MOST_NAMED = 500


class SqlOffers:
    def __init__(self, connection: Querying) -> None:
        self._on = connection

    async def open(self, conversation: ConversationId, *, lock: bool = False) -> Offer | None:
        query = _ROWS.where(o.c.conversation == conversation, _OPEN)
        return await self._first(query.with_for_update(of=o) if lock else query)

    async def latest(self, conversation: ConversationId) -> Offer | None:
        return await self._first(_ROWS.where(o.c.conversation == conversation).order_by(o.c.epoch.desc()).limit(1))

    async def all_open(self) -> list[Offer]:
        return [_to_offer(r) for r in await self._on.execute(_ROWS.where(_OPEN).order_by(*_ORDER))]

    async def ringing_at(self, agent: AgentId) -> list[Offer]:
        # A list of ids is a short text in every database; an id between its quotes is found in it.
        named = sa.cast(o.c.ringing, sa.Text).contains(f'"{agent}"', autoescape=True)
        ringing = _ROWS.where(_OPEN, _RINGS, named).order_by(*_ORDER)
        return [_to_offer(r) for r in await self._on.execute(ringing)]

    async def these(self, offers: Collection[str]) -> list[Offer]:
        return [_to_offer(r) for r in await self._on.execute(_ROWS.where(o.c.id.in_(offers), _OPEN).order_by(*_ORDER))]

    async def waiting(self) -> list[Wanted]:
        return [Wanted(**_wanted(r)) for r in await self._on.execute(_WANTED)]

    async def queue(self, known: Queue) -> Queue:
        read = str((await self._on.execute(_VERSIONS)).scalar_one() or "")
        if read == known.read:
            return known
        now = set(read.split(",")) - {""}
        new = [one.partition(" ")[0] for one in now - known.by_version.keys()]
        if not known.by_version or len(new) > _MOST_NAMED:
            return Queue({_version(offer): offer for offer in await self.waiting()}, read)
        found = dict(known.by_version)
        for gone in known.by_version.keys() - now:
            del found[gone]
        if new:
            fresh = [Wanted(**_wanted(r)) for r in await self._on.execute(_THESE, {"ids": new})]
            found = {_version(offer): offer for offer in sorted([*found.values(), *fresh], key=_IN_ORDER)}
        return Queue(found, read)

    async def stirred(self) -> tuple[int, int]:
        found = (await self._on.execute(_STIRRED)).one()
        return int(found[0]), int(found[1])

    async def due(self, at: datetime, limit: int) -> list[ConversationId]:
        late = sa.and_(o.c.deadline <= at, o.c.stage < int(Stage.LEADS))
        over = sa.select(o.c.conversation).where(_OPEN, o.c.resting.is_(False), sa.or_(o.c.expires_at <= at, late))
        return [r.conversation for r in await self._on.execute(over.order_by(o.c.expires_at, o.c.id).limit(limit))]

    async def _first(self, query: Any) -> Offer | None:
        found = (await self._on.execute(query)).first()
        return None if found is None else _to_offer(found)

    async def insert(self, offer: Offer) -> None:
        values = {
            "id": offer.id,
            "conversation": offer.conversation,
            "epoch": offer.epoch,
            "reason": str(offer.reason),
            "packet": offer.packet,
            "made_at": offer.made_at,
            "deadline": offer.deadline,
            "weight": offer.weight,
            "needs": sorted(offer.needs),
            "language": offer.language,
            "team": offer.team,
            "version": offer.version,
        }
        await self._on.execute(o.insert(), values | _how_far(offer))

    async def move(self, offer: Wanted) -> bool:
        still = sa.update(o).where(o.c.id == offer.id, o.c.version == offer.version, _OPEN)
        moved = still.values(version=offer.version + 1, **_how_far(offer)).returning(o.c.id)
        return (await self._on.execute(moved)).first() is not None

    async def close(self, conversation: ConversationId, at: datetime, taken_by: AgentId | None) -> None:
        still = o.update().where(o.c.conversation == conversation, _OPEN)
        await self._on.execute(still, {"closed_at": at, "taken_by": taken_by})

    async def declined(self, offer: str, agent: AgentId, reason: str | None, at: datetime) -> None:
        d = w.declines
        known = sa.select(d.c.at).where(d.c.offer == offer, d.c.agent == agent)
        if (await self._on.execute(known)).first() is None:
            await self._on.execute(d.insert(), {"offer": offer, "agent": agent, "reason": reason, "at": at})

    async def set_packet(self, offer: str, packet: dict[str, Any]) -> None:
        await self._on.execute(o.update().where(o.c.id == offer), {"packet": packet})

    async def position(self, conversation: ConversationId) -> int | None:
        mine = sa.select(*_ORDER).where(o.c.conversation == conversation, _OPEN)
        found = (await self._on.execute(mine)).first()
        if found is None:
            return None
        ahead = sa.tuple_(*_ORDER) < sa.tuple_(
            sa.literal(found.deadline, t.Moment()), sa.literal(found.made_at, t.Moment()), found.id
        )
        return int((await self._on.execute(sa.select(sa.func.count()).where(_OPEN, ahead))).scalar_one()) + 1


def _how_far(offer: Wanted) -> dict[str, Any]:
    """What changes of an offer while it is open."""
    return {
        "expires_at": offer.expires_at,
        "round": offer.round,
        "stage": int(offer.stage),
        "to_agent": offer.to,
        "ringing": list(offer.ringing),
        "past": [[tried.agent, str(tried.how), tried.at.isoformat()] for tried in offer.past],
        "lap_at": offer.lap_at,
        "resting": offer.resting,
        "told_long": offer.told_long,
        "told_nobody": offer.told_nobody,
    }


def _version(offer: Wanted) -> str:
    """As `_VERSIONS` has it."""
    return f"{offer.id} {offer.version}"


def _wanted(r: Any) -> dict[str, Any]:
    return {
        "id": r.id,
        "conversation": r.conversation,
        "epoch": r.epoch,
        "made_at": r.made_at,
        "expires_at": r.expires_at,
        "deadline": r.deadline,
        "weight": r.weight,
        "needs": frozenset(r.needs),
        "language": r.language,
        "team": r.team,
        "to": r.to_agent,
        "round": r.round,
        "stage": Stage(r.stage),
        "ringing": tuple(r.ringing),
        "past": tuple(Tried(AgentId(who), How(how), datetime.fromisoformat(at)) for who, how, at in r.past),
        "lap_at": r.lap_at,
        "resting": r.resting,
        "told_long": r.told_long,
        "told_nobody": r.told_nobody,
        "version": r.version,
    }


def _to_offer(r: Any) -> Offer:
    return Offer(**_wanted(r), reason=Reason(r.reason), packet=r.packet, feed=r.feed)
