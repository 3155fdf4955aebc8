"""The fault proxy does what it is told to the bytes that pass, and nothing else."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.chaos.proxy import FaultProxy, Way
from tests.chaos.until import until


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while piece := await reader.read(65_536):
            writer.write(piece)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def echo_behind(proxy: FaultProxy) -> AsyncIterator[FaultProxy]:
    """``proxy`` before a server that says everything back."""
    server = await asyncio.start_server(_echo, "127.0.0.1", 0)
    proxy.target = ("127.0.0.1", server.sockets[0].getsockname()[1])
    async with server, proxy:
        yield proxy


async def _call(proxy: FaultProxy) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", proxy.port)


async def _until_reset(reader: asyncio.StreamReader) -> bytes:
    heard = b""
    try:
        while piece := await reader.read(100):
            heard += piece
    except ConnectionResetError:
        return heard
    raise AssertionError("the connection ended in good order")


async def test_without_faults_every_byte_passes_in_order() -> None:
    async with echo_behind(FaultProxy(("", 0))) as proxy:
        reader, writer = await _call(proxy)
        sent = bytes(range(256)) * 2_000
        writer.write(sent)
        writer.write_eof()
        assert await reader.read(-1) == sent
        assert proxy.counts == {"connections": 1}
        writer.close()


async def test_a_cut_resets_both_sides_in_the_middle() -> None:
    async with echo_behind(FaultProxy(("", 0), plan=lambda _: (Way(), Way(cut_after=3)))) as proxy:
        reader, writer = await _call(proxy)
        writer.write(b"abcdefgh")
        heard = await _until_reset(reader)
        assert heard in (b"", b"abc")  # a reset may overtake what was on its way
        assert proxy.counts["cut"] == 1
        writer.close()


async def test_a_connection_can_be_cut_in_the_middle_of_what_comes_next() -> None:
    async with echo_behind(FaultProxy(("", 0))) as proxy:
        reader, writer = await _call(proxy)
        writer.write(b"1")
        assert await reader.read(1) == b"1"
        proxy.change_all(Way(cut_next=True), Way())
        writer.write(b"abcdefgh")
        assert await _until_reset(reader) in (b"", b"abcd")
        assert proxy.counts["cut"] == 1
        writer.close()


async def test_a_truncated_answer_ends_in_good_order() -> None:
    async with echo_behind(FaultProxy(("", 0), plan=lambda _: (Way(), Way(truncate_after=3)))) as proxy:
        reader, writer = await _call(proxy)
        writer.write(b"abcdefgh")
        assert await reader.read(-1) == b"abc"
        writer.close()


async def test_garbage_is_slipped_in_once_where_it_was_asked_for() -> None:
    async with echo_behind(FaultProxy(("", 0), plan=lambda _: (Way(garbage_after=2, garbage=4), Way()))) as proxy:
        reader, writer = await _call(proxy)
        writer.write(b"abcd")
        writer.write_eof()
        heard = await reader.read(-1)
        assert (heard[:2], heard[6:], len(heard)) == (b"ab", b"cd", 8)
        writer.close()


async def test_a_stalled_connection_says_nothing_until_it_goes_on() -> None:
    async with echo_behind(FaultProxy(("", 0))) as proxy:
        reader, writer = await _call(proxy)
        writer.write(b"1")
        assert await reader.read(1) == b"1"
        proxy.change_all(Way(), Way(stalled=True))
        writer.write(b"2")
        answer = asyncio.create_task(reader.read(1))
        await until(lambda: proxy.counts["stalled"] > 0)
        assert not answer.done()
        proxy.calm_down()
        assert await answer == b"2"
        writer.close()


async def test_all_connections_can_be_reset_and_new_ones_refused() -> None:
    async with echo_behind(FaultProxy(("", 0))) as proxy:
        reader, writer = await _call(proxy)
        writer.write(b"1")
        assert await reader.read(1) == b"1"
        assert proxy.reset_all() == 1
        with pytest.raises(ConnectionResetError):
            await reader.read(1)
        proxy.refuse = True
        again, other = await _call(proxy)
        with pytest.raises(ConnectionResetError):
            await again.read(1)
        assert proxy.counts["refused"] == 1
        writer.close()
        other.close()


async def test_delay_and_rate_pass_everything_later() -> None:
    slow = Way(delay=0.001, jitter=0.002, rate=1_000_000)
    async with echo_behind(FaultProxy(("", 0), plan=lambda _: (slow, Way()))) as proxy:
        reader, writer = await _call(proxy)
        writer.write(b"x" * 10_000)
        writer.write_eof()
        assert len(await reader.read(-1)) == 10_000
        assert proxy.counts["delayed"] > 0
        writer.close()


async def test_a_server_that_is_not_there_looks_like_a_lost_connection() -> None:
    async with echo_behind(FaultProxy(("", 0))) as proxy:
        proxy.target = ("127.0.0.1", 1)
        reader, writer = await _call(proxy)
        with pytest.raises(ConnectionResetError):
            await reader.read(1)
        writer.close()
