"""LINE: official accounts and the people who have added them as a friend.

Sources: LINE Developers, Messaging API reference and "Retrying an API request". A push carries a key of ours, so the
same push twice is one message.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import uuid
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from bot.channels.channel import (
    Ability,
    Answer,
    Arrived,
    Attachment,
    Call,
    Event,
    Field,
    Handshake,
    Part,
    Place,
    Unanswered,
)
from bot.channels.line_events import webhook_events
from bot.channels.line_outcomes import line_result
from bot.channels.meta import shortened
from handover.entries import Button
from handover.inboxes import Inbox
from handover.outcomes import SendResult

SIGNATURE = "x-line-signature"
_RETRY_KEYS = uuid.UUID("5a9c2f0e-6d0b-4d6e-9f5e-8d1f0b6a7c31")  # the space in which our keys become UUIDs
_MOST_BUTTONS = 13
_LONGEST_LABEL = 20
_LONGEST_DATA = 300
_LOADING_SECONDS = 20  # a multiple of 5, at most 60; it ends with our message
_FIELDS = (
    Field("channel_secret", "Channel secret", "LINE Developers → your channel → Basic settings.", secret=True),
    Field(
        "access_token",
        "Channel access token",
        "LINE Developers → your channel → Messaging API → Channel access token (long-lived).",
        secret=True,
    ),
)


class Line:
    """See `bot.channels.channel.Channel`. A person is known by their id within the account's provider."""

    name = "line"
    bases: Mapping[str, str] = {"line": "https://api.line.me", "line_data": "https://api-data.line.me"}
    ability = Ability(
        title="LINE",
        limit=5000,
        unit="utf16",
        fields=_FIELDS,
        account=Field(
            "account",
            "Bot id",
            "Begins with U. LINE's pages do not show it: put the basic id (@…), and Check access answers with it.",
        ),
        buttons=_MOST_BUTTONS,
        button_title=_LONGEST_LABEL,
        per_second=50.0,  # the push endpoint takes 2,000: Messaging API reference, "Rate limits"
        idempotent=True,
        typing=True,
    )

    def handshake(self, inbox: Inbox, asked: Arrived) -> Handshake:
        """LINE asks nothing by GET: its Verify button posts a signed webhook without events."""
        return Handshake(ours=False)

    def verify(self, inbox: Inbox, arrived: Arrived) -> bool:
        """Base64 of the HMAC-SHA256 of the raw bytes under the channel secret."""
        secret = inbox.secrets.get("channel_secret", "")
        made = base64.b64encode(hmac.digest(_octets(secret), arrived.body, hashlib.sha256))
        return bool(secret) and hmac.compare_digest(_octets(arrived.headers.get(SIGNATURE, "")), made)

    def parse(self, body: bytes, headers: Mapping[str, str]) -> list[Event]:
        return webhook_events(body)

    def send(self, inbox: Inbox, person: str, part: Part) -> Call:
        """A push, never a reply: a reply token lives a minute, works once and takes no key."""
        message: dict[str, Any] = {"type": "text", "text": part.text}
        if items := quick_replies(part.buttons):
            message["quickReply"] = {"items": items}
        key = str(uuid.uuid5(_RETRY_KEYS, part.key))
        body = {"to": person, "messages": [message]}
        return _call(inbox, "/v2/bot/message/push", body, headers={"X-Line-Retry-Key": key})

    def result(self, answer: Answer | Unanswered) -> SendResult:
        return line_result(answer)

    def typing(self, inbox: Inbox, person: str, *, thread: str | None = None, last: str | None = None) -> Call | None:
        """The loading dots; LINE shows them to one person, not to a group."""
        if not person.startswith("U"):
            return None
        body = {"chatId": person, "loadingSeconds": _LOADING_SECONDS}
        return _call(inbox, "/v2/bot/chat/loading/start", body)

    def seen(self, inbox: Inbox, person: str, last: str) -> Call | None:
        """None: marking as read wants a token of each message, and with automatic answers on LINE marks by itself."""
        return None

    def locate(self, inbox: Inbox, attachment: Attachment) -> Place | None:
        """The content of a message lies under the base URL ``line_data``, for whoever has the channel's token."""
        if not attachment.ref:
            return None
        address = f"line_data:/v2/bot/message/{quote(attachment.ref, safe='')}/content"
        return Place(address, _authorised(inbox))

    def located(self, inbox: Inbox, answer: Answer) -> tuple[str, Mapping[str, str]] | None:
        return None

    def check(self, inbox: Inbox) -> Call | None:
        """Whose token it is: the answer names the account."""
        return _call(inbox, "/v2/bot/info", None, method="GET")

    def prepare(self, inbox: Inbox, webhook: str) -> Sequence[Call]:
        """Where webhooks go, and a try of it. The switch "Use webhook" is in LINE's own pages alone."""
        return (
            _call(
                inbox,
                "/v2/bot/channel/webhook/endpoint",
                {"endpoint": webhook},
                method="PUT",
                what="Have webhooks sent to us",
            ),
            _call(inbox, "/v2/bot/channel/webhook/test", {"endpoint": webhook}, what="Let LINE try to reach us"),
        )


def quick_replies(buttons: Sequence[Button]) -> list[dict[str, Any]]:
    """The choices that fit: at most 13, with labels of at most 20 characters and data of at most 300."""
    fitting = [button for button in buttons if button.title and 0 < len(button.payload) <= _LONGEST_DATA]
    return [
        {
            "type": "action",
            "action": {
                "type": "postback",
                "label": shortened(button.title, _LONGEST_LABEL),
                "data": button.payload,
                "displayText": button.title[:300],
            },
        }
        for button in fitting[:_MOST_BUTTONS]
    ]


def _authorised(inbox: Inbox) -> dict[str, str]:
    return {"Authorization": f"Bearer {inbox.secrets.get('access_token', '')}"}


def _call(
    inbox: Inbox,
    path: str,
    body: Mapping[str, Any] | None,
    *,
    method: str = "POST",
    headers: Mapping[str, str] | None = None,
    what: str = "",
) -> Call:
    given = {**_authorised(inbox), **(headers or {})}
    return Call(base="line", path=path, method=method, json=body, headers=given, what=what)


def _octets(text: str) -> bytes:
    return text.encode("utf-8", errors="backslashreplace")  # a comparison of text raises for non-ASCII
