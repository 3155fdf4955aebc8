"""A TCP line to a server that a test can stall, or cut at the moment certain bytes pass."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal

from tests.support.distributed import Database


@dataclass
class Line:
    """Passes bytes on. ``open``: while it is not set nothing passes, and nobody is told.

    ``cut_at``: the next time these bytes come from the client the connection is cut, "before" the server gets them,
    or "after" it has answered and the answer is lost. ``sent`` counts what came in one piece from the client.
    """

    database: Database
    port: int = 0
    cut_at: bytes | None = None
    cut: Literal["before", "after"] = "before"
    cuts: int = 0
    sent: int = 0
    open: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        """The database's address by this line."""
        return self.database.url.replace(f":{self.database.server.port}/", f":{self.port}/")

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        there, onward = await asyncio.open_connection("127.0.0.1", self.database.server.port)
        back = asyncio.create_task(self._back(there, writer))
        with suppress(OSError, asyncio.CancelledError):
            while data := await reader.read(65_536):
                self.sent += 1
                await self.open.wait()
                if self.cut_at is not None and self.cut_at in data:
                    self.cut_at, self.cuts = None, self.cuts + 1
                    back.cancel()
                    if self.cut == "after":
                        await asyncio.wait({back})
                        onward.write(data)
                        await there.read(65_536)
                    break
                onward.write(data)
        back.cancel()
        await asyncio.wait({back})
        for end in (onward, writer):
            end.transport.abort()
        self._tasks.discard(task)

    async def _back(self, there: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.CancelledError):
            while data := await there.read(65_536):
                await self.open.wait()
                writer.write(data)
            writer.transport.abort()

    async def close(self) -> None:
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def line_to(database: Database) -> AsyncIterator[Line]:
    """A line that passes everything, for now."""
    line = Line(database)
    line.open.set()
    server = await asyncio.start_server(line.serve, "127.0.0.1", 0)
    line.port = server.sockets[0].getsockname()[1]
    try:
        yield line
    finally:
        server.close()
        await line.close()
        await server.wait_closed()
