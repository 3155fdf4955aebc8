"""The files of customers as the scripted service answers with them, and a picture to be one."""

from __future__ import annotations

import math
import struct
import zlib
from dataclasses import dataclass, field

from fastapi.responses import JSONResponse, Response


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


@dataclass
class Files:
    """What customers sent: bytes with their media type, by id."""

    kept: dict[str, tuple[str, bytes]] = field(default_factory=dict)

    def answer(self, key: str) -> Response:
        if key not in self.kept:
            return JSONResponse({"code": "not_found", "message": "This file is not here."}, 404)
        media_type, content = self.kept[key]
        shown = "inline" if media_type.startswith("image/") else "attachment"
        return Response(content, media_type=media_type, headers={"content-disposition": shown})
