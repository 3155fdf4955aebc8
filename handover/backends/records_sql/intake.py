"""The way in, in SQL; implements `handover.record_ports_intake.Intake`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from handover.backends.records_sql import tables_of_intake as t
from handover.backends.records_sql.querying import Querying
from handover.entries import CustomerId
from handover.record_ports_intake import NO_TARGET, Arrival, Heard, Identity, KeptAside

a, e, i = t.arrivals, t.channel_events, t.identities
_NOTE = 500
_SHOWN = 4_000  # characters of what was kept aside


class SqlIntake:
    def __init__(self, connection: Querying) -> None:
        self._on = connection

    async def keep(self, arrivals: Sequence[Arrival]) -> None:
        rows = [
            {
                "channel": one.channel,
                "inboxes": list(one.inboxes),
                "named": one.named,
                "headers": one.headers,
                "body": one.body,
                "received_at": one.received_at,
                "state": "queued",
                "due_at": one.received_at,
                "tries": 0,
            }
            for one in arrivals
        ]
        await self._on.execute(a.insert(), rows)

    async def due_arrivals(self, at: datetime, until: datetime, limit: int) -> list[Arrival]:
        due = sa.select(a.c.id).where(a.c.state == "queued", a.c.due_at <= at).order_by(a.c.id).limit(limit)
        if self._on.writers_meet:
            due = due.with_for_update(skip_locked=True)
        claim = a.update().where(a.c.id.in_(due.scalar_subquery())).values(due_at=until, tries=a.c.tries + 1)
        found = await self._on.execute(claim.returning(a))
        return sorted((_arrival(row) for row in found), key=lambda arrival: arrival.id)

    async def read(self, arrivals: Collection[int], events: Sequence[Heard], due: datetime) -> int:
        people = await self._people(events)
        rows = [
            {
                "inbox": event.inbox,
                "key": event.key,
                "person": people[event.inbox, event.person],
                "kind": event.kind,
                "at": event.at,
                "received_at": event.received_at,
                "data": event.data,
                "state": "queued" if event.note is None else "aside",
                "due_at": due,
                "tries": 0,
                "note": event.note and event.note[:_NOTE],
                "message": event.message,
                "target": event.target,
            }
            for event in sorted(events, key=lambda event: (event.inbox, event.key))  # everybody locks in one order
        ]
        new = await self._on.insert_all_new(e, rows) if rows else 0
        await self._on.execute(a.delete().where(a.c.id.in_(sorted(arrivals))))
        return new

    async def _people(self, events: Sequence[Heard]) -> dict[tuple[str, str], str]:
        """The id under which we know whoever an event is of, by inbox and the id it has; makes who is new."""
        names = {(event.inbox, name) for event in events for name in (event.person, *event.aliases)}
        known = await self._names(names)
        new: dict[tuple[str, str], str] = {}
        for event in events:
            ours = [known.get((event.inbox, name)) for name in (event.person, *event.aliases)]
            main = next((name for name in ours if name is not None), event.person)
            for name in (event.person, *event.aliases):
                if (event.inbox, name) not in known:
                    known[event.inbox, name] = new[event.inbox, name] = main
        if not new:
            return known
        rows = [
            {"inbox": inbox, "external_id": name, "alias_of": None if main == name else main}
            for (inbox, name), main in sorted(new.items())
        ]
        await self._on.insert_all_new(i, rows)
        return known | await self._names(new)  # somebody else may have made them meanwhile

    async def _names(self, names: Collection[tuple[str, str]]) -> dict[tuple[str, str], str]:
        known: dict[tuple[str, str], str] = {}
        for inbox in sorted({inbox for inbox, _ in names}):
            here = sorted(name for of, name in names if of == inbox)
            query = sa.select(i.c.external_id, i.c.alias_of).where(i.c.inbox == inbox, i.c.external_id.in_(here))
            for row in await self._on.execute(query):
                known[inbox, row.external_id] = row.alias_of or row.external_id
        return known

    async def arrival_aside(self, arrival: int, note: str) -> None:
        values = {"state": "aside", "note": note[:_NOTE]}
        await self._on.execute(a.update().where(a.c.id == arrival), values)

    async def claim_people(self, at: datetime, until: datetime, limit: int) -> list[tuple[str, str]]:
        due = (
            sa.select(e.c.inbox, e.c.person, sa.func.min(e.c.due_at).label("since"))
            .join(i, sa.and_(i.c.inbox == e.c.inbox, i.c.external_id == e.c.person))
            .where(e.c.state == "queued", e.c.due_at <= at, sa.or_(i.c.held_until.is_(None), i.c.held_until <= at))
            .group_by(e.c.inbox, e.c.person)
            .order_by(sa.text("since"))
            .limit(limit)
        )
        ours = []
        for inbox, person, _ in (await self._on.execute(due)).all():
            free = sa.or_(i.c.held_until.is_(None), i.c.held_until <= at)
            mine = i.update().where(i.c.inbox == inbox, i.c.external_id == person, free).values(held_until=until)
            if (await self._on.execute(mine.returning(i.c.external_id))).first() is not None:
                ours.append((inbox, person))
        return ours

    async def events_of(self, inbox: str, person: str, limit: int) -> list[Heard]:
        query = (
            sa.select(e)
            .where(e.c.inbox == inbox, e.c.person == person, e.c.state == "queued")
            .order_by(e.c.at, e.c.id)
            .limit(limit)
        )
        return [_heard(row) for row in await self._on.execute(query)]

    async def about(self, inbox: str, message: str) -> list[Heard]:
        query = sa.select(e).where(e.c.inbox == inbox, e.c.target == message).order_by(e.c.at, e.c.id)
        return [_heard(row) for row in await self._on.execute(query)]

    async def rearm(self, inbox: str, message: str, at: datetime) -> None:
        gave_up = sa.and_(e.c.state == "aside", e.c.note == NO_TARGET)
        waits = sa.or_(sa.and_(e.c.state == "queued", e.c.tries > 0), gave_up)
        again = e.update().where(e.c.inbox == inbox, e.c.target == message, waits)
        await self._on.execute(again, {"state": "queued", "due_at": at, "tries": 0, "note": None})

    async def erase(self, inbox: str, messages: Collection[str]) -> None:
        said = sa.or_(e.c.message.in_(sorted(messages)), e.c.target.in_(sorted(messages)))
        await self._on.execute(
            e.update().where(e.c.inbox == inbox, said, e.c.state == "aside", e.c.kind != "delete"), {"data": sa.null()}
        )

    async def backlog(self) -> tuple[int, datetime | None]:
        counts = []
        for table in (a, e):
            waiting = sa.select(sa.func.count(table.c.id), sa.func.min(table.c.received_at))
            counts.append((await self._on.execute(waiting.where(table.c.state == "queued"))).one())
        return sum(int(n) for n, _ in counts), min((since for _, since in counts if since is not None), default=None)

    async def done(self, event: int) -> None:
        await self._on.execute(e.update().where(e.c.id == event), {"state": "done", "data": sa.null(), "note": None})

    async def aside(self, event: int, note: str) -> None:
        await self._on.execute(e.update().where(e.c.id == event), {"state": "aside", "note": note[:_NOTE]})

    async def again(self, event: int, at: datetime, note: str) -> None:
        later = e.update().where(e.c.id == event).values(due_at=at, tries=e.c.tries + 1, note=note[:_NOTE])
        await self._on.execute(later)

    async def release(self, inbox: str, person: str, until: datetime | None = None) -> None:
        await self._on.execute(i.update().where(i.c.inbox == inbox, i.c.external_id == person), {"held_until": until})

    async def release_all(self) -> None:
        await self._on.execute(i.update().where(i.c.held_until.is_not(None)), {"held_until": None})
        await self._on.execute(a.update().where(a.c.state == "queued").values(due_at=a.c.received_at))

    async def identity(self, inbox: str, person: str, *, lock: bool = False) -> Identity | None:
        found = await self._row(inbox, person, lock)
        if found is not None and found.alias_of is not None:
            found = await self._row(inbox, found.alias_of, lock)
        return None if found is None else _identity(found)

    async def _row(self, inbox: str, person: str, lock: bool) -> Any:
        query = sa.select(i).where(i.c.inbox == inbox, i.c.external_id == person)
        if lock and self._on.writers_meet:
            query = query.with_for_update()
        return (await self._on.execute(query)).first()

    async def whose(self, inbox: str, customer: CustomerId) -> Identity | None:
        query = sa.select(i).where(i.c.customer == customer, i.c.inbox == inbox, i.c.alias_of.is_(None))
        found = (await self._on.execute(query.order_by(i.c.external_id).limit(1))).first()
        return None if found is None else _identity(found)

    async def remember(self, identity: Identity) -> None:
        values = {
            "customer": identity.customer,
            "name": identity.name,
            "thread": identity.thread,
            "last_message": identity.last_message,
            "blocked_at": identity.blocked_at,
            "blocked_why": identity.blocked_why,
        }
        where = (i.c.inbox == identity.inbox, i.c.external_id == identity.external_id)
        await self._on.execute(i.update().where(*where), values)

    async def also(self, inbox: str, person: str, alias: str) -> None:
        if alias != person:
            await self._on.insert_new(i, {"inbox": inbox, "external_id": alias, "alias_of": person})

    async def kept_aside(self, *, before: int | None, limit: int) -> list[KeptAside]:
        query = sa.select(e).where(e.c.state == "aside")
        if before is not None:
            query = query.where(e.c.id < before)
        found = await self._on.execute(query.order_by(e.c.id.desc()).limit(limit))
        return [KeptAside(r.id, r.kind, r.inbox, r.note or "", r.received_at, str(r.data)[:_SHOWN]) for r in found]

    async def bodies_aside(self, limit: int) -> list[KeptAside]:
        found = await self._on.execute(sa.select(a).where(a.c.state == "aside").order_by(a.c.id.desc()).limit(limit))
        return [
            KeptAside(r.id, "webhook", r.named or r.channel, r.note or "", r.received_at,
                      r.body[:_SHOWN].decode(errors="replace"))
            for r in found
        ]  # fmt: skip

    async def forget(self, *, keys_before: datetime, aside_before: datetime) -> int:
        old = sa.or_(
            sa.and_(e.c.state == "done", e.c.received_at < keys_before),
            sa.and_(e.c.state == "aside", e.c.received_at < aside_before),
        )
        events = await self._on.execute(e.delete().where(old).execution_options(preserve_rowcount=True))
        bodies = a.delete().where(a.c.state == "aside", a.c.received_at < aside_before)
        return events.rowcount + (await self._on.execute(bodies.execution_options(preserve_rowcount=True))).rowcount


def _arrival(row: Any) -> Arrival:
    return Arrival(
        channel=row.channel,
        inboxes=tuple(row.inboxes),
        named=row.named,
        headers=dict(row.headers),
        body=bytes(row.body),
        received_at=row.received_at,
        id=row.id,
        tries=row.tries,
        note=row.note,
    )


def _heard(row: Any) -> Heard:
    return Heard(
        inbox=row.inbox,
        key=row.key,
        person=row.person,
        kind=row.kind,
        at=row.at,
        received_at=row.received_at,
        data=row.data or {},
        id=row.id,
        tries=row.tries,
        message=row.message,
        target=row.target,
        note=row.note,
        due_at=row.due_at,
    )


def _identity(row: Any) -> Identity:
    return Identity(
        inbox=row.inbox,
        external_id=row.external_id,
        customer=None if row.customer is None else CustomerId(row.customer),
        name=row.name,
        thread=row.thread,
        last_message=row.last_message,
        blocked_at=row.blocked_at,
        blocked_why=row.blocked_why,
    )
