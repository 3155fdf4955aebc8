"""What the scripted service knows of platforms: what the real channels can do, made-up inboxes, customers' files."""

from __future__ import annotations

import math
import struct
import zlib
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from bot.channels.channel import Ability
from bot.channels.registry import CHANNELS
from handover.inboxes import channel_of


def png(width: int, height: int) -> bytes:
    """A picture of so many pixels, in soft stripes."""
    rows = b"".join(
        b"\0"
        + b"".join(
            bytes((90 + x * 120 // width, 120 + int(40 * math.sin(y / 6)), 110 + y * 90 // height))
            for x in range(width)
        )
        for y in range(height)
    )

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


class InboxName(BaseModel):
    """A row of ``GET /api/v1/inboxes`` as every agent gets it."""

    id: str
    channel: str
    name: str
    paused_why: str | None = None


@dataclass
class Platforms:
    """``files`` are bytes with their media type by id."""

    inboxes: list[InboxName] = field(default_factory=list)
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    without: set[str] = field(default_factory=set)  # channels that are not told

    def inbox(self, key: str, name: str, paused_why: str | None = None) -> str:
        self.inboxes = [one for one in self.inboxes if one.id != key]
        self.inboxes.append(InboxName(id=key, channel=channel_of(key), name=name, paused_why=paused_why))
        return key

    def abilities(self) -> dict[str, Any]:
        """``GET /api/v1/channels``, from the channels themselves."""
        known = {name: channel.ability for name, channel in CHANNELS.items() if name not in self.without}
        return {"channels": [_row(name, ability) for name, ability in known.items()]}

    def file(self, key: str) -> Response:
        if key not in self.files:
            return JSONResponse({"code": "not_found", "message": "This file is not here."}, 404)
        media_type, content = self.files[key]
        shown = "inline" if media_type.startswith("image/") else "attachment"
        return Response(content, media_type=media_type, headers={"content-disposition": shown})


def _row(name: str, ability: Ability) -> dict[str, Any]:
    return {
        "name": name,
        "title": ability.title,
        "limit": ability.limit,
        "unit": ability.unit,
        "window_seconds": _seconds(ability.window),
        "human_window_seconds": _seconds(ability.human_window),
        "templates": ability.templates,
        "buttons": ability.buttons,
        "experimental": ability.experimental,
        "receipts": sorted(ability.receipts),
    }


def _seconds(span: timedelta | None) -> int | None:
    return None if span is None else int(span.total_seconds())
