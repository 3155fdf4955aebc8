"""HTTP/1.1 to a near and trusted server, below `httpx2`, with as little work as can be: the way to Rasa.

The usual transport costs a millisecond of processor time for a request whose answer is 10 KB, half of it in layers
between the request and the socket, and sends head and body apart, which wakes the other side twice. This one writes
both at once and has the answer read by `httptools`, the parser that serves our own HTTP. Only ``http://``, only answers
that say where they end; it keeps no time and bounds nothing: who asks does both.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import cast

import httpx2
from httptools import HttpParserError, HttpResponseParser

_Address = tuple[str, int]
_MUCH = 256 * 1024  # bytes that may wait to be read before the other side has to


class PlainTransport(httpx2.AsyncBaseTransport):
    """Keeps connections for ``keep`` seconds after an answer. Raises httpx2.TransportError, as every transport."""

    def __init__(self, *, keep: float) -> None:
        self._keep = keep
        self._idle: dict[_Address, list[_Line]] = {}

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """The answer, whose body is still to come. Raises UnsupportedProtocol for anything but ``http``."""
        if request.url.scheme != "http":
            raise httpx2.UnsupportedProtocol(f"This transport speaks http only, not {request.url.scheme}.")
        whole = _written(request, await request.aread())
        address = (request.url.host, request.url.port or 80)
        line = self._free(address) or await _connected(address)
        try:
            await line.ask(whole)
        except BaseException:
            line.close()
            raise
        return httpx2.Response(
            line.status,
            headers=line.headers,
            stream=_Body(self, address, line),
            extensions={"http_version": b"HTTP/1.1"},
        )

    def _free(self, address: _Address) -> _Line | None:
        kept = self._idle.get(address, [])
        while kept:
            line = kept.pop()
            if line.open and time.monotonic() - line.answered < self._keep:
                return line
            line.close()
        return None

    def give_back(self, address: _Address, line: _Line) -> None:
        """``line`` has been read to its end, or will not be."""
        if line.complete and line.open and line.keeps:
            line.answered = time.monotonic()
            self._idle.setdefault(address, []).append(line)
        else:
            line.close()

    async def aclose(self) -> None:
        """Hang up what is idle; what is in use is hung up by its own end."""
        for kept in self._idle.values():
            for line in kept:
                line.close()
        self._idle.clear()


async def _connected(address: _Address) -> _Line:
    try:
        _, line = await asyncio.get_running_loop().create_connection(_Line, *address)
    except OSError as error:
        raise httpx2.ConnectError(f"{address[0]}:{address[1]} cannot be reached: {error}") from error
    return line


def _written(request: httpx2.Request, body: bytes) -> bytes:
    """The whole request. Names and values come from us; one that would end its line is refused."""
    lines = [b"%s %s HTTP/1.1" % (request.method.encode("ascii"), request.url.raw_path)]
    lines += [b"%s: %s" % header for header in request.headers.raw]
    if any(b"\r" in line or b"\n" in line for line in lines):
        raise httpx2.LocalProtocolError("A header of this request holds the end of a line.")
    return b"\r\n".join([*lines, b"", body])


class _Line(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.complete = self.keeps = self.open = False
        self.answered = 0.0
        self._pieces: list[bytes] = []
        self._waiting = 0
        self._failure: httpx2.TransportError | None = None
        self._headed = self._paused = False
        self._news = asyncio.Event()
        self._transport: asyncio.Transport | None = None
        self._parser = HttpResponseParser(self)

    async def ask(self, whole: bytes) -> None:
        """Send it and wait for the head of the answer."""
        assert self._transport is not None
        self.headers, self.complete, self._headed = [], False, False
        self._parser = HttpResponseParser(self)
        self._transport.write(whole)
        while not self._headed:
            await self._more()

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body as it comes."""
        while True:
            some, self._pieces, self._waiting = self._pieces, [], 0
            if self._paused and self._transport is not None and self.open:
                self._paused = False
                self._transport.resume_reading()
            for piece in some:
                yield piece
            if self.complete and not self._pieces:
                return
            if not self._pieces:
                await self._more()

    async def _more(self) -> None:
        if self._failure is not None:
            raise self._failure
        self._news.clear()
        await self._news.wait()
        if self._failure is not None and not self._pieces and not self.complete:
            raise self._failure

    def close(self) -> None:
        """Hang up at once: whoever works on the answer is to stop."""
        self.open = False
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport, self.open = cast("asyncio.Transport", transport), True

    def connection_lost(self, error: Exception | None) -> None:
        self.open = False
        self._fail(httpx2.ReadError("The server hung up in the middle of an answer."))

    def eof_received(self) -> None:
        self.open = False

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except HttpParserError as error:
            self._fail(httpx2.RemoteProtocolError(f"The server's answer is not HTTP: {error}"))
            self.close()
        if self._waiting > _MUCH and not self._paused and self._transport is not None and self.open:
            self._paused = True
            self._transport.pause_reading()
        self._news.set()

    def _fail(self, why: httpx2.TransportError) -> None:
        if self._failure is None:
            self._failure = why
        self._news.set()

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        self.status = self._parser.get_status_code()
        self._headed = self.status >= 200
        if not self._headed:
            self.headers = []  # "100 Continue" and the like: the answer is still to come

    def on_body(self, body: bytes) -> None:
        self._pieces.append(body)
        self._waiting += len(body)

    def on_message_complete(self) -> None:
        if self._headed:
            self.complete, self.keeps = True, self._parser.should_keep_alive()


class _Body(httpx2.AsyncByteStream):
    def __init__(self, transport: PlainTransport, address: _Address, line: _Line) -> None:
        self._transport, self._address, self._line = transport, address, line
        self._given_back = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._line.pieces()

    async def aclose(self) -> None:
        if not self._given_back:
            self._given_back = True
            self._transport.give_back(self._address, self._line)
