"""The files customers sent, over HTTP: `GET /api/v1/media/{id}`, for signed-in agents.

What a stranger sent is never run: its type is the one its bytes have, no browser guesses another one, nothing in it may
load or run anything, and only pictures are shown in place. No copy stays behind: the customer may take it back.
"""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path, Request, Response

from handover.errors import NotFound
from handover.login_api import PROBLEMS, Door
from handover.ports import Records
from handover.record_ports_media import StoredMedia

PICTURES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "private, no-store",
}
_ENDINGS = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "video/mp4": ".mp4",
    "audio/ogg": ".ogg",
    "audio/mpeg": ".mp3",
    "audio/mp4": ".m4a",
    "application/pdf": ".pdf",
    "text/plain": ".txt",
}


def media_routes(records: Records, door: Door) -> APIRouter:
    """One file at a time."""
    routes = APIRouter(prefix="/api/v1/media", tags=["media"], responses=PROBLEMS)

    @routes.get("/{file}", response_class=Response)
    async def media(file: Annotated[str, Path(max_length=64)], request: Request) -> Response:
        """The bytes of a file that is here; what is still fetched, refused or gone is not found."""
        await door.agent(request)
        async with records.reading() as tx:
            known, content = await tx.media.get(file)
        if content is None:
            raise NotFound("This file is not here.")
        media_type = known.media_type or "application/octet-stream"
        headers = {**_HEADERS, "Content-Disposition": _disposition(known)}
        return Response(content, media_type=media_type, headers=headers)

    return routes


def _disposition(known: StoredMedia) -> str:
    """Shown in place only when it is a picture; the name is the customer's, with the ending of what it is."""
    shown = "inline" if known.media_type in PICTURES else "attachment"
    return f"{shown}; filename*=UTF-8''{quote(file_name(known), safe='')}"


def file_name(known: StoredMedia) -> str:
    """A name without folders and with the ending that its bytes deserve, e.g. ``invoice.exe.pdf``."""
    ending = _ENDINGS.get(known.media_type or "", "")
    given = (known.name or known.kind).replace("\\", "/").rpartition("/")[2]
    plain = "".join(one for one in given if one.isprintable()).strip(". ")[:100] or known.kind
    return plain if plain.lower().endswith(ending) else plain + ending
