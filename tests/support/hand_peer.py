"""The other side of one socket without a network: a page that reads, stops reading, or is gone when a test says so."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from starlette.types import Message
from starlette.websockets import WebSocket, WebSocketDisconnect

from handover.wire_end import WIRE

Json = dict[str, Any]


async def eventually(holds: Callable[[], bool]) -> None:
    """Until ``holds``, with everybody else taking their turns meanwhile."""
    async with asyncio.timeout(15):
        while True:
            if holds():
                return
            await asyncio.sleep(0)


class HandPeer:
    """``heard`` holds every frame that was sent to it, ``closed`` the code it was closed with."""

    def __init__(self) -> None:
        self.heard: list[Json] = []
        self.closed: int | None = None
        self.gone = False
        self.reads = asyncio.Event()
        self.reads.set()
        self._news = asyncio.Event()
        self._sent: asyncio.Queue[Message] = asyncio.Queue()
        self._sent.put_nowait({"type": "websocket.connect"})
        self._offered = 0
        extensions = {WIRE: {"wire": self}}
        scope = {
            "type": "websocket", "path": "/", "headers": [], "query_string": b"", "client": ("192.0.2.1", 1),
            "extensions": extensions,
        }  # fmt: skip
        self.websocket = WebSocket(scope, receive=self._sent.get, send=self.take)

    def says(self, **frame: Any) -> None:
        self._sent.put_nowait({"type": "websocket.receive", "text": json.dumps(frame)})

    def hangs_up(self) -> None:
        self.gone = True
        self._sent.put_nowait({"type": "websocket.disconnect", "code": 1006})

    def send_now(self, text: str) -> bool:
        """As the server's end does; every third frame would have to wait."""
        self._offered += 1
        if self.gone or not self.reads.is_set() or self.closed is not None or self._offered % 3 == 0:
            return False
        self.heard.append(json.loads(text))
        self._news.set()
        return True

    def probe(self) -> None:
        """It is there."""

    async def take(self, message: Message) -> None:
        await self.reads.wait()
        if self.gone:
            raise WebSocketDisconnect(1006)
        if message["type"] == "websocket.send":
            self.heard.append(json.loads(message["text"]))
        elif message["type"] == "websocket.close":
            self.closed = message["code"]
        self._news.set()

    async def until_heard(self, kind: str, count: int = 1) -> None:
        """Until so many frames of ``kind`` have come."""
        async with asyncio.timeout(15):
            while len(self.of(kind)) < count:
                assert self.closed is None, self.heard[-1]
                self._news.clear()
                await self._news.wait()

    def of(self, kind: str) -> list[Json]:
        return [frame for frame in self.heard if frame["type"] == kind]
