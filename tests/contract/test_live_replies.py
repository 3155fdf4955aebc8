"""What Redis says is understood however it is cut into pieces, and on the loop that serves."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import uvloop
from hypothesis import given
from hypothesis import strategies as st

from handover.backends.live_redis_replies import AT_ONCE, Refused, Replies, packed
from handover.backends.live_redis_wire import RedisAddress
from tools.local_servers import RedisServer

values = st.recursive(
    st.none() | st.integers(-(2**40), 2**40) | st.binary(max_size=40), lambda inner: st.lists(inner, max_size=4)
)


class Line(asyncio.Transport):
    """What is written to it is kept; nobody is at the other end."""

    def __init__(self) -> None:
        super().__init__()
        self.written, self.aborted = b"", False

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.protocol = protocol

    def resume_reading(self) -> None:
        """It always reads."""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data

    def abort(self) -> None:
        self.aborted = True


def said(value: Any) -> bytes:
    """A value as Redis says it."""
    if value is None:
        return b"$-1\r\n"
    if isinstance(value, int):
        return b":%d\r\n" % value
    if isinstance(value, bytes):
        return b"$%d\r\n%b\r\n" % (len(value), value)
    return b"*%d\r\n" % len(value) + b"".join(map(said, value))


@given(st.lists(values, min_size=1, max_size=6), st.integers(1, 9))
def test_replies_are_the_same_however_they_are_cut(told: list[Any], piece: int) -> None:
    async def story() -> list[Any]:
        replies, whole, heard = Replies(Line()), b"".join(map(said, told)), list[Any]()
        for at in range(0, len(whole), piece):
            replies.data_received(whole[at : at + piece])
        while len(heard) < len(told):
            heard += await replies.read()
        return heard

    assert asyncio.run(story()) == told


async def test_a_flood_is_given_in_portions() -> None:
    replies = Replies(Line())
    replies.data_received(b"+OK\r\n" * (AT_ONCE + 1))
    assert await replies.read() == [b"OK"] * AT_ONCE
    assert await replies.read() == [b"OK"]


async def test_an_error_and_nonsense_are_said_to_whoever_reads() -> None:
    replies = Replies(Line())
    replies.data_received(b"-NOAUTH Authentication required.\r\n")
    with pytest.raises(Refused, match="NOAUTH"):
        await replies.read()
    line = Line()
    replies = Replies(line)
    replies.data_received(b"HTTP/1.1 400 Bad Request\r\n")
    assert line.aborted
    for work in (replies.read(), replies.write(b"x")):
        with pytest.raises(OSError, match="not how Redis speaks"):
            await work


async def test_who_writes_waits_for_room_and_hears_of_the_end() -> None:
    line = Line()
    replies = Replies(line)
    replies.pause_writing()
    writing = asyncio.create_task(replies.write(packed(("PUBLISH", "a", b"\r\n"))))
    await asyncio.sleep(0)
    assert (line.written, writing.done()) == (b"*3\r\n$7\r\nPUBLISH\r\n$1\r\na\r\n$2\r\n\r\n\r\n", False)
    replies.resume_writing()
    await writing
    replies.pause_writing()
    writing = asyncio.create_task(replies.write(b"x"))
    await asyncio.sleep(0)
    replies.connection_lost(None)
    with pytest.raises(ConnectionResetError):
        await writing


@pytest.mark.servers
def test_it_works_on_the_loop_that_serves(redis_server: RedisServer) -> None:
    async def story() -> list[Any]:
        async with RedisAddress(redis_server.url).wire() as wire:
            return await wire.ask(("SET", "a", b"x" * 3_000_000), ("GET", "a"), ("GET", "b"), ("INCR", "n"))

    assert uvloop.run(story()) == [b"OK", b"x" * 3_000_000, None, 1]
