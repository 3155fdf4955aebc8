"""A websocket client for tests: sends frames, reads frames, and fails plainly when what it waits for does not come."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

Json = dict[str, Any]
PATIENCE_SECONDS = 10.0


class Page:
    """One open socket, as a page has it. ``heard`` keeps every frame that came."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.heard: list[Json] = []
        self._rows: list[Json] = []

    async def says(self, **frame: Any) -> None:
        await self.connection.send(json.dumps(frame))

    async def sends_raw(self, raw: str | bytes) -> None:
        await self.connection.send(raw)

    async def hears(self, kind: str, where: Callable[[Json], bool] = lambda _: True) -> Json:
        """The next frame of type ``kind`` for which ``where`` holds; others are kept and passed over."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                frame = await self._next()
                self.heard.append(frame)
                if frame["type"] == kind and where(frame):
                    return frame

    async def _next(self) -> Json:
        """The next frame; gathered rows are as many rows as if each had come by itself."""
        if not self._rows:
            frame: Json = json.loads(await self.connection.recv())
            self._rows = frame["rows"] if frame["type"] == "conversations" else [frame]
        return self._rows.pop(0)

    async def is_closed(self) -> int:
        """Read until the other side closes; the close code."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            try:
                while True:
                    self.heard.append(await self._next())
            except ConnectionClosed as closed:
                return closed.rcvd.code if closed.rcvd else 1006

    def errors(self) -> list[str]:
        return [frame["code"] for frame in self.heard if frame["type"] == "error"]

    def offsets(self) -> list[int]:
        return [frame["offset"] for frame in self.heard if frame["type"] == "entry"]


@asynccontextmanager
async def page(address: str, path: str, *, origin: str | None = None, **headers: str) -> AsyncIterator[Page]:
    """Open ``path`` at ``address``; ``headers`` names use underscores for dashes."""
    extra = {name.replace("_", "-"): value for name, value in headers.items()}
    async with connect(
        f"ws://{address}{path}", origin=origin, additional_headers=extra, compression=None, proxy=None, max_size=2**22
    ) as connection:
        yield Page(connection)
