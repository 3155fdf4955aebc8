"""An inbox names its channel, and shows its secrets to nobody."""

from __future__ import annotations

from handover.inboxes import Inbox, channel_of


def test_the_id_of_an_inbox_names_its_channel() -> None:
    assert channel_of("whatsapp.4f2a9c01") == "whatsapp"
    assert channel_of("web") == "web"


def test_an_inbox_that_is_printed_shows_no_secret() -> None:
    inbox = Inbox("telegram.1", "telegram", "Shop", "77", secrets={"token": "very-secret"})
    assert "very-secret" not in f"{inbox!r} {inbox}"
