"""The server's end of a socket on a real server: frames in and out, closes, denials, and peers that are gone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial

import pytest
from starlette.responses import JSONResponse
from starlette.websockets import WebSocket
from websockets.exceptions import InvalidStatus

from bot.socket_doors import App, Door
from bot.wire import Wire
from handover.sockets import WIRE
from tests.support.bare_socket import BareSocket
from tests.support.hand_peer import eventually
from tests.support.serving import serving
from tests.support.talking import page


@asynccontextmanager
async def bare_peer(address: str, *, small: bool = False) -> AsyncIterator[BareSocket]:
    peer = await BareSocket.connect(address, small=small)
    peer.asks_to_upgrade("/")
    await peer.is_upgraded()
    try:
        yield peer
    finally:
        peer.writer.transport.abort()


@asynccontextmanager
async def door_at(door: Door) -> AsyncIterator[str]:
    app = App()
    app.doors["/"] = door
    async with serving(lambda _: app, max_bytes=2_000) as address:
        yield address


class Ears:
    """A door that accepts, keeps what it hears, and does ``then`` with its socket."""

    def __init__(self, then: Callable[[WebSocket], Awaitable[None]] | None = None) -> None:
        self.heard: list[str | bytes] = []
        self.gone: int | None = None
        self.wire: Wire | None = None
        self._then = then

    async def __call__(self, websocket: WebSocket) -> None:
        self.wire = websocket.scope["extensions"][WIRE]["wire"]
        await websocket.accept()
        if self._then is not None:
            await self._then(websocket)
        while (message := await websocket.receive())["type"] == "websocket.receive":
            self.heard.append(message.get("text") or message["bytes"])
        self.gone = message["code"]


async def test_messages_come_in_order_and_whole_however_they_were_cut() -> None:
    ears = Ears()
    async with door_at(ears) as address, page(address, "/") as peer:
        for number in range(50):
            await peer.sends_raw(f"text {number}")
        await peer.connection.send([f"part {number}," for number in range(20)])
        await peer.sends_raw(b"\x00\x01")
        await eventually(lambda: len(ears.heard) == 52)
        await peer.connection.close(4001)
        await eventually(lambda: ears.gone is not None)
    whole = "".join(f"part {number}," for number in range(20))
    assert ears.heard == [*(f"text {number}" for number in range(50)), whole, b"\x00\x01"]
    assert ears.gone == 4001


async def test_fragments_that_are_together_too_large_close_the_socket() -> None:
    ears = Ears()
    async with door_at(ears) as address, page(address, "/") as peer:
        await peer.connection.send(["x" * 900 for _ in range(3)])
        assert await peer.is_closed() == 1009
        await eventually(lambda: ears.gone is not None)
    assert ears.heard == []


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"\x81\x05hello", 1002),  # not masked
        (b"\xf1\x80\0\0\0\0", 1002),  # bits that mean nothing here
        (b"\x83\x80\0\0\0\0", 1002),  # a kind of frame that there is not
        (b"\x80\x80\0\0\0\0", 1002),  # the rest of nothing
        (b"\x09\x80\0\0\0\0", 1002),  # a ping in pieces
        (b"\x81\x82\0\0\0\0\xff\xfe", 1007),  # no UTF-8
        (b"\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0", 1009),
    ],
)
async def test_bytes_that_break_the_rules_end_the_socket_with_the_reason(raw: bytes, code: int) -> None:
    ears = Ears()
    async with door_at(ears) as address, bare_peer(address) as peer:
        peer.writer.write(raw)
        rest = await peer.reader.read()
        assert rest[:1] == b"\x88"
        assert int.from_bytes(rest[2:4], "big") == code
        await eventually(lambda: ears.gone is not None)
    assert ears.heard == []


async def test_a_ping_is_answered_and_the_app_hears_nothing_of_it() -> None:
    ears = Ears()
    async with door_at(ears) as address, page(address, "/") as peer:
        await (await peer.connection.ping(b"you?"))
        await peer.sends_raw("after it")
        await eventually(lambda: bool(ears.heard))
    assert ears.heard == ["after it"]


async def test_a_door_may_answer_with_a_page_of_http_or_with_a_plain_no() -> None:
    async def denies(websocket: WebSocket) -> None:
        await websocket.send_denial_response(JSONResponse({"code": "moving"}, 503, {"retry-after": "7"}))

    async def closes(websocket: WebSocket) -> None:
        await websocket.close()

    async def breaks(websocket: WebSocket) -> None:
        raise RuntimeError("a bug that must not show")

    async def forgets(websocket: WebSocket) -> None:
        return

    for door, status in ((denies, 503), (closes, 403), (breaks, 500), (forgets, 500)):
        async with door_at(door) as address:
            with pytest.raises(InvalidStatus) as refused:
                async with page(address, "/"):
                    pass
            answer = refused.value.response
            assert answer.status_code == status
            assert b"must not show" not in (answer.body or b"")
            if status == 503:
                assert (answer.headers["retry-after"], json.loads(answer.body or b"")) == ("7", {"code": "moving"})


async def test_a_socket_that_we_close_tells_the_code_and_reads_on_until_the_answer() -> None:
    async def ends(websocket: WebSocket) -> None:
        await websocket.send_text('{"type": "last"}')
        await websocket.close(4408, "fell_behind")

    ears = Ears(ends)
    async with door_at(ears) as address, page(address, "/") as peer:
        assert await peer.is_closed() == 4408
        assert [frame["type"] for frame in peer.heard] == ["last"]
        await eventually(lambda: ears.gone == 4408)


async def test_a_peer_that_goes_without_a_word_is_noticed_at_once() -> None:
    ears = Ears()
    async with door_at(ears) as address, bare_peer(address) as peer:
        peer.vanishes()
        await eventually(lambda: ears.gone is not None)


async def test_a_silent_peer_is_pinged_and_hung_up_on_when_it_does_not_answer() -> None:
    """A machine that lost its power says nothing: its connection looks like that of a page where nothing happens."""
    ears = Ears()
    async with door_at(ears) as address, bare_peer(address) as peer:
        wire = ears.wire
        assert wire is not None
        wire.probe()
        wire.probe()
        assert await peer.reader.readexactly(6) == b"\x89\x04here"
        # It answers: all is well, and it is not asked again at once.
        peer.writer.write(b"\x8a\x84\0\0\0\0here")
        peer.says(type="typing")
        await eventually(lambda: bool(ears.heard))
        wire.probe()
        wire.probe()
        assert await peer.reader.readexactly(6) == b"\x89\x04here"
        wire.probe()
        close = await peer.reader.read()
        assert (close[0], int.from_bytes(close[2:4], "big")) == (0x88, 1011)
        await eventually(lambda: ears.gone is not None)


def _more_than(heard: list[str | bytes], number: int) -> bool:
    return len(heard) > number


async def test_a_peer_that_reads_is_never_hung_up_on() -> None:
    ears = Ears()
    async with door_at(ears) as address, page(address, "/") as peer:
        for number in range(6):
            assert ears.wire is not None
            ears.wire.probe()
            # The answer to our ping, if there was one, is before this.
            await peer.sends_raw(f"{number}")
            await eventually(partial(_more_than, ears.heard, number))
        assert ears.gone is None


async def test_what_would_have_to_wait_is_not_sent_at_once() -> None:
    ears = Ears()
    async with door_at(ears) as address, bare_peer(address, small=True) as peer:
        wire = ears.wire
        assert wire is not None
        sent = 0
        while wire.send_now("x" * 10_000):
            sent += 1
            await asyncio.sleep(0)
            assert sent < 10_000, "it was all taken in, and is in memory"
        peer.vanishes()
        await eventually(lambda: ears.gone is not None)
        assert not wire.send_now("gone")
