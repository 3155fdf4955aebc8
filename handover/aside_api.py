"""What came from platforms and could not be used, over HTTP at `/api/v1/arrivals/aside`, for admins."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from handover.frames import MAX_NUMBER
from handover.login_api import PROBLEMS, Door
from handover.ports import Records
from handover.record_ports_intake import KeptAside


class AsideRow(BaseModel):
    """Something kept aside. ``what`` is "webhook", or the kind of event; ``text`` the beginning of what came."""

    id: int
    what: str
    inbox: str
    why: str
    received_at: datetime
    text: str


class Asides(BaseModel):
    """Webhooks that nobody could read, and a page of events, the newest first. ``next`` goes into ``before``."""

    webhooks: list[AsideRow]
    events: list[AsideRow]
    next: int | None = None


def aside_routes(records: Records, door: Door) -> APIRouter:
    """One address to look at."""
    routes = APIRouter(prefix="/api/v1/arrivals", tags=["arrivals"], responses=PROBLEMS)

    @routes.get("/aside")
    async def aside(
        request: Request,
        before: Annotated[int | None, Query(ge=0, le=MAX_NUMBER)] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> Asides:
        """What platforms sent and nobody could use: it is kept for some days, and then goes."""
        await door.admin(request)
        async with records.reading() as tx:
            events = await tx.intake.kept_aside(before=before, limit=limit)
            webhooks = await tx.intake.bodies_aside(limit) if before is None else []
        following = events[-1].id if len(events) == limit else None
        return Asides(webhooks=[_row(one) for one in webhooks], events=[_row(one) for one in events], next=following)

    return routes


def _row(one: KeptAside) -> AsideRow:
    return AsideRow(id=one.id, what=one.what, inbox=one.inbox, why=one.note, received_at=one.received_at, text=one.text)
