"""A made-up platform and its inboxes: signs, reads and takes lines as the real ones do, and is strict about all of it.

Its webhooks are ``{"account": ..., "events": [{"kind": ..., "key": ..., ...}]}``, an event with the fields of
`bot.channels.channel.Event`; its signature is the hex HMAC-SHA256 of the body under the inbox's secret ``key``.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.channels.channel import (
    Ability,
    Answer,
    Arrived,
    Attachment,
    Call,
    Event,
    EventKind,
    Field,
    Handshake,
    Part,
    Unanswered,
)
from bot.channels.event_json import from_data
from handover.errors import BadInput, NotFound
from handover.inboxes import Inbox
from handover.outcomes import Outcome, SendResult

SIGNATURE = "x-scripted-signature"
_BY_STATUS = {
    200: Outcome.SENT,
    403: Outcome.FINAL_PERSON,
    429: Outcome.RETRY_AFTER,
    401: Outcome.FINAL_ACCOUNT,
    400: Outcome.FINAL_MESSAGE,
}


class ScriptedChannel:
    """Implements `bot.channels.channel.Channel`."""

    def __init__(self, name: str = "scripted", **ability: Any) -> None:
        self.name = name
        self.bases = {"scripted": "https://scripted.example"}
        shape = Ability("Scripted", 100, "characters", (Field("key", "Key", "Any words.", secret=True),))
        self.ability = replace(shape, **({"buttons": 3, "window": timedelta(hours=24), "typing": True} | ability))

    def handshake(self, inbox: Inbox, asked: Arrived) -> Handshake:
        ours = asked.query.get("verify") == inbox.secrets["verify_token"]
        return Handshake(ours, asked.query.get("challenge", ""))

    def verify(self, inbox: Inbox, arrived: Arrived) -> bool:
        given = arrived.headers.get(SIGNATURE, "").encode(errors="replace")
        return hmac.compare_digest(given, signature(inbox, arrived.body).encode())

    def parse(self, body: bytes, headers: Mapping[str, str]) -> list[Event]:
        try:
            whole = json.loads(body)
            return [from_data({"account": whole.get("account", ""), **one}) for one in whole["events"]]
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as unreadable:
            raise BadInput("This is no webhook.") from unreadable

    def send(self, inbox: Inbox, person: str, part: Part) -> Call:
        assert len(part.text) <= self.ability.limit, "a part that the platform would not take"
        body = {"to": person, "text": part.text, "key": part.key, "buttons": [b.title for b in part.buttons]}
        return Call("scripted", "/send", json=body, headers={"authorization": inbox.secrets["key"]})

    def result(self, answer: Answer | Unanswered) -> SendResult:
        if isinstance(answer, Unanswered):
            return SendResult(Outcome.UNKNOWN if answer.written else Outcome.RETRY, note=answer.why)
        outcome = _BY_STATUS.get(answer.status, Outcome.RETRY)
        body = answer.json if isinstance(answer.json, dict) else {}
        return SendResult(outcome, provider_id=body.get("id"), retry_after=body.get("retry_after"))

    def typing(self, inbox: Inbox, person: str, *, thread: str | None = None, last: str | None = None) -> Call | None:
        return Call("scripted", "/typing", json={"to": person})

    def seen(self, inbox: Inbox, person: str, last: str) -> Call | None:
        return Call("scripted", "/seen", json={"to": person, "last": last})

    def locate(self, inbox: Inbox, attachment: Attachment) -> Call | None:
        return None

    def located(self, inbox: Inbox, answer: Answer) -> tuple[str, Mapping[str, str]] | None:
        return None

    def check(self, inbox: Inbox) -> Call | None:
        return Call("scripted", "/me", method="GET")

    def prepare(self, inbox: Inbox, webhook: str) -> Sequence[Call]:
        return [Call("scripted", "/webhook", json={"url": webhook})]


def an_inbox(id: str = "scripted.aaaa0001", account: str = "acc-1", secret: str = "secret one") -> Inbox:
    """An inbox of the scripted channel, or of one like it."""
    secrets = {"key": secret, "verify_token": "let me in"}
    return Inbox(id, id.partition(".")[0], f"Inbox {account}", account, secrets=secrets)


def signature(inbox: Inbox, body: bytes) -> str:
    """What the platform would put in its header."""
    return hmac.new(inbox.secrets["key"].encode(), body, hashlib.sha256).hexdigest()


def webhook(*events: Mapping[str, Any], account: str = "acc-1") -> bytes:
    """The body of a webhook with these events."""
    return json.dumps({"account": account, "events": list(events)}).encode()


def a_message(text: str, at: str, *, person: str = "p1", id: str | None = None, **more: Any) -> dict[str, Any]:
    """Somebody wrote; ``at`` is ISO 8601. Its id says who and when, unless one is given."""
    name = id or f"m-{person}-{at}"
    return {
        "kind": "message",
        "key": name,
        "id": name,
        "person": person,
        "text": text,
        "at": at,
        "reply_due": True,
    } | more


@dataclass
class ScriptedBook:
    """Inboxes as a test says; implements `bot.channels.partners.InboxBook`."""

    inboxes: list[Inbox]
    webhooks: list[str] = field(default_factory=list)
    handshakes: list[str] = field(default_factory=list)

    async def all(self) -> list[Inbox]:
        return list(self.inboxes)

    async def pause(self, inbox: str, why: str) -> bool:
        """Paused at a moment that means nothing."""
        at = datetime(2026, 1, 5, tzinfo=UTC)
        self.inboxes = [replace(one, paused_at=at, paused_why=why) if one.id == inbox else one for one in self.inboxes]
        return True

    async def get(self, inbox: str) -> Inbox:
        for one in self.inboxes:
            if one.id == inbox:
                return one
        raise NotFound("There is no such inbox.")

    async def of_channel(self, channel: str) -> Sequence[Inbox]:
        return [one for one in self.inboxes if one.channel == channel]

    async def saw_webhook(self, inbox: str) -> None:
        self.webhooks.append(inbox)

    async def saw_handshake(self, inbox: str) -> None:
        self.handshakes.append(inbox)


__all__ = ["SIGNATURE", "EventKind", "ScriptedBook", "ScriptedChannel", "a_message", "an_inbox", "signature", "webhook"]
