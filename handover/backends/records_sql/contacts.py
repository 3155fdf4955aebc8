"""Contacts in SQL; implements `handover.record_ports_contacts.Contacts`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from handover.backends.records_sql import tables as t
from handover.backends.records_sql.querying import Querying
from handover.backends.records_sql.rows import SELECT_ROWS, to_row
from handover.backends.records_sql.tables_of_contacts import contact_deed_sides, contact_deeds, contact_members
from handover.backends.records_sql.tables_of_intake import identities
from handover.entries import CustomerId
from handover.record_ports_contacts import ContactDeed, Known, KnownAs
from handover.stored import ConversationRow, Customer

# A name for `one_at_a_time`; any number will do.
_CONTACTS = 7_130_013
c, p, i, m, d, s = t.conversations, t.customers, identities, contact_members, contact_deeds, contact_deed_sides


class SqlContacts:
    def __init__(self, connection: Querying) -> None:
        self._on = connection

    async def lock(self) -> None:
        await self._on.one_at_a_time(_CONTACTS)

    async def contact_of(self, customer: CustomerId) -> str | None:
        found = (await self._on.execute(sa.select(m.c.contact).where(m.c.customer == customer))).first()
        return None if found is None else str(found.contact)

    async def members(self, contact: str) -> list[CustomerId]:
        query = sa.select(m.c.customer).where(m.c.contact == contact).order_by(m.c.customer)
        return [CustomerId(r.customer) for r in await self._on.execute(query)]

    async def put(self, contact: str, customers: Collection[CustomerId]) -> None:
        await self.take_out(customers)
        await self._on.execute(m.insert(), [{"customer": one, "contact": contact} for one in customers])

    async def take_out(self, customers: Collection[CustomerId]) -> None:
        await self._on.execute(m.delete().where(m.c.customer.in_(customers)))

    async def keep_deed(self, deed: ContactDeed) -> None:
        values = {"id": deed.id, "deed": deed.deed, "agent": deed.agent, "at": deed.at, "contact": deed.contact}
        await self._on.execute(d.insert(), values)
        sides = [(1, one) for one in deed.one] + [(2, one) for one in deed.others]
        rows = [{"deed": deed.id, "customer": customer, "side": side} for side, customer in sides]
        await self._on.execute(s.insert(), rows)

    async def deeds(self, customers: Collection[CustomerId], limit: int) -> list[ContactDeed]:
        theirs = sa.select(s.c.deed).where(s.c.customer.in_(customers))
        newest = sa.select(d).where(d.c.id.in_(theirs)).order_by(d.c.at.desc(), d.c.id).limit(limit)
        found = (await self._on.execute(newest)).all()
        query = sa.select(s).where(s.c.deed.in_([r.id for r in found])).order_by(s.c.customer)
        sides: dict[tuple[str, int], list[CustomerId]] = {}
        for side in await self._on.execute(query):
            sides.setdefault((side.deed, side.side), []).append(CustomerId(side.customer))
        return [_deed(r, sides) for r in found]

    async def known(self, customers: Collection[CustomerId]) -> list[Known]:
        query = sa.select(p, m.c.contact).select_from(p.outerjoin(m, m.c.customer == p.c.id))
        people = (await self._on.execute(query.where(p.c.id.in_(customers)).order_by(p.c.id))).all()
        identities, inboxes = await self._identities(customers), await self._inboxes(customers)
        return [
            Known(
                customer=Customer(r.id, r.name, r.email, dict(r.profile)),
                contact=r.contact,
                identities=tuple(identities.get(r.id, ())),
                inboxes=tuple(row.inbox for row in inboxes.get(r.id, ())),
                last_at=max((row.last_at for row in inboxes.get(r.id, ())), default=None),
            )
            for r in people
        ]

    async def _identities(self, customers: Collection[CustomerId]) -> dict[str, list[KnownAs]]:
        alias = i.alias()
        main = i.c.inbox == alias.c.inbox, i.c.external_id == alias.c.alias_of
        query = sa.select(i, alias.c.external_id.label("also")).select_from(i.outerjoin(alias, sa.and_(*main)))
        query = query.where(i.c.customer.in_(customers)).order_by(i.c.inbox, i.c.external_id, alias.c.external_id)
        found: dict[str, list[KnownAs]] = {}
        for r in await self._on.execute(query):
            theirs = found.setdefault(r.customer, [])
            if not theirs or (theirs[-1].inbox, theirs[-1].external_id) != (r.inbox, r.external_id):
                theirs.append(KnownAs(r.inbox, r.external_id, r.name, r.blocked_at is not None))
            if r.also is not None:
                theirs[-1] = replace(theirs[-1], also=(*theirs[-1].also, r.also))
        return found

    async def _inboxes(self, customers: Collection[CustomerId]) -> dict[str, list[Any]]:
        query = sa.select(c.c.customer, c.c.inbox, sa.func.max(c.c.changed_at).label("last_at"))
        query = query.where(c.c.customer.in_(customers)).group_by(c.c.customer, c.c.inbox).order_by(c.c.inbox)
        found: dict[str, list[Any]] = {}
        for r in await self._on.execute(query):
            found.setdefault(r.customer, []).append(r)
        return found

    async def conversations(self, customers: Collection[CustomerId], limit: int) -> Sequence[ConversationRow]:
        newest = SELECT_ROWS.where(c.c.customer.in_(customers))
        newest = newest.order_by((c.c.lifecycle == "resolved").asc(), c.c.changed_at.desc(), c.c.id).limit(limit)
        return [to_row(r) for r in await self._on.execute(newest)]

    async def find(self, query: str, limit: int) -> list[CustomerId]:
        alias = i.alias()
        main = sa.and_(i.c.inbox == alias.c.inbox, i.c.external_id == alias.c.alias_of)
        by_id = sa.select(i.c.customer).where(i.c.customer.is_not(None), _contains(i.c.external_id, query))
        by_alias = sa.select(i.c.customer).select_from(i.join(alias, main)).where(_contains(alias.c.external_id, query))
        by_name = sa.select(i.c.customer).where(i.c.customer.is_not(None), _contains(i.c.name, query))
        any_of_these = sa.or_(
            _contains(p.c.name, query),
            _contains(p.c.email, query),
            *(p.c.id.in_(theirs) for theirs in (by_id, by_alias, by_name)),
        )
        newest = sa.select(p.c.id).where(any_of_these).order_by(p.c.created_at.desc(), p.c.id).limit(limit)
        return [CustomerId(r.id) for r in await self._on.execute(newest)]


def _contains(column: sa.Column[Any], query: str) -> sa.ColumnElement[bool]:
    # SQLite lowers only A to Z: what it leaves is looked for in the usual ways of writing it.
    written = {query, query.lower(), query.upper(), query.title()}
    lowered = sa.func.lower(column)
    return sa.or_(*(lowered.like(sa.func.lower(_pattern(one)), escape="\\") for one in sorted(written)))


def _pattern(query: str) -> str:
    for wild in ("\\", "%", "_"):
        query = query.replace(wild, "\\" + wild)
    return f"%{query}%"


def _deed(r: Any, sides: Mapping[tuple[str, int], list[CustomerId]]) -> ContactDeed:
    one, others = tuple(sides.get((r.id, 1), ())), tuple(sides.get((r.id, 2), ()))
    return ContactDeed(r.id, r.deed, r.agent, r.at, r.contact, one, others)
