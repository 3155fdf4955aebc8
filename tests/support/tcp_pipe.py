"""A pipe in front of a server on this machine that can be reset, stalled or garbled, for faults of one connection."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self


class TcpPipe:
    """Carries bytes both ways to ``target``, a port here, until told otherwise."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._open: set[asyncio.StreamWriter] = set()
        self._working: set[asyncio.Task[None]] = set()
        self._carries = asyncio.Event()
        self._carries.set()
        self._refuses = False
        self._garbles = False
        self.port = 0

    def reset(self) -> None:
        """Cut every connection and refuse new ones."""
        self._refuses = True
        for writer in self._open:
            writer.transport.abort()

    def stall(self) -> None:
        """Carry nothing more, but keep all connections open and take new ones."""
        self._carries.clear()

    def garble(self) -> None:
        """What comes back from the server is nonsense."""
        self._garbles = True

    def go_on(self) -> None:
        """Be an ordinary pipe again."""
        self._refuses = self._garbles = False
        self._carries.set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for task in self._working:
            task.cancel()
        await asyncio.gather(*self._working, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._refuses:
            writer.transport.abort()
            return
        there, back = await asyncio.open_connection("127.0.0.1", self._target)
        self._open |= {writer, back}
        for carrying in (self._carry(reader, back, False), self._carry(there, writer, True)):
            task = asyncio.create_task(carrying)
            self._working.add(task)
            task.add_done_callback(self._working.discard)

    async def _carry(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, answers: bool) -> None:
        try:
            while data := await source.read(65_536):
                await self._carries.wait()
                target.write(b"!nonsense\r\n" if answers and self._garbles else data)
                await target.drain()
        except OSError:
            pass  # cut by one of the two, or by `reset`
        finally:
            self._open.discard(target)
            target.transport.abort()
