"""The simulated platforms as one ASGI app: reads a request, lets its platform answer, keeps a record, makes faults."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

from tests.sim.calls import Asked, Refusal, Reply, Told
from tests.sim.graph import Messaging
from tests.sim.line import Line
from tests.sim.post import Poster, webhook
from tests.sim.telegram import Telegram
from tests.sim.whatsapp import WhatsApp
from tests.sim.world import Platform, World
from tests.sim.x import X

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Page = Callable[[Asked], Awaitable[Reply]]

_LONGEST_HOLD = 120.0  # seconds; nobody waits longer for an answer

BASES = ("graph", "instagram", "telegram", "telegram_file", "x", "line", "line_data")


def platforms_of(world: World) -> dict[str, Platform]:
    """Every platform by its channel."""
    family = (Messaging(world, "messenger"), Messaging(world, "instagram"), WhatsApp(world), Telegram(world))
    return {one.channel: one for one in (*family, X(world), Line(world))}


class Platforms:
    """The app. The first piece of a path says which API is meant, as in `BASES`; the rest is the platform's own.

    ``lines`` holds the open connections, by the port of their other end, so that one can be dropped; see `driver`.
    """

    def __init__(self, world: World, poster: Poster) -> None:
        self._world, self._poster = world, poster
        self.by_channel = platforms_of(world)
        self.page: Page | None = None
        self.lines: dict[int, asyncio.Transport] = {}
        self._after: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = await _asked(scope, receive)
        if asked is None:
            return  # who asked died before all was said
        reply = await self._reply(asked)
        if reply is None:
            self.lines[scope["client"][1]].abort()
            while (await receive())["type"] != "http.disconnect":
                pass
            return
        raw = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        headers = {"content-type": "application/json", **{name.lower(): one for name, one in reply.headers.items()}}
        pairs = [(name.encode(), one.encode()) for name, one in headers.items()]
        await send({"type": "http.response.start", "status": reply.status, "headers": pairs})
        await send({"type": "http.response.body", "body": raw})

    async def _reply(self, asked: Asked) -> Reply | None:
        """None: the connection is to be dropped."""
        if asked.base == "media":
            file = self._world.files.get(asked.path.split("/")[1])
            return Reply(200, file.content, {"content-type": file.media_type}) if file else Reply(404, b"")
        if asked.base not in BASES:
            return await self.page(asked) if self.page is not None else self._strange(asked)
        platform = self._platform(asked)
        try:
            told = platform.understand(asked)
        except Refusal as why:
            self._world.ledger.wrong(f"{asked.base}: {why.why}")
            return why.reply
        told.at = self._world.clock.now()
        self._world.ledger.add(told)
        return await self._answer(platform, told)

    async def _answer(self, platform: Platform, told: Told) -> Reply | None:
        sends = told.what == "send"
        fault = self._world.faults.taken(told.channel) if sends else None
        # Asked for before anybody can see the send: a hold that is made because of it is for the next one.
        held = self._world.faults.held(told.person) if sends else None
        reply = self._taken(platform, told) if fault is None or fault.applied else None
        if told.accepted and self._world.automatic:
            self._later(platform, told)
        if held is not None:
            await asyncio.to_thread(held.opened.wait, _LONGEST_HOLD)
            self._world.faults.forget(str(told.person))
        answer = reply if fault is None else fault.reply
        told.status = answer.status if answer is not None else None
        self._world.ledger.changed()
        return answer

    def _taken(self, platform: Platform, told: Told) -> Reply:
        try:
            return platform.take(told)
        except Refusal as why:
            if why.wrong:
                self._world.ledger.wrong(why.why)
            return why.reply

    def _later(self, platform: Platform, told: Told) -> None:
        """Post what the platform tells of a send by itself, without keeping its answer waiting."""
        account = self._world.accounts.of(told.channel, told.account)
        hooks = [webhook(account, body) for body in platform.afterwards(told)]

        async def post() -> None:
            for hook in hooks:
                await self._poster.deliver(hook)

        if hooks and self._world.service:
            task = asyncio.get_running_loop().create_task(post())
            self._after.add(task)
            task.add_done_callback(self._after.discard)

    def _platform(self, asked: Asked) -> Platform:
        """Messenger, WhatsApp and Instagram through a page have one address: the token tells which it is."""
        if asked.base == "graph":
            account = self._world.accounts.by_token(asked.token, "messenger", "whatsapp", "instagram")
            return self.by_channel[account.channel if account else "messenger"]
        return self.by_channel[{"telegram_file": "telegram", "line_data": "line"}.get(asked.base, asked.base)]

    def _strange(self, asked: Asked) -> Reply:
        self._world.ledger.wrong(f"{asked.method} /{asked.base}{asked.path}: no such platform")
        return Reply(404, b"")

    async def quiet(self) -> None:
        """Until everything that follows from the sends so far is posted."""
        while self._after:
            await asyncio.gather(*self._after)


async def _asked(scope: Scope, receive: Receive) -> Asked | None:
    """The whole request; None when the line was cut within it: no platform takes a part of one."""
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        more = message.get("more_body", False)
    base, _, rest = scope["path"].removeprefix("/").partition("/")
    query = dict(parse_qsl(scope["query_string"].decode(), keep_blank_values=True))
    headers = {name.decode().lower(): value.decode("latin-1") for name, value in scope["headers"]}
    return Asked(base, scope["method"], f"/{rest}", query, headers, body)
