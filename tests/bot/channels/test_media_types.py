"""A file is what its bytes say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.media_types import type_of

KEPT = {
    b"\xff\xd8\xff\xe0rest": "image/jpeg",
    b"\x89PNG\r\n\x1a\nrest": "image/png",
    b"GIF89arest": "image/gif",
    b"RIFF\x10\x00\x00\x00WEBPVP8 ": "image/webp",
    b"\x00\x00\x00\x20ftypisom": "video/mp4",
    b"\x00\x00\x00\x20ftypM4A ": "audio/mp4",
    b"OggS\x00": "audio/ogg",
    b"ID3\x04": "audio/mpeg",
    b"\xff\xfb\x90\x64": "audio/mpeg",
    b"%PDF-1.7": "application/pdf",
    "Grüße,\r\n\tAnna".encode(): "text/plain",
    b"<script>alert(1)</script>": "text/plain",
}


@pytest.mark.parametrize(("content", "expected"), KEPT.items())
def test_kinds_that_are_kept(content: bytes, expected: str) -> None:
    assert type_of(content) == expected


@pytest.mark.parametrize(
    "content",
    [
        *(
            b"",
            b"MZ\x90\x00",
            b"\x7fELF",
            b"PK\x03\x04",
            b"\x1f\x8b\x08",
            b"RIFF\x10\x00\x00\x00WAVE",
            b"\xca\xfe\xba\xbe",
        ),
        *(b"\x00\x00\x00\x20ftypheic", b"\x00\x00\x00\x20ftypqt  ", b"\x1a\x45\xdf\xa3webm", b"\xff\xf1aac", b"\xff"),
        *(
            b"\xfe\xff\x00a",
            b"text\x00",
            "ä".encode("latin-1"),
            b"\xd0\xcf\x11\xe0",
            b"BM\x00\x00",
            b"\xca\xfe\xba\xbe",
        ),
    ],
)
def test_kinds_that_are_not(content: bytes) -> None:
    assert type_of(content) is None


@given(st.binary(max_size=64))
def test_anything_has_one_type_or_none(content: bytes) -> None:
    assert type_of(content) in {None, *KEPT.values()}
