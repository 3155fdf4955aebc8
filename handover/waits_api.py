"""What leads and admins ask about waits over HTTP: `GET /api/v1/waits/report`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request

from handover.errors import Forbidden
from handover.login_api import PROBLEMS, Door
from handover.reading import Reading
from handover.waits_report import WaitsReport


def waits_routes(reading: Reading, door: Door) -> APIRouter:
    """Routes under ``/api/v1/waits``."""
    routes = APIRouter(prefix="/api/v1/waits", tags=["desk"], responses=PROBLEMS)

    @routes.get("/report")
    async def waits_report(request: Request, days: Annotated[int, Query(ge=1, le=366)] = 30) -> WaitsReport:
        """How long customers waited in the last days, and how good what they were told was (leads and admins)."""
        asking = await door.agent(request)
        if asking.agent.role == "agent":
            raise Forbidden("Only a lead or an admin may see this.")
        return await reading.waits_report(days)

    return routes
