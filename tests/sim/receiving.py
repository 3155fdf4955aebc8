"""A service that takes webhooks, verifies and reads them with the product's channels, and keeps the events."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.channels.channel import Arrived, Event
from bot.channels.registry import CHANNELS
from handover.inboxes import Inbox


@dataclass
class Receiver:
    """``statuses`` are answered first, one for each webhook, then 200."""

    inboxes: dict[str, Inbox]
    url: str = ""
    events: list[Event] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)

    async def post(self, request: Request) -> Response:
        inbox = self.inboxes[request.path_params["channel"]]
        arrived = await _arrived(request)
        channel = CHANNELS[inbox.channel]
        if not channel.verify(inbox, arrived):
            return PlainTextResponse("bad signature", 401)
        if self.statuses and (status := self.statuses.pop(0)) != 200:
            return PlainTextResponse("not now", status)
        self.bodies.append(arrived.body)
        self.events.extend(channel.parse(arrived.body, arrived.headers))
        return PlainTextResponse("ok")

    async def get(self, request: Request) -> Response:
        inbox = self.inboxes[request.path_params["channel"]]
        shaken = CHANNELS[inbox.channel].handshake(inbox, await _arrived(request))
        return Response(shaken.body, 200 if shaken.ours else 403, media_type=shaken.media_type)


async def _arrived(request: Request) -> Arrived:
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Arrived(await request.body(), headers, dict(request.query_params))


@contextmanager
def receiving(*inboxes: Inbox) -> Iterator[Receiver]:
    """The service, on a free port in a thread."""
    receiver = Receiver({inbox.channel: inbox for inbox in inboxes})
    path = "/webhooks/{channel}/{key}"
    routes = [Route(path, receiver.post, methods=["POST"]), Route(path, receiver.get, methods=["GET"])]
    listener = socket.create_server(("127.0.0.1", 0))
    receiver.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    config = uvicorn.Config(Starlette(routes=routes), ws="none", lifespan="off", log_level="warning")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.should_exit = server.force_exit = True
        thread.join(timeout=10)
        listener.close()
