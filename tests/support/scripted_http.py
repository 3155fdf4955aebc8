"""The HTTP routes of the scripted service: signing in, lists, the people of the desk, waits, what was not delivered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ValidationError

from handover.agent_parts import AgentPart
from handover.conversation import Lifecycle
from handover.errors import Forbidden, SwitchboardError
from handover.waits_report import WaitsReport
from tests.support.scripted_customers import customer_deeds, customers
from tests.support.scripted_people import waits_report
from tests.support.scripted_service import ScriptedService

COOKIE = "switchboard_agent"


def api_routes(app: FastAPI, service: ScriptedService) -> None:
    """Everything under ``/api/v1``."""

    @app.exception_handler(SwitchboardError)
    async def refused(request: Request, error: SwitchboardError) -> Response:
        return JSONResponse(error.as_dict(), error.http_status)

    @app.post("/api/v1/login")
    async def login(request: Request) -> Response:
        wish = await request.json()
        found = next((a for a in service.agents.values() if f"{a.id}@example.com" == wish.get("email")), None)
        if found is None or wish.get("password") != "demo":
            return JSONResponse({"code": "not_signed_in", "message": "E-mail and password do not match."}, 401)
        answer = JSONResponse({"agent": found.model_dump(mode="json")})
        answer.set_cookie(COOKIE, found.id, httponly=True, samesite="strict")
        return answer

    @app.post("/api/v1/logout")
    async def logout() -> Response:
        response = Response(status_code=204)
        response.delete_cookie(COOKIE)
        return response

    @app.patch("/api/v1/agents/{key}")
    async def change(key: str, request: Request) -> Response:
        who = service.agents[request.cookies[COOKIE]]
        try:
            return _as_json(service.people.change(who, key, await request.json()))
        except ValidationError as error:  # told as the framework tells it
            problems = [{"field": ".".join(map(str, ("body", *p["loc"]))), "problem": p["msg"]} for p in error.errors()]
            message = "; ".join(f"{p['field']}: {p['problem']}" for p in problems)
            return JSONResponse({"code": "bad_input", "message": message, "detail": {"problems": problems}}, 400)

    inbox_changes(app, service)
    customer_deeds(app, service)

    @app.post("/api/v1/outbox/{number}/{verb}")
    async def settle(number: int, verb: str) -> Response:
        service.people.settle(verb, number)
        return Response(status_code=204)


def inbox_changes(app: FastAPI, service: ScriptedService) -> None:
    """What admins do to inboxes."""

    def who(request: Request) -> AgentPart:
        return service.agents[request.cookies[COOKIE]]

    @app.post("/api/v1/inboxes")
    async def add(request: Request) -> Response:
        return JSONResponse(service.inboxes.add(who(request), await request.json()).model_dump(mode="json"), 201)

    @app.patch("/api/v1/inboxes/{key}")
    async def change(key: str, request: Request) -> Response:
        return _as_json(service.inboxes.change(who(request), key, await request.json()))

    @app.delete("/api/v1/inboxes/{key}")
    async def remove(key: str, request: Request) -> Response:
        service.inboxes.remove(who(request), key)
        return Response(status_code=204)

    @app.post("/api/v1/inboxes/{key}/{verb}")
    async def deed(key: str, verb: str, request: Request) -> Response:
        return _as_json(service.inboxes.deed(who(request), key, verb))


def api_get(service: ScriptedService, path: str, request: Request) -> Response | None:
    """The answer to a GET; None when it is none of the API's."""
    if not path.startswith("api/v1/"):
        return None
    who = service.agents.get(request.cookies.get(COOKIE, ""))
    if who is None:
        return JSONResponse({"code": "not_signed_in", "message": "Sign in first."}, 401)
    if path.startswith("api/v1/media/"):
        return service.files.answer(path.removeprefix("api/v1/media/"))
    found = answered(service, path.removeprefix("api/v1/"), request.query_params, who)
    return _as_json(found) if found is not None else JSONResponse({"code": "not_found", "message": "Nothing."}, 404)


def answered(service: ScriptedService, asked: str, wish: Mapping[str, str], who: AgentPart) -> Any:
    """What a GET of ``asked`` finds; None when there is no such address."""
    people = service.people
    answers: dict[str, Callable[[], Any]] = {
        "me": lambda: {"agent": who.model_dump(mode="json")},
        "agents": people.rows,
        "teams": people.teams,
        "conversations": lambda: page_of_rows(service, wish),
        "outbox": lambda: people.outbox(int(wish["before"]) if "before" in wish else None),
        "waits/report": lambda: waits_for(who, int(wish["days"])),
        "channels": service.inboxes.channels,
        "inboxes": lambda: service.inboxes.seen_by(who),
    }
    if asked in answers:
        return answers[asked]()
    if asked.startswith("customers"):
        return customers(service, asked, wish.get("query"))
    talk = service.talks.get(asked.removeprefix("conversations/"))
    return talk and {"row": talk.row().model_dump(mode="json")}


def waits_for(who: AgentPart, days: int) -> WaitsReport:
    if who.role == "agent":
        raise Forbidden("Only a lead or an admin may see this.")
    return waits_report(days)


def page_of_rows(service: ScriptedService, wish: Mapping[str, str]) -> dict[str, Any]:
    rows = sorted((talk.row() for talk in service.talks.values()), key=lambda row: -row.feed)
    if wish.get("view") == "resolved":
        rows = [row for row in rows if row.lifecycle is Lifecycle.RESOLVED]
    page = [row for row in rows if row.feed < int(wish.get("before", 2**31))][: service.page]
    end = page[-1].feed if len(page) == service.page else None
    return {"rows": [row.model_dump(mode="json") for row in page], "next": end}


def _as_json(found: Any) -> Response:
    if isinstance(found, list):
        return JSONResponse([one.model_dump(mode="json") for one in found])
    return JSONResponse(found.model_dump(mode="json") if isinstance(found, BaseModel) else found)
