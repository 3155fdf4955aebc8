"""What we send through Messenger and Instagram: words with quick replies, that we write, that we have seen.

Sources: Meta, Messenger Platform "Send API", "Quick replies", "Sender actions", "Messenger profile".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.buttons import ASK_FOR_HUMAN
from bot.channels.channel import Part
from bot.channels.meta import GET_STARTED, TALK_TO_A_PERSON, shortened
from handover.entries import Button

MOST_QUICK_REPLIES = 13
LONGEST_TITLE = 20
_LONGEST_PAYLOAD = 1000
DISCLOSURE = "An automated assistant answers here. You can talk to a person at any time."


def message_body(person: str, part: Part, *, correlated: bool) -> dict[str, Any]:
    """The body of a send. A late line of a person carries the tag that Meta gives people for seven days.

    ``correlated``: our key goes along as metadata, which comes back in the echo.
    """
    message: dict[str, Any] = {"text": part.text}
    if correlated:
        message["metadata"] = part.key
    if replies := quick_replies(part.buttons):
        message["quick_replies"] = replies
    how = {"messaging_type": "RESPONSE"}
    if part.late and part.by_human:
        how = {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
    return {"recipient": {"id": person}, **how, "message": message}


def quick_replies(buttons: Sequence[Button]) -> list[dict[str, str]]:
    """The choices that fit: at most 13, with titles of at most 20 characters and payloads of at most 1000."""
    fitting = [button for button in buttons if button.title and len(button.payload) <= _LONGEST_PAYLOAD]
    return [
        {"content_type": "text", "title": shortened(button.title, LONGEST_TITLE), "payload": button.payload}
        for button in fitting[:MOST_QUICK_REPLIES]
    ]


def sender_action(person: str, action: str) -> dict[str, Any]:
    """``typing_on`` or ``mark_seen``: never together with a message."""
    return {"recipient": {"id": person}, "sender_action": action}


def ask_for_a_person() -> list[dict[str, Any]]:
    """The menu that stays beside the text box: the way to a person, which Meta demands of automated experiences."""
    choice = {"type": "postback", "title": TALK_TO_A_PERSON, "payload": ASK_FOR_HUMAN}
    return [{"locale": "default", "composer_input_disabled": False, "call_to_actions": [choice]}]


def first_questions() -> list[dict[str, Any]]:
    """What somebody who has never written may tap."""
    questions = [{"question": TALK_TO_A_PERSON, "payload": ASK_FOR_HUMAN}]
    return [{"locale": "default", "call_to_actions": questions}]


def page_profile() -> dict[str, Any]:
    """A page's greeting, its first button and its menu."""
    return {
        "greeting": [{"locale": "default", "text": DISCLOSURE}],
        "get_started": {"payload": GET_STARTED},
        "persistent_menu": ask_for_a_person(),
    }


def account_profile() -> dict[str, Any]:
    """An Instagram account's first questions and its menu. It has no greeting."""
    return {"platform": "instagram", "ice_breakers": first_questions(), "persistent_menu": ask_for_a_person()}
