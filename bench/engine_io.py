"""Socket.IO over one plain websocket (Engine.IO 4, ``transport=websocket``), on `bench.wire`: opened, sends events.

So the very same generator that loads Switchboard loads python-socketio and Node's socket.io. Text packets only:
https://socket.io/docs/v4/engine-io-protocol/ and https://socket.io/docs/v4/socket-io-protocol/.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

from bench.wire import Heard, Wire, dial

_PATH = "/socket.io/?EIO=4&transport=websocket"
_EVENT = b"42"


class SocketIo:
    """One connected Socket.IO client. ``heard`` gets each event as the JSON array it is: ``["name",…]``."""

    __slots__ = ("_open", "heard", "wire")

    def __init__(self, heard: Heard | None = None) -> None:
        self.heard = heard
        self.wire = Wire()
        self._open: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def connect(self, address: tuple[str, int], *, source: str | None = None) -> None:
        """Open and join the default namespace. Raises as `bench.wire.dial`, and ConnectionRefusedError."""
        early: list[bytes] = []
        self.wire = await dial(address, _PATH, early.append, source=source)
        self.wire.heard = self._hear
        for packet in early:
            self._hear(packet)
        async with asyncio.timeout(30):
            await self._open

    def emit(self, event: str, *values: Any) -> None:
        """Send an event."""
        self.wire.say(event_packet(event, *values))

    def _hear(self, packet: bytes) -> None:
        if packet.startswith(_EVENT):
            if self.heard is not None:
                self.heard(packet[2:])
        elif packet == b"2":  # ping
            self.wire.say(b"3")
        elif packet.startswith(b"0"):  # open: ask for the default namespace
            self.wire.say(b"40")
        elif packet.startswith(b"40") or packet.startswith(b"44"):
            _settle(self._open, packet)


def _settle(opened: asyncio.Future[None], packet: bytes) -> None:
    if opened.done():
        return
    if packet.startswith(b"44"):
        opened.set_exception(ConnectionRefusedError(packet.decode()))
    else:
        opened.set_result(None)


def event_packet(event: str, *values: Any) -> bytes:
    """An event as a text packet, to be said on a wire as it is."""
    return _EVENT + json.dumps([event, *values], separators=(",", ":")).encode()
