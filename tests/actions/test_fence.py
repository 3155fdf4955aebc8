"""Before an effect the service is asked; only a clear yes is a yes. Over a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from actions.asked import Turn
from actions.fence import Fenced, FenceUnknown, ServiceFence

TURN = Turn("turn-7", 3)


@asynccontextmanager
async def service(status: str) -> AsyncIterator[tuple[str, list[str]]]:
    """A service that answers everything with ``status``; gives its address and the request heads it saw."""
    heads: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(f"HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", heads
    finally:
        server.close()
        await server.wait_closed()


async def test_a_turn_that_may_go_on_passes_and_is_named_with_its_epoch_and_token() -> None:
    async with service("204 No Content") as (url, heads):
        await ServiceFence(url, "secret").pass_or_raise(TURN)
    assert heads[0].startswith("GET /internal/turns/turn-7?epoch=3 HTTP/1.1")
    assert "authorization: bearer secret" in heads[0].lower()


@pytest.mark.parametrize(
    ("status", "error"),
    [
        ("409 Conflict", Fenced),
        ("401 Unauthorized", FenceUnknown),
        ("404 Not Found", FenceUnknown),
        ("500 Oops", FenceUnknown),
        ("200 OK", FenceUnknown),
    ],
)
async def test_anything_but_a_clear_yes_is_a_no(status: str, error: type[Exception]) -> None:
    async with service(status) as (url, _):
        with pytest.raises(error):
            await ServiceFence(url, None).pass_or_raise(TURN)


async def test_a_service_that_cannot_be_reached_is_a_no() -> None:
    async with service("204 No Content") as (url, _):
        gone = url
    with pytest.raises(FenceUnknown):
        await ServiceFence(gone, None).pass_or_raise(TURN)


async def test_a_message_that_came_from_no_service_passes_without_asking() -> None:
    async with service("409 Conflict") as (url, heads):
        await ServiceFence(url, None).pass_or_raise(Turn())
    assert heads == []
