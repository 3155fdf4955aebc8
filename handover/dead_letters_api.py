"""Lines that could not be delivered, over HTTP, under `/api/v1/outbox`, for signed-in agents."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from handover.dead_letters import DeadLetters
from handover.errors import NotFound
from handover.frames import MAX_NUMBER
from handover.login_api import PROBLEMS, Door
from handover.stored import DeadLetter


class DeadLetterRow(BaseModel):
    """A line that no channel took. ``overtaken``: later lines of its conversation were delivered since.

    ``unknown``: it may have arrived, and later lines wait until somebody says. ``todo`` is what a person can do.
    """

    id: int
    conversation: str
    inbox: str
    offset: int
    author: str
    text: str
    why: str
    tries: int
    queued_at: datetime
    gave_up_at: datetime
    overtaken: bool
    retried_by: str | None = None
    unknown: bool = False
    todo: str = ""


class OutboxState(BaseModel):
    """The outbox now, and a page of its dead letters, the newest first. ``next`` goes into ``before``."""

    queued: int
    oldest: datetime | None = None
    dead: int
    rows: list[DeadLetterRow]
    next: int | None = None


def dead_letter_routes(letters: DeadLetters, door: Door) -> APIRouter:
    """Look, try again, give up."""
    routes = APIRouter(prefix="/api/v1/outbox", tags=["outbox"], responses=PROBLEMS)

    @routes.get("")
    async def outbox(
        request: Request,
        before: Annotated[int | None, Query(ge=0, le=MAX_NUMBER)] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> OutboxState:
        """What waits to be delivered, and what could not be."""
        await door.agent(request)
        backlog = await letters.backlog()
        rows = [_row(letter) for letter in await letters.list(before=before, limit=limit)]
        following = rows[-1].id if len(rows) == limit else None
        return OutboxState(queued=backlog.queued, oldest=backlog.oldest, dead=backlog.dead, rows=rows, next=following)

    @routes.post("/{delivery}/retry", status_code=204)
    async def retry(delivery: str, request: Request) -> None:
        """Try one line again. A bot's line that has lost its right meanwhile is withdrawn instead."""
        asking = await door.agent(request)
        await letters.retry(_number(delivery), asking.agent.id)

    @routes.post("/{delivery}/arrived", status_code=204)
    async def arrived(delivery: str, request: Request) -> None:
        """The customer has it: what may have been delivered was."""
        asking = await door.agent(request)
        await letters.arrived(_number(delivery), asking.agent.id)

    @routes.post("/{delivery}/drop", status_code=204)
    async def drop(delivery: str, request: Request) -> None:
        """Give one line up for good."""
        asking = await door.agent(request)
        await letters.drop(_number(delivery), asking.agent.id)

    return routes


def _number(delivery: str) -> int:
    # Looked at after the door: a stranger learns nothing, not even what an id looks like.
    if not delivery.isascii() or not delivery.isdigit() or not 0 < int(delivery[:20]) <= MAX_NUMBER:
        raise NotFound("There is no such line.")
    return int(delivery)


def _row(letter: DeadLetter) -> DeadLetterRow:
    line = letter.delivery
    return DeadLetterRow(
        id=line.id,
        conversation=line.conversation,
        inbox=line.inbox,
        offset=line.offset,
        author=letter.author,
        text=letter.text,
        why=letter.note or "",
        tries=line.tries,
        queued_at=letter.queued_at,
        gave_up_at=letter.settled_at,
        overtaken=letter.overtaken,
        retried_by=letter.retried_by,
        unknown=letter.unknown,
        todo=letter.todo,
    )
