"""What the console asks over HTTP, under `/api/v1`: conversations, their entries, the desk's state."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from handover.accounts import Accounts
from handover.agent_frames import ConversationFrame, PacketFrame
from handover.agents_api import agent_routes
from handover.aside_frames import DraftFrame, NoteFrame
from handover.desk import Desk
from handover.entries import ConversationId
from handover.errors import BadInput
from handover.frames import MAX_NUMBER, EntryFrame
from handover.login_api import PROBLEMS, Door
from handover.screens import draft_frame, note_frame

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


class DeskState(BaseModel):
    """Whether anybody is there for customers, and how many offers wait."""

    open: bool
    offers: int


def console_routes(desk: Desk, accounts: Accounts, door: Door) -> APIRouter:
    """Routes under ``/api/v1`` for signed-in agents."""
    routes = APIRouter(prefix="/api/v1", tags=["desk"], responses=PROBLEMS)
    routes.include_router(_conversations(desk, door))
    routes.include_router(_entries(desk, door))
    routes.include_router(agent_routes(desk, accounts, door))

    @routes.get("/desk")
    async def desk_state(request: Request) -> DeskState:
        """Is anybody there, and how many customers wait."""
        await door.agent(request)
        return DeskState(open=await desk.reading.desk_open(), offers=len(await desk.reading.waiting()))

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
