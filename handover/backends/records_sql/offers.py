"""Offers, their leases and who declined, in SQL; implements `handover.record_ports.Offers`."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from handover.backends.records_sql import tables as t
from handover.backends.records_sql import tables_of_work as w
from handover.backends.records_sql.unbroken import UnbrokenConnection
from handover.entries import AgentId, ConversationId
from handover.evidence import Reason
from handover.stored import Offer

o = w.offers
_ROWS = sa.select(o, t.conversations.c.feed).join(t.conversations, t.conversations.c.id == o.c.conversation)


class SqlOffers:
    def __init__(self, connection: UnbrokenConnection) -> None:
        self._on = connection

    async def open(self, conversation: ConversationId) -> Offer | None:
        return await self._first(_ROWS.where(o.c.conversation == conversation, o.c.closed_at.is_(None)))

    async def latest(self, conversation: ConversationId) -> Offer | None:
        return await self._first(_ROWS.where(o.c.conversation == conversation).order_by(o.c.epoch.desc()).limit(1))

    async def all_open(self) -> list[Offer]:
        found = await self._on.execute(_ROWS.where(o.c.closed_at.is_(None)).order_by(o.c.made_at, o.c.id))
        return await self._with_declines(list(found))

    async def _first(self, query: Any) -> Offer | None:
        found = (await self._on.execute(query)).first()
        return None if found is None else (await self._with_declines([found]))[0]

    async def _with_declines(self, rows: list[Any]) -> list[Offer]:
        if not rows:
            return []
        d = w.declines
        declined: defaultdict[str, set[AgentId]] = defaultdict(set)
        query = sa.select(d.c.offer, d.c.agent).where(d.c.offer.in_([r.id for r in rows]))
        for r in await self._on.execute(query):
            declined[r.offer].add(r.agent)
        return [_to_offer(r, frozenset(declined[r.id])) for r in rows]

    async def insert(self, offer: Offer) -> None:
        values = {
            "id": offer.id,
            "conversation": offer.conversation,
            "epoch": offer.epoch,
            "reason": str(offer.reason),
            "packet": offer.packet,
            "made_at": offer.made_at,
            "expires_at": offer.expires_at,
            "round": offer.round,
            "to_agent": offer.to,
            "told_long": offer.told_long,
        }
        await self._on.execute(o.insert(), values)

    async def renew(self, offer: Offer) -> None:
        values = {
            "expires_at": offer.expires_at,
            "round": offer.round,
            "to_agent": offer.to,
            "told_long": offer.told_long,
        }
        await self._on.execute(o.update().where(o.c.id == offer.id), values)

    async def close(self, conversation: ConversationId, at: datetime, taken_by: AgentId | None) -> None:
        still = o.update().where(o.c.conversation == conversation, o.c.closed_at.is_(None))
        await self._on.execute(still, {"closed_at": at, "taken_by": taken_by})

    async def decline(self, offer: str, agent: AgentId, reason: str | None, at: datetime) -> None:
        d = w.declines
        known = sa.select(d.c.at).where(d.c.offer == offer, d.c.agent == agent)
        if (await self._on.execute(known)).first() is None:
            await self._on.execute(d.insert(), {"offer": offer, "agent": agent, "reason": reason, "at": at})

    async def set_packet(self, offer: str, packet: dict[str, Any]) -> None:
        await self._on.execute(o.update().where(o.c.id == offer), {"packet": packet})

    async def position(self, conversation: ConversationId) -> int | None:
        mine = sa.select(o.c.made_at).where(o.c.conversation == conversation, o.c.closed_at.is_(None))
        made_at = (await self._on.execute(mine)).scalar()
        if made_at is None:
            return None
        ahead = sa.select(sa.func.count()).where(o.c.closed_at.is_(None), o.c.made_at < made_at)
        return int((await self._on.execute(ahead)).scalar_one()) + 1


def _to_offer(r: Any, declined: frozenset[AgentId]) -> Offer:
    return Offer(
        id=r.id,
        conversation=r.conversation,
        epoch=r.epoch,
        reason=Reason(r.reason),
        packet=r.packet,
        made_at=r.made_at,
        expires_at=r.expires_at,
        round=r.round,
        to=r.to_agent,
        told_long=r.told_long,
        declined=declined,
        feed=r.feed,
    )
