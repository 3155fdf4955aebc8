"""A web socket by hand over plain TCP: it can stop anywhere, in the middle of a frame too, or never read again."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import socket
import struct
from typing import Any


class BareSocket:
    """``small``: take as little from the network as the system allows, so that not reading is felt at once."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def connect(cls, address: str, *, small: bool = False) -> BareSocket:
        host, _, port = address.rpartition(":")
        raw = socket.socket()
        if small:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        raw.setblocking(False)
        await asyncio.get_running_loop().sock_connect(raw, (host, int(port)))
        return cls(*await asyncio.open_connection(sock=raw, limit=4_096 if small else 65_536))

    def asks_to_upgrade(self, path: str, *, upto: int | None = None, **headers: str) -> None:
        """The handshake, or only its first ``upto`` bytes."""
        lines = [
            f"GET {path} HTTP/1.1", "Host: shop.example", "Upgrade: websocket", "Connection: Upgrade",
            "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]  # fmt: skip
        self.writer.write("\r\n".join([*lines, "", ""]).encode()[:upto])

    async def is_upgraded(self) -> None:
        answer = await self.reader.readuntil(b"\r\n\r\n")
        assert b" 101 " in answer, answer

    def says(self, *, upto: int | None = None, **frame: Any) -> None:
        """A whole frame, or only its first ``upto`` bytes."""
        body = json.dumps(frame).encode()
        size = bytes([0x80 | len(body)]) if len(body) < 126 else b"\xfe" + struct.pack("!H", len(body))
        self.writer.write((b"\x81" + size + b"\0\0\0\0" + body)[:upto])

    def vanishes(self) -> None:
        """Reset: the other side hears no goodbye."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()
