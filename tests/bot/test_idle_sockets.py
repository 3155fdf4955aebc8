"""What an idle socket costs, in counts: tasks, objects, bytes. What it costs in all: docs/performance.md."""

from __future__ import annotations

import asyncio
import gc
import socket as sockets
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from starlette.websockets import WebSocket

from bot.channels.customer_line import HEARTBEAT
from bot.frames import CustomerSends, Hello, customer_sends
from bot.socket_doors import App
from handover.backends.live_in_process import InProcessFeed
from handover.limits import SocketLimits
from handover.line_ends import Answering
from handover.meters import Meters
from handover.ports import Told
from handover.sockets import Socket
from tests.support.hand_clock import HandClock
from tests.support.hand_peer import eventually
from tests.support.service import running_service
from tests.support.serving import serving
from tests.support.talking import page

_HELD = 30
_OBJECTS = 100  # that the collector knows, of which one is the client's; 87 were counted
_BYTES = 18 * 1024  # of Python's own memory, on its own loop, which takes more than the one in use; 14 KiB were counted
_HANDSHAKE = (
    b"GET /ws/customer HTTP/1.1\r\nHost: shop.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    b"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0\r\n"
    b"Accept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: en-GB,en;q=0.9\r\n\r\n"
)
_HELLO = b'\x81\x90\0\0\0\0{"type":"hello"}'


async def idle_customer(address: str) -> sockets.socket:
    """A customer who was welcomed and does nothing, held by one object on our side."""
    host, _, port = address.partition(":")
    loop = asyncio.get_running_loop()
    raw = sockets.socket()
    raw.setblocking(False)
    await loop.sock_connect(raw, (host, int(port)))
    await loop.sock_sendall(raw, _HANDSHAKE)
    await _until(raw, b"\r\n\r\n")
    await loop.sock_sendall(raw, _HELLO)
    await _until(raw, b'"heartbeat"')
    return raw


async def _until(raw: sockets.socket, end: bytes) -> None:
    heard = b""
    async with asyncio.timeout(15):
        while end not in heard:
            more = await asyncio.get_running_loop().sock_recv(raw, 65_536)
            assert more, heard
            heard += more


async def test_an_idle_customer_costs_one_task_few_objects_and_few_bytes(tmp_path: Path) -> None:
    limits = {"strangers_per_address": 100, "visitors_per_minute": 10_000, "sockets_per_address": 1_000}
    async with running_service(tmp_path, **limits) as service, AsyncExitStack() as held:
        for _ in range(10):  # whatever is made once is made now
            held.enter_context(await idle_customer(service.address))
        tracemalloc.start()
        gc.collect()
        tasks, objects, traced = len(asyncio.all_tasks()), len(gc.get_objects()), tracemalloc.get_traced_memory()[0]
        for _ in range(_HELD):
            held.enter_context(await idle_customer(service.address))
        await eventually(lambda: len(asyncio.all_tasks()) <= tasks + _HELD)
        gc.collect()
        objects, traced = len(gc.get_objects()) - objects, tracemalloc.get_traced_memory()[0] - traced
        tracemalloc.stop()
        assert len(asyncio.all_tasks()) == tasks + _HELD
        assert objects / _HELD < _OBJECTS
        assert traced / _HELD < _BYTES
        await held.aclose()
        await eventually(lambda: len(asyncio.all_tasks()) <= tasks - 10)


class Held:
    """A door whose sockets' writers wait while ``reads`` is not set."""

    def __init__(self) -> None:
        self.socket: Socket[CustomerSends] | None = None
        self.reads = asyncio.Event()
        self.reads.set()
        self.quick = False  # whether "quick" ones are told at once

    async def __call__(self, websocket: WebSocket) -> None:
        socket = self.socket = Socket(
            websocket, customer_sends, side="customer", limits=SocketLimits(), monotonic=HandClock().monotonic,
            meters=Meters(), heartbeat=HEARTBEAT,
        )  # fmt: skip

        async def hear(told: Told) -> None:
            await self.reads.wait()
            await socket.send_text(HEARTBEAT if told.kind == "heartbeat" else told.text)

        def hear_now(told: Told) -> bool:
            return self.quick and told.kind == "quick" and socket.send_now(told.text)

        async def begin() -> None:
            await socket.send_text('{"type":"welcome"}')

        async def nothing(frame: CustomerSends) -> None:
            return

        async with Answering(websocket, socket), InProcessFeed().follow() as queue:
            await websocket.accept()
            await socket.hello(Hello)
            await socket.serve(queue, nothing, begin, hear, hear_now)


@asynccontextmanager
async def held_door() -> AsyncIterator[tuple[Held, str]]:
    app, door = App(), Held()
    app.doors["/"] = door
    async with serving(lambda _: app) as address:
        yield door, address


async def test_a_heartbeat_wakes_nobody_while_there_is_nothing_else_to_send() -> None:
    async with held_door() as (door, address), page(address, "/") as peer:
        await peer.says(type="hello")
        await peer.hears("welcome")
        assert door.socket is not None
        before = asyncio.all_tasks()
        door.socket.beat()
        assert asyncio.all_tasks() == before
        await peer.hears("heartbeat")


async def test_a_heartbeat_never_overtakes_what_was_to_be_sent_before_it() -> None:
    async with held_door() as (door, address), page(address, "/") as peer:
        await peer.says(type="hello")
        await peer.hears("welcome")
        assert door.socket is not None
        door.reads.clear()
        door.socket.ask("send", '{"type":"entry"}')
        door.socket.beat()
        await asyncio.sleep(0)
        door.reads.set()
        await peer.hears("heartbeat")
        assert [frame["type"] for frame in peer.heard] == ["welcome", "entry", "heartbeat"]


async def test_what_is_told_while_nothing_waits_is_sent_without_a_task_and_in_order() -> None:
    async with held_door() as (door, address), page(address, "/") as peer:
        await peer.says(type="hello")
        await peer.hears("welcome")
        socket = door.socket
        assert socket is not None
        door.quick = True
        before = asyncio.all_tasks()
        for number in range(3):
            socket.ask("quick", f'{{"type":"entry","n":{number}}}')
        assert asyncio.all_tasks() == before
        door.reads.clear()
        socket.ask("slow", '{"type":"entry","n":3}')  # would have to wait: all that follows is behind it
        socket.ask("quick", '{"type":"entry","n":4}')
        assert len(asyncio.all_tasks() - before) == 1
        await asyncio.sleep(0)
        door.reads.set()
        await peer.hears("entry", lambda frame: frame["n"] == 4)
        assert [frame["n"] for frame in peer.heard if frame["type"] == "entry"] == [0, 1, 2, 3, 4]
