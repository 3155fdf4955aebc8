"""A tiny TCP proxy in a thread: one address for pages, and behind it whichever service the test points it at."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator


class SwitchOver:
    """New connections go to the first of ``targets`` that takes them; open ones stay where they are."""

    def __init__(self, *targets: int) -> None:
        self.targets = targets
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._over = asyncio.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._carry, "127.0.0.1", self.port)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._over.wait()
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = await self._open()
        if there is not None:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.gather(_copy(reader, there[1]), _copy(there[0], writer))
        writer.close()

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        for port in self.targets:
            with contextlib.suppress(OSError):
                return await asyncio.open_connection("127.0.0.1", port)
        return None

    @contextlib.contextmanager
    def running(self) -> Iterator[SwitchOver]:
        thread = threading.Thread(target=lambda: self._loop.run_until_complete(self._serve()), daemon=True)
        thread.start()
        assert self._ready.wait(20), "the proxy did not start"
        try:
            yield self
        finally:
            self._loop.call_soon_threadsafe(self._over.set)
            thread.join(20)
            self._loop.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    with contextlib.suppress(OSError):
        writer.close()
