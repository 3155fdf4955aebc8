"""The load's websocket client, against the `websockets` package's server on the loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
import uvloop
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from bench.wire import Wire, WireError, dial, frame

PATIENCE = 20.0
Handler = Callable[[ServerConnection], Awaitable[None]]
# Each size is written in another way: in seven bits, in two bytes, in eight.
SIZES = (0, 1, 125, 126, 127, 128, 65_535, 65_536, 200_000)


@asynccontextmanager
async def served(handler: Handler, refusing: int | None = None) -> AsyncIterator[tuple[str, int]]:
    def first(connection: ServerConnection, request: Request) -> Response | None:
        return None if refusing is None else connection.respond(refusing, "no")

    async with serve(handler, "127.0.0.1", 0, process_request=first, max_size=2**20, compression=None) as server:
        yield server.sockets[0].getsockname()[:2]


class Ears:
    """What a wire heard, and a way to wait for so many frames or the end."""

    def __init__(self) -> None:
        self.payloads: list[bytes] = []
        self.code: int | None = None
        self._news = asyncio.Event()

    def heard(self, payload: bytes) -> None:
        self.payloads.append(payload)
        self._news.set()

    def lost(self, code: int) -> None:
        self.code = code
        self._news.set()

    async def until(self, what: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not what():
                self._news.clear()
                await self._news.wait()


async def echo(connection: ServerConnection) -> None:
    async for message in connection:
        await connection.send(message)


async def test_frames_of_every_size_go_and_come_whole_and_in_order() -> None:
    ears = Ears()
    said = [b"x" * size for size in SIZES]
    async with served(echo) as address:
        wire = await dial(address, "/", ears.heard)
        for payload in said:
            wire.say(payload)
        await ears.until(lambda: len(ears.payloads) == len(said))
        wire.close()
    assert ears.payloads == said


def test_it_runs_on_uvloop_too() -> None:
    async def life() -> list[bytes]:
        ears = Ears()
        async with served(echo) as address:
            wire = await dial(address, "/", ears.heard)
            wire.say("Grüße".encode())
            await ears.until(lambda: bool(ears.payloads))
            wire.close()
        return ears.payloads

    assert uvloop.run(life()) == ["Grüße".encode()]


async def test_what_comes_in_with_the_handshake_is_heard() -> None:
    async def greets(connection: ServerConnection) -> None:
        await connection.send("at once")
        await connection.wait_closed()

    ears = Ears()
    async with served(greets) as address:
        wire = await dial(address, "/", ears.heard)
        await ears.until(lambda: bool(ears.payloads))
        wire.close()
    assert ears.payloads == [b"at once"]


async def test_a_ping_is_answered() -> None:
    answered = asyncio.Event()

    async def pings(connection: ServerConnection) -> None:
        await (await connection.ping(b"are you there"))
        answered.set()
        await connection.wait_closed()

    async with served(pings) as address:
        wire = await dial(address, "/")
        async with asyncio.timeout(PATIENCE):
            await answered.wait()
        wire.close()


async def test_a_close_is_answered_and_its_code_told() -> None:
    codes: list[int] = []

    async def closes(connection: ServerConnection) -> None:
        await connection.close(4408, "slow")
        codes.append(connection.close_code or 0)

    ears = Ears()
    async with served(closes) as address:
        wire = await dial(address, "/", lost=ears.lost)
        await ears.until(lambda: ears.code is not None)
        wire.say(b"into the void")
    assert (ears.code, wire.ended, codes) == (4408, 4408, [4408])


async def test_an_end_without_a_word_is_1006() -> None:
    async def drops(connection: ServerConnection) -> None:
        connection.transport.abort()

    ears = Ears()
    async with served(drops) as address:
        await dial(address, "/", lost=ears.lost)
        await ears.until(lambda: ears.code is not None)
    assert ears.code == 1006


async def test_a_refused_handshake_says_with_what() -> None:
    async with served(echo, refusing=429) as address:
        with pytest.raises(WireError, match="429"):
            await dial(address, "/")


def test_headers_and_source_address_are_as_asked_for() -> None:
    seen: list[tuple[str, str]] = []

    async def notes(connection: ServerConnection) -> None:
        assert connection.request is not None
        seen.append((connection.remote_address[0], connection.request.headers["authorization"]))

    async def life() -> None:
        ears = Ears()
        async with served(notes) as address:
            await dial(address, "/", lost=ears.lost, headers={"authorization": "Bearer x"}, source="127.0.0.9")
            await ears.until(lambda: ears.code is not None)

    uvloop.run(life())
    assert seen == [("127.0.0.9", "Bearer x")]


def test_frames_split_anywhere_are_put_together() -> None:
    payloads = [b"a" * 3, b"b" * 300, b"", b"c" * 70_000]
    stream = b"".join(_from_server(payload) for payload in payloads)
    for step in (1, 2, 7, 1_000):
        heard: list[bytes] = []
        wire = Wire(heard.append)
        for at in range(0, len(stream), step):
            wire.data_received(stream[at : at + step])
        assert heard == payloads


def test_a_masked_frame_of_a_server_is_an_error() -> None:
    with pytest.raises(WireError, match="mask"):
        Wire().data_received(frame(1, b"hello"))


async def test_a_fragment_is_an_error() -> None:
    ended = asyncio.Event()

    async def splits(connection: ServerConnection) -> None:
        async def parts() -> AsyncIterator[str]:
            yield "in "
            yield "parts"

        await connection.send(parts())
        await connection.wait_closed()

    loop = asyncio.get_running_loop()
    broken: list[BaseException | None] = []
    loop.set_exception_handler(lambda _, context: broken.append(context.get("exception")))
    async with served(splits) as address:
        await dial(address, "/", lost=lambda _: ended.set())
        async with asyncio.timeout(PATIENCE):
            await ended.wait()
    assert isinstance(broken[0], WireError)


def _from_server(payload: bytes) -> bytes:
    size = len(payload)
    if size < 126:
        return bytes((0x81, size)) + payload
    if size < 65_536:
        return bytes((0x81, 126)) + size.to_bytes(2, "big") + payload
    return bytes((0x81, 127)) + size.to_bytes(8, "big") + payload
