"""What Redis says on a connection that is open, taken in as it comes: several replies cost one turn of the loop.

The client opens the connection (address, password, TLS); its own reading costs several turns for each reply.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

# So many at most are given at once: a flood must leave room for everybody else.
AT_ONCE = 64


class Refused(Exception):
    """Redis answered with an error."""


class Replies(asyncio.Protocol):
    """The reading end of ``transport``, which it takes over: RESP2, https://redis.io/docs/latest/develop/reference/protocol-spec/.

    A reply is a number, a text as bytes, None, or a list of these.
    """  # fmt: skip

    def __init__(self, transport: asyncio.Transport) -> None:
        self.transport = transport
        self._rest = bytearray()
        self._come: deque[Any] = deque()
        self._gone: Exception | None = None
        self._something: asyncio.Future[None] | None = None
        self._room: asyncio.Future[None] | None = None
        transport.set_protocol(self)
        transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        self._rest += data
        at = 0
        try:
            while (found := _reply(self._rest, at)) is not None:
                reply, at = found
                self._come.append(reply)
        except ValueError:
            self._ends(ConnectionError("this is not how Redis speaks"))
            self.transport.abort()
        del self._rest[:at]
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._ends(exc or ConnectionResetError("Redis has closed the connection"))

    def pause_writing(self) -> None:
        self._room = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        room, self._room = self._room, None
        if room is not None and not room.done():
            room.set_result(None)

    async def write(self, data: bytes) -> None:
        """Send ``data``, and wait until there is room for more. Raises OSError when the connection is gone."""
        if self._gone is not None:
            raise self._gone
        self.transport.write(data)
        if self._room is not None:
            await asyncio.shield(self._room)
            if self._gone is not None:
                raise self._gone

    async def read(self) -> list[Any]:
        """Wait for replies and give what has come, in order. Raises OSError when the connection is gone; Refused."""
        while not self._come:
            if self._gone is not None:
                raise self._gone
            self._something = asyncio.get_running_loop().create_future()
            await self._something
        come = [self._come.popleft() for _ in range(min(AT_ONCE, len(self._come)))]
        for reply in come:
            if isinstance(reply, Refused):
                raise reply
        return come

    def _ends(self, why: Exception) -> None:
        if self._gone is None:
            self._gone = why if isinstance(why, OSError) else ConnectionError(str(why))
        self.resume_writing()
        self._wake()

    def _wake(self) -> None:
        if self._something is not None and not self._something.done():
            self._something.set_result(None)


def packed(command: tuple[str | bytes, ...]) -> bytes:
    """A command as Redis takes it."""
    parts = [part.encode() if isinstance(part, str) else part for part in command]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%b\r\n" % (len(part), part) for part in parts)


def _reply(said: bytearray, at: int) -> tuple[Any, int] | None:
    """The reply that begins at ``at`` and where the next one does; None when it is not whole. Raises ValueError."""
    end = said.find(b"\r\n", at)
    if end < 0:
        return None
    kind, head, after = said[at], bytes(said[at + 1 : end]), end + 2
    if kind == ord("$"):
        return _text(said, int(head), after)
    if kind == ord("*"):
        return _list(said, int(head), after)
    if kind == ord(":"):
        return int(head), after
    if kind == ord("+"):
        return head, after
    if kind == ord("-"):
        return Refused(head.decode(errors="replace")), after
    raise ValueError


def _text(said: bytearray, length: int, at: int) -> tuple[Any, int] | None:
    if length < 0:
        return None, at
    end = at + length
    return None if len(said) < end + 2 else (bytes(said[at:end]), end + 2)


def _list(said: bytearray, length: int, at: int) -> tuple[Any, int] | None:
    if length < 0:
        return None, at
    found = []
    for _ in range(length):
        one = _reply(said, at)
        if one is None:
            return None
        value, at = one
        found.append(value)
    return found, at
