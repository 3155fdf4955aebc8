"""The least HTTP/1.1 that a test partner needs: one small server, one small call, nothing but asyncio."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import IntEnum
from urllib.parse import urlsplit

_MOST = 32 * 1024 * 1024


class Status(IntEnum):
    """What callers here look at; UNREACHABLE is ours: nobody answered, or not HTTP."""

    UNREACHABLE = 0
    OK = 200
    NO_CONTENT = 204
    CONFLICT = 409


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    body: bytes
    last: bool = False


Answer = Callable[[Request], Awaitable[tuple[int, object]]]


async def serve_http(answer: Answer, port: int) -> asyncio.Server:
    """Answers every request with ``answer``'s status and JSON; connections are kept open."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # What is no HTTP ends the connection: behind a fault proxy anything may come.
        with contextlib.suppress(asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError, ValueError):
            while True:
                request = await _read(reader)
                status, body = await answer(request)
                content = json.dumps(body).encode()
                head = (
                    f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {len(content)}\r\n\r\n"
                )
                writer.write(head.encode() + content)
                await writer.drain()
                if request.last:
                    break
        writer.close()

    return await asyncio.start_server(serve, "127.0.0.1", port, backlog=512)


async def _read(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, path, _ = head[0].split(" ")
    length, last = 0, False
    for line in head[1:]:
        name, _, value = line.partition(":")
        if name.lower() == "content-length":
            length = int(value)
        if name.lower() == "connection" and "close" in value:
            last = True
    if not 0 <= length <= _MOST:
        raise ValueError("that is no request")
    return Request(method, path, await reader.readexactly(length) if length else b"", last)


async def asked(url: str, *, token: str | None = None, body: bytes | None = None, seconds: float = 2.0) -> Status | int:
    """The status of one GET (with ``body`` a POST); UNREACHABLE when there is none in time."""
    status, _ = await fetched(url, token=token, body=body, seconds=seconds)
    return status


async def fetched(
    url: str, *, token: str | None = None, body: bytes | None = None, seconds: float = 2.0
) -> tuple[int, bytes]:
    """Status and body of one call on a connection of its own."""
    try:
        async with asyncio.timeout(seconds):
            return await _call(url, token, body)
    except (OSError, TimeoutError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        return Status.UNREACHABLE, b""


async def _call(url: str, token: str | None, body: bytes | None) -> tuple[int, bytes]:
    parts = urlsplit(url)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        lines = [f"{'GET' if body is None else 'POST'} {path} HTTP/1.1", f"host: {parts.netloc}", "connection: close"]
        if token is not None:
            lines.append(f"authorization: Bearer {token}")
        if body is not None:
            lines += ["content-type: application/json", f"content-length: {len(body)}"]
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode() + (body or b""))
        answer = await reader.read(_MOST)
        while piece := await reader.read(65_536):
            answer += piece
        head, _, content = answer.partition(b"\r\n\r\n")
        return int(head.split(b" ", 2)[1]), content
    except IndexError as odd:
        raise ValueError("that is no answer") from odd
    finally:
        writer.close()
