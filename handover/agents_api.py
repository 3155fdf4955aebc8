"""Who works at the desk, over HTTP under `/api/v1`: accounts, what each can do and how much, and the teams."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from handover.accounts import Account, Accounts
from handover.agent_parts import AgentPart
from handover.agents import Agent
from handover.desk import Desk
from handover.entries import AgentId
from handover.errors import BadInput, Forbidden
from handover.login_api import Asking, Body, Door
from handover.matching_floor import Standing
from handover.screens import agent_part

Role = Literal["admin", "lead", "agent"]
Capacity = Annotated[int, Field(ge=1, le=100)]
_Names = Annotated[list[Annotated[str, Field(min_length=1, max_length=40)]], Field(max_length=50)]
_Languages = Annotated[list[Annotated[str, Field(pattern=r"^[a-z]{2,3}$")]], Field(max_length=50)]


class AgentRow(BaseModel):
    """An account, as admins manage it and colleagues see it. ``here``: a console of theirs is open."""

    agent: AgentPart
    email: str
    disabled: bool
    here: bool = False


class Team(BaseModel):
    """A team: the ids of its members, how many of them are at the desk, and how many offers wait for it."""

    team: str
    members: list[str]
    here: int
    waiting: int


class NewAgent(Body):
    email: Annotated[str, Field(min_length=3, max_length=254)]
    name: Annotated[str, Field(min_length=1, max_length=80)]
    password: Annotated[str, Field(min_length=8, max_length=256)]
    role: Role = "agent"
    capacity: Capacity = 8


class AgentChange(Body):
    """What changes of an account; what is left out stays. The first three are an admin's affair, the rest a lead's too.

    ``capacity`` is in slots: the weight of each inbox's conversations stands in policy.yml. Lowered below what an agent
    holds, it takes nothing away; they are given nothing new.
    """

    password: Annotated[str, Field(min_length=8, max_length=256)] | None = None
    disabled: bool | None = None
    role: Role | None = None
    skills: _Names | None = None
    languages: _Languages | None = None
    teams: _Names | None = None
    capacity: Capacity | None = None


def agent_routes(desk: Desk, accounts: Accounts, door: Door) -> APIRouter:
    """Routes under ``/api/v1`` about the people of the desk."""
    routes = APIRouter()

    @routes.get("/agents")
    async def agents(request: Request) -> list[AgentRow]:
        """Everybody who works at the desk; disabled accounts are shown to admins only."""
        asking = await door.agent(request)
        floor = await _floor(desk)
        everyone = await accounts.everyone()
        return [_row(one, floor) for one in everyone if one.disabled_at is None or asking.agent.role == "admin"]

    @routes.get("/teams")
    async def teams(request: Request) -> list[Team]:
        """The teams there are."""
        await door.agent(request)
        return await _teams(desk)

    routes.include_router(_changes(desk, accounts, door))
    return routes


async def _teams(desk: Desk) -> list[Team]:
    standings, waiting = await desk.reading.standings(), await desk.reading.waiting()
    return [
        Team(
            team=team,
            members=[s.agent.id for s in standings if team in s.agent.teams],
            here=sum(s.present and team in s.agent.teams for s in standings),
            waiting=sum(offer.team == team for offer in waiting),
        )
        for team in desk.reading.teams()
    ]


def _changes(desk: Desk, accounts: Accounts, door: Door) -> APIRouter:
    routes = APIRouter()

    @routes.post("/agents", status_code=201)
    async def add_agent(body: NewAgent, request: Request) -> AgentRow:
        """A new account (admins only)."""
        await door.admin(request)
        agent = await accounts.add(
            email=body.email, name=body.name, password=body.password, role=body.role, capacity=body.capacity
        )
        return _row(await accounts.one(agent.id), {})

    @routes.patch("/agents/{agent}")
    async def change_agent(agent: str, body: AgentChange, request: Request) -> AgentRow:
        """Change an account. A new password and closing it (admins only) close its sockets."""
        asking, who = await door.agent(request), AgentId(agent)
        _may(asking, who, body)
        account = await accounts.one(who)
        if body.role is not None:
            await accounts.set_role(who, body.role)
        if body.password is not None:
            await accounts.set_password(who, body.password)
        if body.disabled is not None:
            await accounts.set_disabled(who, body.disabled)
        changed = _as_asked(account.agent, body)
        if changed != account.agent:
            await desk.agents.set_matching(asking.agent, changed)
        else:
            await desk.agents.accounts_changed()
        return _row(await accounts.one(who), await _floor(desk))

    return routes


def _may(asking: Asking, who: AgentId, body: AgentChange) -> None:
    """Raises Forbidden for what only an admin or a lead may do, BadInput for what nobody may do to themselves."""
    an_admins = (body.password, body.disabled, body.role)
    if asking.agent.role == "agent":
        raise Forbidden("Only a lead or an admin may do this.")
    if asking.agent.role != "admin" and any(asked is not None for asked in an_admins):
        raise Forbidden("Only an admin may do this.")
    # The last admin who locks himself out leaves a desk nobody can open again.
    if who == asking.agent.id and body.disabled:
        raise BadInput("Nobody can disable the own account.", detail={"field": "disabled"})
    if who == asking.agent.id and body.role not in (None, "admin"):
        raise BadInput("Nobody can give up the own role.", detail={"field": "role"})


def _as_asked(agent: Agent, body: AgentChange) -> Agent:
    return replace(
        agent,
        skills=agent.skills if body.skills is None else frozenset(body.skills),
        languages=agent.languages if body.languages is None else frozenset(body.languages),
        teams=agent.teams if body.teams is None else frozenset(body.teams),
        capacity=agent.capacity if body.capacity is None else body.capacity,
    )


async def _floor(desk: Desk) -> dict[AgentId, Standing]:
    return {standing.agent.id: standing for standing in await desk.reading.standings()}


def _row(account: Account, floor: dict[AgentId, Standing]) -> AgentRow:
    standing = floor.get(account.agent.id)
    part = agent_part(account.agent, 0 if standing is None else standing.held)
    here = standing is not None and standing.here
    return AgentRow(agent=part, email=account.agent.email, disabled=account.disabled_at is not None, here=here)
