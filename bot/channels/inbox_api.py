"""Inboxes over HTTP under `/api/v1`: admins make, change and check them; agents may read their names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace

from fastapi import APIRouter, Request

from bot.channels.channel import Channel
from bot.channels.inbox_keeping import VERIFY_TOKEN, Calls, InboxKeeping
from bot.channels.inbox_parts import (
    Channels,
    InboxChange,
    InboxName,
    InboxPart,
    NewInbox,
    Prepared,
    SaidPart,
    channel_part,
    inbox_name,
    inbox_part,
)
from bot.channels.inbox_wishes import Wish, secrets_of
from handover.inbox_book import InboxBook
from handover.inbox_cipher import Cipher
from handover.inboxes import Inbox
from handover.login_api import PROBLEMS, Door
from handover.ports import Clock, Records


def inbox_routes(
    records: Records,
    book: InboxBook,
    cipher: Cipher,
    channels: Mapping[str, Channel],
    door: Door,
    *,
    calls: Calls,
    public_address: str,
    clock: Clock,
) -> APIRouter:
    """Routes under ``/api/v1/channels`` and ``/api/v1/inboxes``. ``public_address`` has no slash at the end."""
    keeping = InboxKeeping(records, book, cipher, channels, calls, public_address, clock)
    routes = APIRouter(prefix="/api/v1", tags=["inboxes"], responses=PROBLEMS)
    routes.include_router(_readings(keeping, door))
    routes.include_router(_changes(keeping, door))
    routes.include_router(_deeds(keeping, door))
    return routes


def _readings(keeping: InboxKeeping, door: Door) -> APIRouter:
    routes = APIRouter()

    @routes.get("/channels")
    async def channels(request: Request) -> Channels:
        """The social channels there are, what an inbox of each must be told, and what it can do."""
        await door.agent(request)
        return Channels(channels=[channel_part(channel) for channel in keeping.channels.values()])

    @routes.get("/inboxes")
    async def inboxes(request: Request) -> list[InboxPart] | list[InboxName]:
        """Every inbox, the oldest first; all but its name and why it is paused is for admins."""
        asking = await door.agent(request)
        found = await keeping.listed()
        if asking.agent.role != "admin":
            return [inbox_name(one) for one in found]
        backlog = await keeping.backlog()
        return [_part(keeping, one, backlog) for one in found]

    @routes.get("/inboxes/{inbox}")
    async def one(inbox: str, request: Request) -> InboxPart:
        """One inbox (admins only)."""
        await door.admin(request)
        return await _shown(keeping, inbox)

    return routes


def _changes(keeping: InboxKeeping, door: Door) -> APIRouter:
    routes = APIRouter()

    @routes.post("/inboxes", status_code=201)
    async def add(body: NewInbox, request: Request) -> InboxPart:
        """A new inbox (admins only)."""
        asking = await door.admin(request)
        wish = Wish(body.name, body.account, body.settings, body.secrets)
        made = await keeping.add(body.channel, wish, asking.agent.id)
        return await _shown(keeping, made.id)

    @routes.patch("/inboxes/{inbox}")
    async def change(inbox: str, body: InboxChange, request: Request) -> InboxPart:
        """Change an inbox, or replace its secrets (admins only)."""
        asking = await door.admin(request)
        wish = Wish(body.name, body.account, body.settings, body.secrets)
        await keeping.change(inbox, wish, asking.agent.id)
        return await _shown(keeping, inbox)

    @routes.delete("/inboxes/{inbox}", status_code=204)
    async def remove(inbox: str, request: Request) -> None:
        """Nothing goes in or out any more and its secrets are erased; its conversations stay (admins only)."""
        asking = await door.admin(request)
        await keeping.remove(inbox, asking.agent.id)

    return routes


def _deeds(keeping: InboxKeeping, door: Door) -> APIRouter:
    routes = APIRouter()

    @routes.post("/inboxes/{inbox}/check")
    async def check(inbox: str, request: Request) -> SaidPart:
        """Ask the platform whether it accepts our access (admins only)."""
        await door.admin(request)
        return SaidPart(**asdict(await keeping.check(inbox)))

    @routes.post("/inboxes/{inbox}/prepare")
    async def prepare(inbox: str, request: Request) -> Prepared:
        """Tell the platform where to send webhooks and how a person is asked for (admins only)."""
        await door.admin(request)
        return Prepared(steps=[SaidPart(**asdict(said)) for said in await keeping.prepare(inbox)])

    @routes.post("/inboxes/{inbox}/pause")
    async def pause(inbox: str, request: Request) -> InboxPart:
        """Send nothing until it is resumed; what arrives is kept (admins only)."""
        asking = await door.admin(request)
        await keeping.pause(inbox, asking.agent.name)
        return await _shown(keeping, inbox)

    @routes.post("/inboxes/{inbox}/resume")
    async def resume(inbox: str, request: Request) -> InboxPart:
        """Send again, in order (admins only)."""
        asking = await door.admin(request)
        await keeping.resume(inbox, asking.agent.id)
        return await _shown(keeping, inbox)

    return routes


async def _shown(keeping: InboxKeeping, inbox: str) -> InboxPart:
    return _part(keeping, await keeping.one(inbox), await keeping.backlog())


def _part(keeping: InboxKeeping, inbox: Inbox, backlog: Mapping[str, dict[str, int]]) -> InboxPart:
    settings = dict(inbox.settings)
    token = settings.pop(VERIFY_TOKEN, "")
    there = secrets_of(inbox, keeping.channels[inbox.channel])
    shown = replace(inbox, settings=settings, secrets={})
    return inbox_part(shown, there, keeping.webhook_url(inbox), token, backlog.get(inbox.id, {}))
