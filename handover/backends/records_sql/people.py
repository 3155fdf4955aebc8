"""Customers and agents in SQL; implements `handover.record_ports.People`. Passwords are `accounts`' affair."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from handover.agents import OUTSIDE, Agent
from handover.backends.records_sql import tables as t
from handover.backends.records_sql.querying import Querying
from handover.entries import AgentId, CustomerId
from handover.errors import NotFound
from handover.stored import Customer

a, p, c = t.agents, t.customers, t.conversations
_ALWAYS = datetime(2000, 1, 1, tzinfo=UTC)
_AGENTS = sa.select(a).where(a.c.disabled_at.is_(None))


class SqlPeople:
    def __init__(self, connection: Querying) -> None:
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
        return to_agent(found)

    async def agents(self) -> list[Agent]:
        return [to_agent(r) for r in await self._on.execute(_AGENTS.order_by(a.c.name, a.c.id))]

    async def outsider(self) -> Agent:
        values = {
            "id": OUTSIDE,
            "email": "outside@switchboard.invalid",
            "name": "A colleague outside",
            "password_hash": "-",  # no password has this hash
            "role": "agent",
            "availability": "offline",
            "capacity": 0,
            "created_at": _ALWAYS,
            "disabled_at": _ALWAYS,
        }
        await self._on.insert_new(a, values)
        return to_agent((await self._on.execute(sa.select(a).where(a.c.id == OUTSIDE))).one())

    async def held(self) -> dict[AgentId, int]:
        taken = sa.func.sum(c.c.slots).label("taken")
        query = sa.select(c.c.agent, taken).where(c.c.agent.is_not(None), c.c.slots > 0).group_by(c.c.agent)
        return {r.agent: int(r.taken) for r in await self._on.execute(query)}

    async def taken_at(self) -> dict[AgentId, datetime]:
        query = sa.select(a.c.id, a.c.taken_at).where(a.c.taken_at.is_not(None))
        return {r.id: r.taken_at for r in await self._on.execute(query)}

    async def reserve(self, agent: AgentId) -> tuple[Agent, int]:
        # NO KEY: whoever only refers to the agent (a new note, an offer) need not wait for the lock.
        query = _AGENTS.where(a.c.id == agent).with_for_update(key_share=True)
        found = (await self._on.execute(query)).first()
        if found is None:
            raise NotFound("There is no such agent.")
        held = sa.select(sa.func.coalesce(sa.func.sum(c.c.slots), 0)).where(c.c.agent == agent)
        return to_agent(found), int((await self._on.execute(held)).scalar_one())

    async def took(self, agent: AgentId, at: datetime) -> None:
        await self._on.execute(a.update().where(a.c.id == agent), {"taken_at": at})

    async def set_availability(self, agent: AgentId, state: str) -> None:
        await self._on.execute(a.update().where(a.c.id == agent), {"availability": state})

    async def set_matching(self, agent: Agent) -> None:
        values = {"capacity": agent.capacity, **matching_columns(agent)}
        await self._on.execute(a.update().where(a.c.id == agent.id), values)


def matching_columns(agent: Agent) -> dict[str, Any]:
    """What the matcher goes by, as the columns hold it."""
    return {
        "skills": sorted(agent.skills),
        "languages": sorted(agent.languages),
        "teams": sorted(agent.teams),
    }


def to_agent(r: Any) -> Agent:
    """The agent of a row of the agents table."""
    return Agent(
        id=r.id,
        email=r.email,
        name=r.name,
        role=r.role,
        availability=r.availability,
        capacity=r.capacity,
        skills=frozenset(r.skills),
        languages=frozenset(r.languages),
        teams=frozenset(r.teams),
    )
