"""Socket plumbing on a real server: what is refused, what closes, and what leaves others unharmed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Annotated, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field, TypeAdapter
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from bot.frames import customer_sends
from handover.agent_frames import agent_sends
from handover.backends.live_in_process import InProcessFeed
from handover.errors import BadInput, Taken, TooLarge
from handover.frame_reading import error_frame, parse_frame
from handover.frames import Frame, Text
from handover.limits import SocketLimits
from handover.line_ends import Answering
from handover.meters import Meters
from handover.ports import Told
from handover.sockets import Socket
from tests.support.hand_clock import HandClock
from tests.support.serving import serving
from tests.support.talking import Page, page


class Hi(Frame):
    type: Literal["hello"]


class Echo(Frame):
    type: Literal["echo"]
    text: Text
    client_id: str | None = None


parser: TypeAdapter[Hi | Echo] = TypeAdapter(Annotated[Hi | Echo, Field(discriminator="type")])
LIMITS = SocketLimits(hello_seconds=5, strikes=5, frames_per_second=10, frames_burst=20, max_bytes=2_000)


@asynccontextmanager
async def echoing(limits: SocketLimits = LIMITS) -> AsyncIterator[str]:
    clock = HandClock()

    async def serve(websocket: WebSocket) -> None:
        await websocket.accept()
        socket = Socket(websocket, parser, side="customer", limits=limits, monotonic=clock.monotonic, meters=Meters())

        async def begin() -> None:
            await socket.send(hello)

        async def hear(told: Told) -> None:
            await socket.send_text(told.text)

        async def echo(frame: Hi | Echo) -> None:
            if isinstance(frame, Echo) and frame.text == "taken":
                raise Taken("Too late.", detail={"taken_by": "Ada"})
            if isinstance(frame, Echo) and frame.text == "bug":
                raise RuntimeError("a bug that must not show")
            socket.ask("send", frame.model_dump_json(exclude_none=True))

        async with Answering(websocket, socket), InProcessFeed().follow() as queue:
            hello = await socket.hello(Hi)
            await socket.serve(queue, echo, begin, hear)

    app = Starlette(routes=[WebSocketRoute("/", serve)])
    async with serving(lambda _: app, max_bytes=limits.max_bytes + 100) as address:
        yield address


@asynccontextmanager
async def talking(limits: SocketLimits = LIMITS) -> AsyncIterator[Page]:
    async with echoing(limits) as address, page(address, "/") as peer:
        await peer.says(type="hello")
        await peer.hears("hello")
        yield peer


BAD_FRAMES = {
    "not JSON": "hello?",
    "empty": "",
    "not an object": "[1, 2]",
    "null": "null",
    "no type": '{"text": "a"}',
    "unknown type": '{"type": "drop_tables"}',
    "type that is no text": '{"type": {"a": 1}}',
    "field missing": '{"type": "echo"}',
    "field unknown": '{"type": "echo", "text": "a", "admin": true}',
    "number for text": '{"type": "echo", "text": 7}',
    "cut off": '{"type": "echo", "te',
    "two objects": '{"type": "hello"}{"type": "hello"}',
    "deep nesting": "[" * 900 + "]" * 900,
    "NUL": '{"type": "echo", "text": "a\\u0000b"}',
    "lone surrogate": '{"type": "echo", "text": "\\ud800"}',
    "not a number": '{"type": "echo", "text": NaN}',
}


async def test_a_bad_frame_is_answered_with_an_error_and_the_connection_goes_on() -> None:
    async with talking(replace(LIMITS, frames_burst=100)) as peer:
        for name, raw in BAD_FRAMES.items():
            await peer.sends_raw(raw)
            error = await peer.hears("error")
            assert error["code"] == "bad_input", name
            assert error["message"]
            await peer.says(type="echo", text=name)
            assert (await peer.hears("echo"))["text"] == name


async def test_an_error_names_the_frame_it_refuses() -> None:
    async with talking() as peer:
        await peer.says(type="echo", text="taken", client_id="c-1")
        error = await peer.hears("error")
        assert (error["code"], error["client_id"], error["detail"]) == ("taken", "c-1", {"taken_by": "Ada"})
        await peer.says(type="echo", text=7, client_id="c-2")
        assert (await peer.hears("error"))["client_id"] == "c-2"


async def test_a_fault_of_ours_is_an_error_frame_that_shows_nothing_of_our_insides() -> None:
    async with talking() as peer:
        await peer.says(type="echo", text="bug")
        error = await peer.hears("error")
        assert error["code"] == "internal"
        assert "must not show" not in json.dumps(error)
        await peer.says(type="echo", text="on we go")
        await peer.hears("echo")


async def test_too_many_bad_frames_in_a_row_close_the_connection() -> None:
    async with talking() as peer:
        for _ in range(LIMITS.strikes + 1):
            await peer.sends_raw("nonsense")
        assert await peer.is_closed() == 1007


async def test_now_and_then_a_bad_frame_never_closes_it() -> None:
    async with talking(replace(LIMITS, frames_burst=100)) as peer:
        for _ in range(4 * LIMITS.strikes):
            await peer.sends_raw("nonsense")
            await peer.says(type="echo", text="a good one")
            await peer.hears("echo")


async def test_a_binary_frame_is_refused_and_closes() -> None:
    async with talking() as peer:
        await peer.sends_raw(b"\x00\x01")
        assert await peer.is_closed() == 1003
        assert peer.errors() == ["bad_input"]


async def test_a_frame_above_the_limit_is_refused_and_closes() -> None:
    async with talking() as peer:
        await peer.says(type="echo", text="x" * 2_000)
        assert await peer.is_closed() == 1009
        assert peer.errors() == ["too_large"]


async def test_a_megabyte_never_reaches_us_and_closes() -> None:
    async with talking() as peer:
        await peer.says(type="echo", text="x" * 1_000_000)
        assert await peer.is_closed() == 1009


async def test_a_thousand_frames_at_once_are_refused_with_the_time_to_wait_and_then_closed() -> None:
    async with talking() as peer:
        flood = json.dumps({"type": "echo", "text": "again"})
        await asyncio.gather(*(peer.sends_raw(flood) for _ in range(1_000)), return_exceptions=True)
        assert await peer.is_closed() == 1008
        refused = [frame for frame in peer.heard if frame["type"] == "error"]
        assert {frame["code"] for frame in refused} == {"too_many"}
        assert all(frame["retry_after"] > 0 for frame in refused)
        assert len([frame for frame in peer.heard if frame["type"] == "echo"]) <= LIMITS.frames_burst


async def test_who_says_no_hello_in_time_is_sent_away_but_not_called_a_stranger() -> None:
    """A page throws away its token when it is told that it proves nobody; here only the line was slow, or we were."""
    async with echoing(replace(LIMITS, hello_seconds=0.05)) as address, page(address, "/") as peer:
        assert await peer.is_closed() == 4408
        assert peer.errors() == ["fell_behind"]


async def test_somebody_who_begins_with_anything_but_hello_is_refused() -> None:
    async with echoing() as address, page(address, "/") as peer:
        await peer.says(type="echo", text="me first")
        assert await peer.is_closed() == 1007


def test_a_text_that_is_too_long_is_called_too_large() -> None:
    with pytest.raises(TooLarge):
        parse_frame(parser, json.dumps({"type": "echo", "text": "x" * 8_001}))


def test_an_escaped_backslash_before_u0000_is_just_text() -> None:
    assert parse_frame(parser, '{"type": "echo", "text": "a\\\\u0000b"}') == Echo(type="echo", text="a\\u0000b")


@pytest.mark.parametrize("adapter", [customer_sends, agent_sends])
@settings(deadline=None)
@given(
    raw=st.one_of(
        st.text(max_size=300),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
            lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=5),
        ).map(json.dumps),
        st.fixed_dictionaries(
            {"type": st.sampled_from(["hello", "say", "rate", "seen", "open", "snooze", "note", "hand_back", "x"])},
            optional={
                name: st.none() | st.integers() | st.floats() | st.text(max_size=90) | st.lists(st.text(), max_size=2)
                for name in ("client_id", "text", "conversation", "epoch", "until", "score", "stretch", "after", "seen")
            },
        ).map(json.dumps),
    )
)
def test_whatever_a_peer_sends_is_a_frame_or_bad_input_and_the_refusal_can_be_sent(
    adapter: TypeAdapter[Frame], raw: str
) -> None:
    try:
        parse_frame(adapter, raw)
    except BadInput as error:
        error_frame(error, raw).model_dump_json()
