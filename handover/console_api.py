"""What the console asks over HTTP, under `/api/v1`: conversations, their entries, the agents, the desk's state."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from handover.accounts import Account, Accounts
from handover.agent_frames import AgentPart, ConversationFrame, DraftFrame, NoteFrame, PacketFrame
from handover.desk import Desk
from handover.entries import AgentId, ConversationId
from handover.errors import BadInput
from handover.frames import MAX_NUMBER, EntryFrame
from handover.login_api import PROBLEMS, Asking, Body, Door
from handover.screens import agent_part, draft_frame, note_frame

View = Literal["offers", "mine", "bot", "waiting", "resolved", "all"]
Limit = Annotated[int, Query(ge=1, le=200)]


class Rows(BaseModel):
    """A page of conversations, the last changed first. ``next`` goes into ``before`` for the page after."""

    rows: list[ConversationFrame]
    next: int | None = None


class Whole(BaseModel):
    """One conversation as an agent sees it, without its entries."""

    row: ConversationFrame
    packet: PacketFrame | None = None
    notes: list[NoteFrame]
    drafts: list[DraftFrame]


class Entries(BaseModel):
    """A page of the record, oldest first."""

    entries: list[EntryFrame]


class AgentRow(BaseModel):
    """An account, as admins manage it and colleagues see it."""

    agent: AgentPart
    email: str
    disabled: bool


class NewAgent(Body):
    email: Annotated[str, Field(min_length=3, max_length=254)]
    name: Annotated[str, Field(min_length=1, max_length=80)]
    password: Annotated[str, Field(min_length=8, max_length=256)]
    role: Literal["admin", "agent"] = "agent"
    capacity: Annotated[int, Field(ge=1, le=50)] = 4


class AgentChange(Body):
    """What an admin changes of an account; what is left out stays."""

    password: Annotated[str, Field(min_length=8, max_length=256)] | None = None
    disabled: bool | None = None


class DeskState(BaseModel):
    """Whether anybody is there for customers, and how many offers wait."""

    open: bool
    offers: int


def console_routes(desk: Desk, accounts: Accounts, door: Door) -> APIRouter:
    """Routes under ``/api/v1`` for signed-in agents."""
    routes = APIRouter(prefix="/api/v1", tags=["desk"], responses=PROBLEMS)
    routes.include_router(_conversations(desk, door))
    routes.include_router(_entries(desk, door))
    routes.include_router(_agents(accounts, door))

    @routes.get("/desk")
    async def desk_state(request: Request) -> DeskState:
        """Is anybody there, and how many customers wait."""
        await door.agent(request)
        return DeskState(open=await desk.reading.desk_open(), offers=len(await desk.reading.open_offers()))

    return routes


def _conversations(desk: Desk, door: Door) -> APIRouter:
    routes = APIRouter()
    reading = desk.reading

    @routes.get("/conversations")
    async def conversations(
        request: Request,
        view: View = "all",
        before: Annotated[int | None, Query(ge=0, le=MAX_NUMBER)] = None,
        limit: Limit = 50,
    ) -> Rows:
        """Conversations of one list."""
        asking = await door.agent(request)
        rows = await reading.rows(view, asking.agent, before=before, limit=limit)
        return Rows(rows=rows, next=rows[-1].feed if len(rows) == limit else None)

    @routes.get("/conversations/{conversation}")
    async def conversation(conversation: str, request: Request) -> Whole:
        """One conversation: row, packet, notes and drafts."""
        await door.agent(request)
        name = ConversationId(conversation)
        row = await reading.row(name)
        packet = await reading.packet(name)
        return Whole(
            row=row,
            packet=PacketFrame(conversation=name, epoch=row.epoch, packet=packet) if packet else None,
            notes=[note_frame(note) for note in await reading.notes(name)],
            drafts=[draft_frame(draft) for draft in await reading.drafts(name)],
        )

    return routes


def _entries(desk: Desk, door: Door) -> APIRouter:
    routes = APIRouter()
    reading = desk.reading

    @routes.get("/conversations/{conversation}/entries")
    async def entries(
        conversation: str,
        request: Request,
        after: Annotated[int | None, Query(ge=0, le=MAX_NUMBER)] = None,
        before: Annotated[int | None, Query(ge=0, le=MAX_NUMBER)] = None,
        limit: Limit = 100,
    ) -> Entries:
        """Entries after one offset, or the last ones before another."""
        await door.agent(request)
        if after is not None and before is not None:
            raise BadInput("Ask for entries after an offset or before one, not both.")
        name = ConversationId(conversation)
        await reading.conversation(name)
        if before is not None:
            page = await reading.entries_before(name, before, limit)
        else:
            page = await reading.entries(name, after or 0, limit)
        return Entries(entries=[EntryFrame.of(entry, for_agents=True) for entry in page])

    return routes


def _agents(accounts: Accounts, door: Door) -> APIRouter:
    routes = APIRouter()

    @routes.get("/agents")
    async def agents(request: Request) -> list[AgentRow]:
        """Everybody who works at the desk; disabled accounts are shown to admins only."""
        asking = await door.agent(request)
        everyone = await accounts.everyone()
        return [_row(one) for one in everyone if one.disabled_at is None or asking.agent.role == "admin"]

    @routes.post("/agents", status_code=201)
    async def add_agent(body: NewAgent, request: Request) -> AgentRow:
        """A new account (admins only)."""
        await door.admin(request)
        agent = await accounts.add(
            email=body.email, name=body.name, password=body.password, role=body.role, capacity=body.capacity
        )
        return _row(await accounts.one(agent.id))

    @routes.patch("/agents/{agent}")
    async def change_agent(agent: str, body: AgentChange, request: Request) -> AgentRow:
        """Set a password, close or reopen an account (admins only). Its sockets close."""
        asking = await door.admin(request)
        who = AgentId(agent)
        _not_oneself(asking, who, body)
        if body.password is not None:
            await accounts.set_password(who, body.password)
        if body.disabled is not None:
            await accounts.set_disabled(who, body.disabled)
        return _row(await accounts.one(who))

    return routes


def _not_oneself(asking: Asking, who: AgentId, body: AgentChange) -> None:
    # The last admin who locks himself out leaves a desk nobody can open again.
    if body.disabled and who == asking.agent.id:
        raise BadInput("Nobody can disable the own account.", detail={"field": "disabled"})


def _row(account: Account) -> AgentRow:
    return AgentRow(
        agent=agent_part(account.agent), email=account.agent.email, disabled=account.disabled_at is not None
    )
