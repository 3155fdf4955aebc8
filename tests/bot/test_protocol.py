"""docs/protocol.md is what the models say."""

from __future__ import annotations

from bot.protocol import PAGE, page


def test_the_protocol_page_is_up_to_date() -> None:
    assert PAGE.read_text() == page(), "run: python -m bot.protocol"


def test_the_protocol_page_names_every_frame_once_in_each_direction() -> None:
    for name in ("hello", "say", "welcome", "entry", "offer", "stale_view", "fell_behind"):
        assert f"`{name}`" in page()
