"""HTTP for load on the loopback: keep-alive connections and whole answers, with as little work as can be.

Reads answers that name their length, as Rasa's and ours do; anything else is an error.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

Answer = tuple[int, bytes]
_Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Pool:
    """Connections to ``address``: one for each request under way, used again. An async context manager."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._address = address
        self._idle: list[_Line] = []
        self._host = f"{address[0]}:{address[1]}".encode()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for _, writer in self._idle:
            writer.close()

    async def get(self, path: str) -> Answer:
        """Status and body. Raises OSError, or EOFError when the other side hung up."""
        return await self.ask("GET", path, b"")

    async def post(self, path: str, body: bytes) -> Answer:
        """As `get`, with JSON in ``body``."""
        return await self.ask("POST", path, body)

    async def ask(self, method: str, path: str, body: bytes) -> Answer:
        """One request, on a connection nobody uses; one that was let go by the other side is opened anew."""
        request = (
            f"{method} {path} HTTP/1.1\r\nHost: {self._host.decode()}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        ).encode() + body
        while self._idle:
            line = self._idle.pop()
            if line[0].at_eof() or line[1].is_closing():
                line[1].close()
                continue
            return await self._on(line, request)
        return await self._on(await asyncio.open_connection(*self._address), request)

    async def _on(self, line: _Line, request: bytes) -> Answer:
        reader, writer = line
        try:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            status, length = read_head(head)
            body = await reader.readexactly(length)
        except BaseException:
            writer.close()
            raise
        self._idle.append(line)
        return status, body


def read_head(head: bytes) -> tuple[int, int]:
    """Status and length of the body. Raises ValueError for an answer that names no length."""
    first, *lines = head.split(b"\r\n")
    for line in lines:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(first.split(b" ", 2)[1]), int(value)
    raise ValueError(f"an answer without a length: {first!r}")
