"""X: legacy direct messages to an account, experimental. Encrypted conversations (X Chat) can only be told of.

Sources: X API documentation, "V2 webhooks", "X Activity API", "Manage Direct Messages", "Rate limits". The CRC answer
and the signature of an event are the same function of the same secret, so what may be answered is bounded.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
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
    Unanswered,
)
from bot.channels.x_events import ACTIVITIES, activity_events
from bot.channels.x_outcomes import x_result
from handover.inboxes import Inbox
from handover.outcomes import SendResult

SIGNATURE = "x-twitter-webhooks-signature"
_CRC_TOKEN = re.compile(r"[A-Za-z0-9_+/=-]{1,128}")  # no JSON is among these: no answer signs an event
_FIELDS = (
    Field("consumer_secret", "API key secret", "developer.x.com → your app → Keys and tokens.", secret=True),
    Field(
        "access_token",
        "Access token of the account",
        "OAuth 2.0, with dm.read, dm.write, tweet.read, users.read. X ends it after two hours unless it is renewed.",
        secret=True,
    ),
    Field(
        "app_token", "Bearer token of the app", "Only to register the webhook from here.", secret=True, required=False
    ),
    Field("webhook_id", "Webhook id", "What X called the webhook; needed to subscribe to messages.", required=False),
)


class X:
    """See `bot.channels.channel.Channel`. The account is the account's numeric id, and so is a person.

    ``now``: seconds since 1970, for the wait until a rate limit's reset when X's answer has no date.
    """

    name = "x"
    bases: Mapping[str, str] = {"x": "https://api.x.com"}
    ability = Ability(
        title="X",
        limit=10_000,
        unit="characters",
        fields=_FIELDS,
        account=Field(
            "account",
            "Account id",
            "The account's number, not its @name. If you do not know it, put the @name: Check access answers with it.",
        ),
        per_second=15 / 900,  # 15 in 15 minutes for an account: X API, "Rate limits"
        burst=15,
        echoes=True,
        receipts=frozenset({"read"}),
        media_hosts=(".twimg.com",),
        experimental=True,
    )

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now

    def handshake(self, inbox: Inbox, asked: Arrived) -> Handshake:
        """The challenge signed with our secret; refused when it could be anything else than a challenge."""
        secret, token = inbox.secrets.get("consumer_secret", ""), asked.query.get("crc_token", "")
        if not secret or not _CRC_TOKEN.fullmatch(token):
            return Handshake(ours=False)
        answer = json.dumps({"response_token": _signed(secret, token.encode()).decode()})
        return Handshake(ours=True, body=answer, media_type="application/json")

    def verify(self, inbox: Inbox, arrived: Arrived) -> bool:
        """``sha256=`` and the HMAC-SHA256 of the raw bytes in base64, under the app's secret.

        A body that a challenge could be is refused too, whatever its signature.
        """
        secret = inbox.secrets.get("consumer_secret", "")
        given = _octets(arrived.headers.get(SIGNATURE, ""))
        same = hmac.compare_digest(given, _signed(secret, arrived.body))
        return bool(secret) and same and not _could_be_challenge(arrived.body)

    def parse(self, body: bytes, headers: Mapping[str, str]) -> list[Event]:
        return activity_events(body)

    def send(self, inbox: Inbox, person: str, part: Part) -> Call:
        place = f"/2/dm_conversations/with/{quote(person, safe='')}/messages"
        return _call(inbox, place, {"text": part.text})

    def result(self, answer: Answer | Unanswered) -> SendResult:
        return x_result(answer, self._now())

    def typing(self, inbox: Inbox, person: str, *, thread: str | None = None, last: str | None = None) -> Call | None:
        """None: only encrypted conversations have it."""
        return None

    def seen(self, inbox: Inbox, person: str, last: str) -> Call | None:
        """None: only encrypted conversations have it."""
        return None

    def locate(self, inbox: Inbox, attachment: Attachment) -> Call | None:
        """None: a picture comes with its address."""
        return None

    def located(self, inbox: Inbox, answer: Answer) -> tuple[str, Mapping[str, str]] | None:
        return None

    def check(self, inbox: Inbox) -> Call | None:
        """Whose token it is: the answer's id must be the account's."""
        return _call(inbox, "/2/users/me", None, method="GET")

    def prepare(self, inbox: Inbox, webhook: str) -> Sequence[Call]:
        """Register the webhook with the app's token; with the webhook's id, subscribe to the account's messages."""
        calls: list[Call] = []
        if token := inbox.secrets.get("app_token", ""):
            calls.append(_call(inbox, "/2/webhooks", {"url": webhook}, token=token, what="Register our webhook"))
        if hook := inbox.settings.get("webhook_id", ""):
            whose = {"user_id": inbox.account}
            for kind in ACTIVITIES:
                body = {"event_type": kind, "filter": whose, "webhook_id": hook}
                calls.append(_call(inbox, "/2/activity/subscriptions", body, what=f"Ask X to tell us of {kind}"))
        return calls


def _could_be_challenge(body: bytes) -> bool:
    return _CRC_TOKEN.fullmatch(body.decode("latin-1")) is not None


def _signed(secret: str, what: bytes) -> bytes:
    return b"sha256=" + base64.b64encode(hmac.digest(_octets(secret), what, hashlib.sha256))


def _call(
    inbox: Inbox,
    path: str,
    body: Mapping[str, Any] | None,
    *,
    method: str = "POST",
    token: str | None = None,
    what: str = "",
) -> Call:
    held = inbox.secrets.get("access_token", "") if token is None else token
    return Call(base="x", path=path, method=method, json=body, headers={"Authorization": f"Bearer {held}"}, what=what)


def _octets(text: str) -> bytes:
    return text.encode("utf-8", errors="backslashreplace")  # a comparison of text raises for non-ASCII
