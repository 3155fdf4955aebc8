"""Customers and agents in SQL; implements `handover.record_ports.People`. Passwords are `accounts`' affair."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from handover.agents import Agent
from handover.backends.records_sql import tables as t
from handover.backends.records_sql.unbroken import UnbrokenConnection
from handover.entries import AgentId, CustomerId
from handover.errors import NotFound
from handover.stored import Customer

a, p, c = t.agents, t.customers, t.conversations
_AGENTS = sa.select(a.c.id, a.c.email, a.c.name, a.c.role, a.c.availability, a.c.capacity).where(
    a.c.disabled_at.is_(None)
)


class SqlPeople:
    def __init__(self, connection: UnbrokenConnection) -> None:
        self._on = connection

    async def add_customer(self, customer: Customer, at: datetime) -> None:
        values = {
            "id": customer.id,
            "name": customer.name,
            "email": customer.email,
            "profile": dict(customer.profile),
            "created_at": at,
        }
        await self._on.execute(p.insert(), values)

    async def customer(self, customer: CustomerId) -> Customer:
        found = (await self._on.execute(sa.select(p).where(p.c.id == customer))).first()
        if found is None:
            raise NotFound("There is no such customer.")
        return Customer(found.id, found.name, found.email, dict(found.profile))

    async def set_email(self, customer: CustomerId, email: str) -> None:
        await self._on.execute(p.update().where(p.c.id == customer), {"email": email})

    async def agent(self, agent: AgentId) -> Agent:
        found = (await self._on.execute(_AGENTS.where(a.c.id == agent))).first()
        if found is None:
            raise NotFound("There is no such agent.")
        return _to_agent(found)

    async def agents(self) -> list[Agent]:
        return [_to_agent(r) for r in await self._on.execute(_AGENTS.order_by(a.c.name, a.c.id))]

    async def held(self) -> dict[AgentId, int]:
        query = sa.select(c.c.agent, sa.func.count().label("n")).where(c.c.agent.is_not(None)).group_by(c.c.agent)
        return {r.agent: r.n for r in await self._on.execute(query)}

    async def set_availability(self, agent: AgentId, state: str) -> None:
        await self._on.execute(a.update().where(a.c.id == agent), {"availability": state})


def _to_agent(r: Any) -> Agent:
    return Agent(r.id, r.email, r.name, r.role, r.availability, r.capacity)
