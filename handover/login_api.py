"""Sign in and out over HTTP, and who is asking: `/api/v1/login`, `/logout`, `/me`.

A browser holds a cookie that scripts cannot read; a program may ask for a bearer token instead. A request that
changes something and rests on the cookie must come from the console's own pages.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import HTTPConnection

from handover.accounts import Accounts
from handover.agent_parts import AgentPart
from handover.agents import Agent
from handover.errors import Forbidden, NotSignedIn, TooMany
from handover.meters import Meters
from handover.screens import agent_part

COOKIE = "switchboard_login"
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Body(BaseModel):
    """Base of every request body: no unknown fields, no coercion."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Problem(BaseModel):
    """The one error shape."""

    code: str
    message: str
    detail: dict[str, Any] | None = None


class LoginBody(Body):
    email: Annotated[str, Field(min_length=1, max_length=254)]
    password: Annotated[str, Field(min_length=1, max_length=256)]
    bearer: bool = False


class SignedIn(BaseModel):
    """``token`` is there only when ``bearer`` was asked for; browsers get a cookie."""

    agent: AgentPart
    expires_at: datetime
    token: str | None = None


class PasswordBody(Body):
    present: Annotated[str, Field(min_length=1, max_length=256)]
    new: Annotated[str, Field(min_length=8, max_length=256)]


# What every route may answer instead of its own answer; the status comes from the error's class.
PROBLEMS: dict[int | str, dict[str, Any]] = {"default": {"model": Problem, "description": "Refused"}}


@dataclass(frozen=True, slots=True)
class Asking:
    """Who a request or a socket comes from, and by which login."""

    agent: Agent
    login: str


def token_of(connection: HTTPConnection) -> tuple[str | None, Literal["bearer", "cookie"]]:
    """What the caller shows to be let in; a bearer token goes before a cookie."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token:
        return token.strip(), "bearer"
    return connection.cookies.get(COOKIE), "cookie"


def own_page(connection: HTTPConnection, origins: frozenset[str]) -> bool:
    """Whether a page of this very service asks: an allowed origin, and the host that was asked.

    Both matter: sites that only embed the widget are allowed origins too, and a Host header alone can be any name
    that somebody points at us.
    """
    sent = connection.headers.getlist("origin")
    return len(sent) == 1 and sent[0] in origins and urlsplit(sent[0]).netloc == connection.headers.get("host", "")


class Door:
    """Lets agents in: used as a dependency by every route that needs one."""

    def __init__(self, accounts: Accounts, origins: frozenset[str]) -> None:
        self._accounts = accounts
        self._origins = origins

    async def agent(self, connection: HTTPConnection) -> Asking:
        """Who asks. Raises NotSignedIn, or Forbidden when a cookie comes from another site's page."""
        token, shown = token_of(connection)
        if not token:
            raise NotSignedIn("Please sign in.")
        if shown == "cookie" and connection.scope.get("method", "GET") not in _SAFE_METHODS:
            self.from_own_page(connection)
        agent, login = await self._accounts.agent_of(token)
        return Asking(agent, login)

    async def admin(self, connection: HTTPConnection) -> Asking:
        """As ``agent``, and an admin. Raises Forbidden."""
        asking = await self.agent(connection)
        if asking.agent.role != "admin":
            raise Forbidden("Only an admin may do this.")
        return asking

    def from_own_page(self, connection: HTTPConnection) -> None:
        """Raises Forbidden when the asking page is not one of this service's own."""
        if not own_page(connection, self._origins):
            raise Forbidden("This may only be done from the console's own pages. Is its address in PUBLIC_ORIGINS?")


Who = Callable[[HTTPConnection], Awaitable[Asking]]


def login_routes(accounts: Accounts, door: Door, meters: Meters) -> APIRouter:
    """Routes under ``/api/v1`` for signing in and out."""
    routes = APIRouter(prefix="/api/v1", tags=["login"], responses=PROBLEMS)

    @routes.post("/login")
    async def login(body: LoginBody, request: Request, response: Response) -> SignedIn:
        """Sign in. Sets the cookie, or returns a bearer token when ``bearer`` is true."""
        if "origin" in request.headers:
            door.from_own_page(request)  # nobody else's page may sign somebody in as somebody
        host = request.client.host if request.client else "unknown"
        try:
            agent, token, ends = await accounts.sign_in(body.email, body.password, host)
        except (TooMany, NotSignedIn) as refused:
            meters.logins.labels("limited" if isinstance(refused, TooMany) else "wrong").inc()
            raise
        meters.logins.labels("ok").inc()
        if body.bearer:
            return SignedIn(agent=agent_part(agent), expires_at=ends, token=token)
        response.set_cookie(
            COOKIE, token, expires=ends, path="/", httponly=True, samesite="lax", secure=request.url.scheme == "https"
        )
        return SignedIn(agent=agent_part(agent), expires_at=ends)

    @routes.post("/logout", status_code=204)
    async def logout(request: Request, response: Response) -> None:
        """Sign out here; this browser's sockets close."""
        asking = await door.agent(request)
        await accounts.sign_out(asking.agent, asking.login)
        response.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax", secure=request.url.scheme == "https")

    routes.include_router(_own_account(accounts, door))
    return routes


def _own_account(accounts: Accounts, door: Door) -> APIRouter:
    routes = APIRouter()

    @routes.get("/me")
    async def me(request: Request) -> AgentPart:
        """Who is signed in."""
        return agent_part((await door.agent(request)).agent)

    @routes.post("/me/password", status_code=204)
    async def change_password(body: PasswordBody, request: Request) -> None:
        """Change the own password. Every login ends, this one too."""
        asking = await door.agent(request)
        await accounts.check_password(asking.agent.id, body.present)
        await accounts.set_password(asking.agent.id, body.new)

    return routes
