"""Socket.IO on the load's websocket client, against python-socketio as its users run it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
import socketio

from bench.engine_io import SocketIo, event_packet
from tests.support.serving import serving

PATIENCE = 20.0


def an_app(*, refusing: bool = False, **settings: Any) -> Any:
    sio = socketio.AsyncServer(async_mode="asgi", **settings)

    async def connect(sid: str, environ: dict[str, Any], auth: object) -> bool:
        return not refusing

    async def say(sid: str, words: str) -> None:
        await sio.emit("entry", [words, 1], to=sid)

    sio.on("connect", connect)
    sio.on("say", say)
    return socketio.ASGIApp(sio)


async def heard_by(address: str, count: int, **settings: Any) -> list[Any]:
    heard: list[Any] = []
    enough = asyncio.Event()

    def hear(event: bytes) -> None:
        heard.append(json.loads(event))
        if len(heard) == count:
            enough.set()

    host, port = address.split(":")
    line = SocketIo(hear)
    await line.connect((host, int(port)))
    for number in range(count):
        line.emit("say", f"{number} é")
    async with asyncio.timeout(PATIENCE):
        await enough.wait()
    line.wire.close()
    return heard


async def test_events_go_and_come() -> None:
    async with serving(lambda port: an_app()) as address:
        heard = await heard_by(address, 3)
    assert heard == [["entry", [f"{number} é", 1]] for number in range(3)]


async def test_a_refused_connection_is_an_error() -> None:
    async with serving(lambda port: an_app(refusing=True)) as address:
        host, port = address.split(":")
        with pytest.raises(ConnectionRefusedError):
            await SocketIo().connect((host, int(port)))


async def test_pings_are_answered_so_the_connection_stays() -> None:
    async with serving(lambda port: an_app(ping_interval=0.2, ping_timeout=0.2)) as address:
        host, port = address.split(":")
        pinged = asyncio.Event()
        line = SocketIo()
        await line.connect((host, int(port)))
        count = 0

        def look(packet: bytes) -> None:
            nonlocal count
            count += packet == b"2"
            if count == 4:
                pinged.set()
            hear(packet)

        hear, line.wire.heard = line.wire.heard, look
        async with asyncio.timeout(PATIENCE):
            await pinged.wait()
        assert line.wire.ended is None
        line.wire.close()


def test_a_packet_is_what_the_protocol_says() -> None:
    assert event_packet("say", "room", {"a": 1}) == b'42["say","room",{"a":1}]'
