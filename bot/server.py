"""How the app is served: the sockets' settings, peers that are gone, and an end that sends everybody elsewhere."""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable

import uvicorn
from fastapi import FastAPI

from bot.log_lines import log_plainly
from bot.settings import Settings
from bot.wire import Wire

# What a peer may leave unread or unacknowledged before the system gives the connection up, in milliseconds. A peer
# that reads nothing could not be closed otherwise: what is in the pipe goes before the close.
_UNREAD_MS = 30_000

Drain = Callable[[Callable[[], bool]], Awaitable[None]]


class Server(uvicorn.Server):
    """Serves ``app``, which keeps in ``app.state.drain`` how its sockets are sent away."""

    def __init__(self, config: uvicorn.Config, app: FastAPI, serving: Callable[[], None]) -> None:
        super().__init__(config)
        self._app = app
        self._serving = serving

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for listener in (listener for server in self.servers for listener in server.sockets):
            if hasattr(socket, "TCP_USER_TIMEOUT"):
                listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNREAD_MS)
        self._serving()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept nobody more, send everybody away a few at a time, then stop."""
        for server in self.servers:
            server.close()
        drain: Drain = self._app.state.drain
        await drain(lambda: self.force_exit)
        await super().shutdown(sockets)


def server(settings: Settings, app: FastAPI, serving: Callable[[], None] = lambda: None) -> Server:
    """The server as it runs everywhere. ``serving`` is called when its socket is open."""
    log_plainly(settings.log_format)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        ws=Wire,
        ws_max_size=settings.socket_max_bytes,
        # Compression costs memory per socket, and secrets beside chosen text do not belong in one stream.
        ws_per_message_deflate=False,
        lifespan="on",
        server_header=False,
        proxy_headers=True,
        forwarded_allow_ips=settings.forwarded_allow_ips,
        # The drain before it takes two fifths at most, and closing the rest of the service needs a moment.
        timeout_graceful_shutdown=max(1, settings.shutdown_seconds * 2 // 5),
        log_level="warning",
        log_config=None,  # its lines go where all go, in the same form
    )
    return Server(config, app, serving)
