"""Customers and agents in SQL; implements `handover.record_ports.People`. Passwords are `accounts`' affair."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from handover.agents import OUTSIDE, Agent, AvailabilityState, Role
from handover.backends.records_sql import tables as t
from handover.backends.records_sql.querying import Querying
from handover.backends.records_sql.tables import read_moment
from handover.entries import AgentId, CustomerId
from handover.errors import NotFound
from handover.stored import Customer

a, p, c = t.agents, t.customers, t.conversations
_ALWAYS = datetime(2000, 1, 1, tzinfo=UTC)
_AGENTS = sa.select(a).where(a.c.disabled_at.is_(None))
# The lists as texts: every pass of the matcher asks for everybody, and few agents have changed since the last one.
_EVERYBODY = (
    sa.select(
        *(a.c.id, a.c.email, a.c.name, a.c.role, a.c.availability, a.c.capacity),
        *(sa.cast(listed, sa.Text) for listed in (a.c.skills, a.c.languages, a.c.teams)),
    )
    .where(a.c.disabled_at.is_(None))
    .order_by(a.c.name, a.c.id)
)
_TAKEN = sa.func.sum(c.c.slots).label("taken")
_HELD = sa.select(c.c.agent, _TAKEN).where(c.c.agent.is_not(None), c.c.slots > 0).group_by(c.c.agent)
_OF = _HELD.subquery()
_AT_WORK = _EVERYBODY.add_columns(
    sa.cast(sa.func.coalesce(_OF.c.taken, 0), sa.Integer), sa.cast(a.c.taken_at, sa.Text)
).outerjoin_from(a, _OF, _OF.c.agent == a.c.id)


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
        return [_agent(*r) for r in await self._on.execute(_EVERYBODY)]

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
        return {r.agent: int(r.taken) for r in await self._on.execute(_HELD)}

    async def at_work(self) -> list[tuple[Agent, int, datetime | None]]:
        found = await self._on.execute(_AT_WORK)
        return [(_agent(*who), held, at and read_moment(at)) for *who, held, at in found]

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


@lru_cache(maxsize=4_096)
def _agent(
    id: str, email: str, name: str, role: Role, availability: AvailabilityState, capacity: int, *listed: str
) -> Agent:
    skills, languages, teams = (frozenset(json.loads(one)) for one in listed)
    return Agent(AgentId(id), email, name, role, availability, capacity, skills, languages, teams)


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
