"""Short names for buttons: a platform carries 64 bytes back (Telegram, ``callback_data``); a signed payload is longer.

The short name says which button of which line was pressed; the payload itself stays in the record. A name is good in
its own conversation only, so it gives nobody a button that was not shown to them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.buttons import RESERVED
from handover.entries import AuthorKind, Button, ConversationId, Entry, EntryKind

_OURS = (AuthorKind.BOT, AuthorKind.AGENT)
_NAME = re.compile(r"sb\.([0-9a-zA-Z_-]{1,12})\.(\d{1,9})\.(\d{1,3})")


def shortened(conversation: ConversationId, offset: int, buttons: Sequence[Button]) -> tuple[Button, ...]:
    """The buttons of the entry at ``offset`` as a platform gets them; reserved words are short and stay."""
    return tuple(
        button if button.payload in RESERVED else Button(button.title, f"sb.{_mark(conversation)}.{offset}.{number}")
        for number, button in enumerate(buttons)
    )


def named_in(conversation: ConversationId, payload: str) -> tuple[int, int] | None:
    """(offset, number) of the button that ``payload`` names; None when it is no name, or another conversation's."""
    found = _NAME.fullmatch(payload)
    if found is None or found[1] != _mark(conversation):
        return None
    return int(found[2]), int(found[3])


def typed(text: str, entries: Sequence[Entry]) -> Button | None:
    """The button of our newest line whose title, or number in the list, was typed."""
    said = _plain(text)
    ours = (entry for entry in reversed(entries) if entry.author.kind in _OURS and entry.kind is EntryKind.MESSAGE)
    shown = next(ours, None)
    if shown is None:
        return None
    by_title = (button for button in shown.buttons if _plain(button.title) == said)
    numbered = {str(number): button for number, button in enumerate(shown.buttons, 1)}
    return next(by_title, None) or numbered.get(said.rstrip(".)"))


def _plain(text: str) -> str:
    return " ".join(text.casefold().split()).strip(" .!?")


def _mark(conversation: ConversationId) -> str:
    return conversation[:12]
