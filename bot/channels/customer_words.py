"""What a customer's event says, as a line of the record and as a command to the bot. Pure but for reading buttons.

On every channel a person can be asked for in words, and a first button or command only says hello.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.buttons import ASK_FOR_HUMAN, RESERVED, sign
from bot.channels.button_keys import named_in, typed
from bot.channels.channel import Attachment, Event
from handover.entries import ConversationId, Entry

SENT_MEDIA = "/sent_media"  # the intent for files without words: the bot says that it cannot look at them
GREET = "/greet"
LONGEST = 10_000  # characters of one line; no platform's message is longer
# Commands and payloads with which the platforms' own first buttons greet us.
_STARTS = frozenset({"/start", "get_started", "start"})
# Words that are nothing but the wish for a person, as menus, commands and ice breakers write them.
_PERSON = frozenset(
    {
        *("/human", "/agent", "/person", "/support", "human", "agent", "person", "a person", "a human"),
        *("talk to a person", "talk to a human", "speak to a person", "a person please", "human please"),
        *("agent please", "person please", "talk to an agent"),
    }
)
_SHOWN = {
    "image": "picture",
    "video": "video",
    "audio": "voice message",
    "file": "file",
    "sticker": "sticker",
    "location": "location",
    "contact": "contact",
    "share": "shared post",
    "story": "story",
    "order": "order",
    "poll": "poll",
}


@dataclass(frozen=True, slots=True)
class Meaning:
    """A line of the record, and what the relay is given with it: a reserved word, a signed payload, or None.

    ``answer_due`` False: recorded, and no turn of the bot.
    """

    text: str
    payload: str | None
    answer_due: bool


def shown(event: Event) -> str:
    """The words and what came along, such as "Look [picture]"."""
    pieces = [_clean(event.text), *(described(one) for one in event.attachments)]
    return " ".join(piece for piece in pieces if piece)[:LONGEST]


def described(attachment: Attachment) -> str:
    """A file in words, for lists, for the bot's history and for the model."""
    kind = _SHOWN.get(attachment.kind, "attachment")
    more = attachment.text or (attachment.name if attachment.kind in ("file", "contact") else None)
    return f"[{kind}: {more[:200]}]" if more else f"[{kind}]"


def meaning(
    event: Event, *, secret: bytes, conversation: ConversationId, entries: Sequence[Entry], new: bool
) -> Meaning:
    """What ``event`` asks for. ``entries`` are the last lines; ``new``: its greeting was only just said."""
    words, due = shown(event), event.reply_due and not event.group
    pressed = _pressed(event, conversation, entries)
    if pressed is None and event.text and not event.attachments:
        button = typed(event.text, entries)
        pressed = None if button is None else (button.title, button.payload)
    if _plain(event.payload) in _STARTS or _plain((event.text or "").split(" ")[0]) == "/start":
        return Meaning(words or "/start", sign(secret, conversation, GREET), due and not new)
    if event.payload == ASK_FOR_HUMAN or _plain(event.text) in _PERSON:
        return Meaning(words or "Talk to a person", ASK_FOR_HUMAN, True)
    if pressed is not None:
        return Meaning(words or pressed[0], pressed[1], due or pressed[1] in RESERVED)
    if event.attachments and not _clean(event.text):
        return Meaning(words, sign(secret, conversation, SENT_MEDIA), due)
    return Meaning(words or "[an empty message]", None, due)


def _pressed(event: Event, conversation: ConversationId, entries: Sequence[Entry]) -> tuple[str, str] | None:
    """Title and payload of the button of ours that was pressed."""
    if event.payload in RESERVED:
        return _clean(event.text) or str(event.payload), str(event.payload)
    named = named_in(conversation, event.payload or "")
    for entry in entries:
        if named is not None and entry.offset == named[0] and named[1] < len(entry.buttons):
            return entry.buttons[named[1]].title, entry.buttons[named[1]].payload
    return None


def _clean(text: str | None) -> str:
    return (text or "").strip()


def _plain(text: str | None) -> str:
    return " ".join(_clean(text).casefold().split()).strip(" .!?")
