"""The app of the service: HTTP goes through the framework, and the sockets' doors lead past it.

What stands between server and door lives as long as the socket does. The framework's layers, each with a frame of its
own, and what they note beside the request cost 11 KiB for each open socket (measured: docs/performance.md).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

Door = Callable[[WebSocket], Awaitable[None]]


class App(FastAPI):
    """``doors`` serve the sockets of their paths. A door answers its own errors: nothing else would."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.doors: dict[str, Door] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Any other path, and everything that is no socket, is the framework's."""
        door = self.doors.get(scope["path"]) if scope["type"] == "websocket" else None
        if door is None:
            await super().__call__(scope, receive, send)
        else:
            await door(WebSocket(scope, receive, send))
