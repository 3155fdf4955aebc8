"""A websocket client for load: one `asyncio.Protocol` per connection, text frames as bytes, no JSON unless asked.

It masks with zeros (RFC 6455, 5.3 asks for a mask and lets a client choose it), so that a payload is sent as it is. It
speaks to servers that are ours or controls of ours, over plain TCP, without extensions. What such a server may do but
none of these does (fragments, binary frames) is an error. Runs on uvloop and on asyncio's own loop, with thousands of
connections in one process.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import socket
from collections.abc import Callable, Mapping
from typing import cast

Heard = Callable[[bytes], None]
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, 1.3
_TEXT, _CLOSE, _PING, _PONG = 1, 8, 9, 10
_FIN = 0x80
_MASKED = 0x80
_MASK = bytes(4)
_GONE = 1006  # RFC 6455, 7.4.1: ended without a close frame


class WireError(Exception):
    """The other side refused the handshake, or sent what a server may not or what nothing here reads."""


class Wire(asyncio.Protocol):
    """One connection. ``heard`` gets each text frame's payload, in the loop, as it comes; it may be put in anew.

    ``ended`` is None while the connection is open, then its close code, 1006 without a close frame. ``lost`` is called
    with it. ``bytes_in`` counts all that was read.
    """

    __slots__ = ("_answer", "_begun", "_rest", "_transport", "bytes_in", "ended", "heard", "lost")

    def __init__(self, heard: Heard | None = None, lost: Callable[[int], None] | None = None) -> None:
        self.heard: Heard = heard or _nobody
        self.lost = lost
        self.ended: int | None = None
        self.bytes_in = 0
        self._rest = b""
        self._begun: asyncio.Future[None] | None = None
        self._answer = b""
        self._transport: asyncio.Transport | None = None

    async def begin(self, request: bytes, answer: bytes) -> None:
        """Send the handshake and wait until it was accepted under ``answer``. Raises WireError."""
        self._begun, self._answer = asyncio.get_running_loop().create_future(), answer
        assert self._transport is not None
        self._transport.write(request)
        await self._begun

    def say(self, payload: bytes) -> None:
        """Send one text frame. What is said after the end goes nowhere."""
        if self._transport is not None and self.ended is None:
            self._transport.write(frame(_TEXT, payload))

    def close(self, code: int = 1000) -> None:
        """Say good-bye and hang up."""
        if self._transport is not None and self.ended is None:
            self._transport.write(frame(_CLOSE, code.to_bytes(2, "big")))
            self._transport.close()

    def abort(self) -> None:
        """Hang up without a word."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by descent

    def data_received(self, data: bytes) -> None:
        self.bytes_in += len(data)
        if self._begun is not None:
            data = self._shake(data)
        if self._rest:
            data = self._rest + data
        self._rest = self._read(data) if data else b""

    def connection_lost(self, exc: Exception | None) -> None:
        if self._begun is not None and not self._begun.done():
            self._begun.set_exception(WireError(f"hung up in the handshake: {self._rest[:200]!r}"))
        if self.ended is None:
            self.ended = _GONE
        if self.lost is not None:
            self.lost(self.ended)

    def _shake(self, data: bytes) -> bytes:
        """Read the answer to the handshake; returns what came after it."""
        self._rest += data
        head, found, after = self._rest.partition(b"\r\n\r\n")
        if not found or self._begun is None:
            return b""
        begun, self._begun, self._rest = self._begun, None, b""
        if b" 101 " not in head.split(b"\r\n", 1)[0] or self._answer not in head:
            if not begun.done():
                begun.set_exception(WireError(f"refused: {head[:80]!r} {after[:300]!r}"))
            self.abort()
            return b""
        if not begun.done():
            begun.set_result(None)
        return after

    def _read(self, data: bytes) -> bytes:
        """Hand over every whole frame in ``data``; returns the rest."""
        at, end = 0, len(data)
        while end - at >= 2:
            first, size = data[at], data[at + 1]
            body = at + 2
            if size >= 126:
                body = at + (4 if size == 126 else 10)
                if size > 127:
                    raise WireError("a server may not mask")
                if end < body:
                    break
                size = int.from_bytes(data[at + 2 : body], "big")
            at_end = body + size
            if end < at_end:
                break
            if first == _FIN | _TEXT:
                self.heard(data[body:at_end])
            else:
                self._control(first, data[body:at_end])
            at = at_end
        return data[at:]

    def _control(self, first: int, payload: bytes) -> None:
        if self._transport is None or self.ended is not None:
            return
        if first == _FIN | _PING:
            self._transport.write(frame(_PONG, payload))
        elif first == _FIN | _CLOSE:
            self.ended = int.from_bytes(payload[:2], "big") if len(payload) >= 2 else 1005
            self._transport.write(frame(_CLOSE, payload[:2]))
            self._transport.close()
        elif first != _FIN | _PONG:
            self._transport.abort()
            raise WireError(f"nothing here reads a frame that begins with {first:#04x}")


def frame(opcode: int, payload: bytes) -> bytes:
    """A client's whole frame, masked with zeros."""
    size = len(payload)
    if size < 126:
        head = bytes((_FIN | opcode, _MASKED | size))
    elif size < 65_536:
        head = bytes((_FIN | opcode, _MASKED | 126)) + size.to_bytes(2, "big")
    else:
        head = bytes((_FIN | opcode, _MASKED | 127)) + size.to_bytes(8, "big")
    return head + _MASK + payload


async def dial(
    address: tuple[str, int],
    path: str,
    heard: Heard | None = None,
    *,
    headers: Mapping[str, str] | None = None,
    source: str | None = None,
    lost: Callable[[int], None] | None = None,
    seconds: float = 30.0,
) -> Wire:
    """Open a socket at ``address``, from the loopback address ``source`` if one is given.

    Raises WireError when the handshake is refused, OSError when nobody answers, TimeoutError after ``seconds``.
    """
    key = base64.b64encode(os.urandom(16))
    answer = base64.b64encode(hashlib.sha1(key + _GUID, usedforsecurity=False).digest())
    lines = [
        f"GET {path} HTTP/1.1", f"Host: {address[0]}:{address[1]}", "Upgrade: websocket", "Connection: Upgrade",
        f"Sec-WebSocket-Key: {key.decode()}", "Sec-WebSocket-Version: 13",
        *(f"{name}: {value}" for name, value in (headers or {}).items()),
    ]  # fmt: skip
    async with asyncio.timeout(seconds):
        _, wire = await asyncio.get_running_loop().create_connection(
            lambda: Wire(heard, lost), sock=await _connected(address, source)
        )
        try:
            await wire.begin("\r\n".join([*lines, "", ""]).encode(), answer)
        except BaseException:
            wire.abort()  # who gives up leaves nothing behind that the server would go on with
            raise
    return wire


async def _connected(address: tuple[str, int], source: str | None) -> socket.socket:
    raw = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        raw.setblocking(False)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if source is not None:
            raw.bind((source, 0))
        await asyncio.get_running_loop().sock_connect(raw, address)
    except BaseException:
        raw.close()
        raise
    return raw


def _nobody(payload: bytes) -> None:
    """Whoever listens comes later."""
