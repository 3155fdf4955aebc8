"""Parts of lines on their way to channels, in SQL; implements `handover.record_ports_outbox.OutboxParts`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from handover.backends.records_sql import tables_of_work as w
from handover.backends.records_sql.querying import Querying
from handover.backends.records_sql.tables_of_parts import outbox_parts as p
from handover.entries import ConversationId
from handover.errors import NotFound
from handover.outbox_lines import LineRow, PartRow, PartState
from handover.outcomes import DeliveryState
from handover.stored import Delivery

b = w.outbox
_NOTE = 500
_PARTS = sa.select(p, b.c.conversation).select_from(p.join(b, b.c.id == p.c.outbox))
_GONE_OUT = [state.value for state in (PartState.SENDING, PartState.UNKNOWN, PartState.SENT, PartState.DELIVERED)]


class SqlOutboxParts:
    def __init__(self, connection: Querying) -> None:
        self._on = connection

    async def of(self, outbox: int) -> list[PartRow]:
        query = _PARTS.where(p.c.outbox == outbox).order_by(p.c.number)
        return [_part(row) for row in await self._on.execute(query)]

    async def add(self, delivery: Delivery, person: str, texts: Sequence[str]) -> list[PartRow]:
        there = await self.of(delivery.id)
        if there:
            return there
        rows = [
            {
                "outbox": delivery.id,
                "number": number,
                "inbox": delivery.inbox,
                "key": f"{delivery.key}:{number}",
                "person": person,
                "text": text,
                "state": PartState.QUEUED.value,
                "tries": 0,
                "doubt": False,
                "note": "",
                "todo": "",
            }
            for number, text in enumerate(texts)
        ]
        await self._on.execute(p.insert(), rows)
        return await self.of(delivery.id)

    async def put(self, part: PartRow) -> None:
        provider_id = part.provider_id
        if provider_id is not None:
            known = await self.by_provider_id(part.inbox, provider_id)
            if known is not None and (known.outbox, known.number) != (part.outbox, part.number):
                provider_id = None
        values = {
            "state": part.state.value,
            "tries": part.tries,
            "first_at": part.first_at,
            "began_at": part.began_at,
            "provider_id": provider_id,
            "doubt": part.doubt,
            "note": part.note[:_NOTE],
            "todo": part.todo[:_NOTE],
        }
        await self._on.execute(p.update().where(p.c.outbox == part.outbox, p.c.number == part.number), values)

    async def again(self, outbox: int) -> None:
        lost = p.c.state.in_([PartState.SENDING.value, PartState.UNKNOWN.value, PartState.FAILED.value])
        fresh = {
            "state": PartState.QUEUED.value,
            "tries": 0,
            "first_at": None,
            "began_at": None,
            "note": "",
            "todo": "",
        }
        await self._on.execute(p.update().where(p.c.outbox == outbox, lost), fresh)

    async def hold(self, delivery: Delivery, until: datetime) -> bool:
        # Each claim counts a try, so the number of tries says whose claim it is.
        ours = b.update().where(b.c.id == delivery.id, b.c.state == "queued", b.c.tries == delivery.tries)
        found = await self._on.execute(ours.values(next_try_at=until).returning(b.c.id))
        return found.first() is not None

    async def by_provider_id(self, inbox: str, provider_id: str) -> PartRow | None:
        return await self._one(_PARTS.where(p.c.inbox == inbox, p.c.provider_id == provider_id))

    async def by_key(self, inbox: str, key: str) -> PartRow | None:
        return await self._one(_PARTS.where(p.c.inbox == inbox, p.c.key == key))

    async def _one(self, query: sa.Select[Any]) -> PartRow | None:
        found = (await self._on.execute(query)).first()
        return None if found is None else _part(found)

    async def to_person(self, inbox: str, person: str, *, until: datetime, limit: int = 200) -> list[PartRow]:
        query = (
            _PARTS.where(p.c.inbox == inbox, p.c.person == person, p.c.began_at <= until, p.c.state.in_(_GONE_OUT))
            .order_by(p.c.began_at.desc(), p.c.number.desc())
            .limit(limit)
        )
        return [_part(row) for row in await self._on.execute(query)]

    async def line(self, outbox: int) -> LineRow:
        found = (await self._on.execute(sa.select(b).where(b.c.id == outbox))).first()
        if found is None:
            raise NotFound("There is no such line.")
        return _line(found)

    async def came(self, outbox: int, state: DeliveryState, note: str, todo: str) -> None:
        values = {"delivery": state.value, "delivery_note": note[:_NOTE], "delivery_todo": todo[:_NOTE], "untold": True}
        await self._on.execute(b.update().where(b.c.id == outbox), values)

    async def untold(self, limit: int) -> list[LineRow]:
        query = sa.select(b).where(b.c.untold).order_by(b.c.id).limit(limit)
        return [_line(row) for row in await self._on.execute(query)]

    async def told(self, line: LineRow) -> None:
        same = (b.c.delivery == line.delivery.value, b.c.delivery_note == line.note)
        await self._on.execute(b.update().where(b.c.id == line.id, *same), {"untold": False})


def _part(r: Any) -> PartRow:
    return PartRow(
        outbox=r.outbox,
        conversation=ConversationId(r.conversation),
        inbox=r.inbox,
        number=r.number,
        key=r.key,
        person=r.person,
        text=r.text,
        state=PartState(r.state),
        tries=r.tries,
        first_at=r.first_at,
        began_at=r.began_at,
        provider_id=r.provider_id,
        doubt=r.doubt,
        note=r.note,
        todo=r.todo,
    )


def _line(r: Any) -> LineRow:
    return LineRow(
        id=r.id,
        conversation=ConversationId(r.conversation),
        offset=r.offset,
        state=r.state,
        delivery=DeliveryState(r.delivery),
        note=r.delivery_note,
        todo=r.delivery_todo,
    )
