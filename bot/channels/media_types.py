"""What a file is, told by its first bytes and by nothing else, and whether we keep such files. Pure.

Sources: the formats' own specifications; WHATWG "MIME Sniffing" for the signatures of pictures, sound and film.
"""

from __future__ import annotations

from collections.abc import Callable

_SOUND_BRANDS = frozenset({b"M4A ", b"M4B ", b"F4A ", b"F4B "})
_FILM_BRANDS = frozenset(
    {*(b"isom", b"iso2", b"iso3", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"MSNV"), b"M4V ", b"f4v "}
)
_FRAMES = frozenset(bytes((255, kind)) for kind in (0xFB, 0xFA, 0xF3, 0xF2, 0xE3, 0xE2))  # MPEG 1, 2, 2.5, layer III
_UNPRINTED = frozenset(set(range(32)) - {9, 10, 12, 13, 27}) | {127}

_RULES: tuple[tuple[str, Callable[[bytes], bool]], ...] = (
    ("image/jpeg", lambda head: head.startswith(b"\xff\xd8\xff")),
    ("image/png", lambda head: head.startswith(b"\x89PNG\r\n\x1a\n")),
    ("image/gif", lambda head: head[:6] in {b"GIF87a", b"GIF89a"}),
    ("image/webp", lambda head: head[:4] == b"RIFF" and head[8:12] == b"WEBP"),
    ("audio/mp4", lambda head: head[4:8] == b"ftyp" and head[8:12] in _SOUND_BRANDS),
    ("video/mp4", lambda head: head[4:8] == b"ftyp" and head[8:12] in _FILM_BRANDS),
    ("audio/ogg", lambda head: head.startswith(b"OggS")),
    ("audio/mpeg", lambda head: head.startswith(b"ID3") or head[:2] in _FRAMES),
    ("application/pdf", lambda head: head.startswith(b"%PDF-")),
)


def type_of(content: bytes) -> str | None:
    """The media type, or None for a file of a kind that we do not keep."""
    for media_type, fits in _RULES:
        if fits(content[:16]):
            return media_type
    return "text/plain" if _is_text(content) else None


def _is_text(content: bytes) -> bool:
    """UTF-8 without control characters; an empty file is no text."""
    if not content or _UNPRINTED & set(content):
        return False
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
