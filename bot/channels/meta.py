"""What Messenger, Instagram and WhatsApp share: Meta's proof of address, its signature, its Graph API.

Sources: Meta, "Webhooks from Meta: Getting started"; "Messenger Platform: Webhooks"; Graph API changelog.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from urllib.parse import quote, urlencode

from bot.channels.channel import Arrived, Call, Handshake
from handover.inboxes import Inbox

GRAPH_VERSION = "v26.0"  # of September 2026; Meta keeps a version for at least two years
SIGNATURE = "x-hub-signature-256"
TALK_TO_A_PERSON = "Talk to a person"
# What the requests that prepare an account do, in words for admins.
TOLD_OF_EVENTS = "Ask Meta to tell us what happens"
TOLD_OF_EDITS = "Ask for edits too, where Meta has them; nothing depends on it"
SHOW_THE_WAY = "Show the greeting and the way to a person"
GET_STARTED = "get_started"  # the payload of the button that Messenger shows before the first message

_CHALLENGE = re.compile(r"[\x21-\x7e]{1,256}")  # Meta sends a number; nothing that could be markup is ever needed


class SignedByMeta:
    """Handshake and signature, the same for all three. A subclass may name more secrets that sign."""

    signing_secrets: tuple[str, ...] = ("app_secret",)

    def handshake(self, inbox: Inbox, asked: Arrived) -> Handshake:
        """``hub.mode=subscribe`` with our verify token gets the challenge back as plain text."""
        expected = inbox.settings.get("verify_token", "")
        given = asked.query.get("hub.verify_token", "")
        challenge = asked.query.get("hub.challenge", "")
        same = hmac.compare_digest(_octets(given), _octets(expected))
        if not (expected and same and asked.query.get("hub.mode") == "subscribe" and _CHALLENGE.fullmatch(challenge)):
            return Handshake(ours=False)
        return Handshake(ours=True, body=challenge)

    def verify(self, inbox: Inbox, arrived: Arrived) -> bool:
        """``sha256=`` and the HMAC-SHA256 of the raw bytes in lower-case hex, under the app secret.

        The older SHA-1 header counts for nothing, and neither does an empty secret.
        """
        given = _octets(arrived.headers.get(SIGNATURE, ""))
        vouched = False
        for name in self.signing_secrets:
            secret = inbox.secrets.get(name, "")
            made = "sha256=" + hmac.new(_octets(secret), arrived.body, hashlib.sha256).hexdigest()
            vouched |= bool(secret) and hmac.compare_digest(given, made.encode())
        return vouched


def _octets(text: str) -> bytes:
    return text.encode("utf-8", errors="backslashreplace")  # a comparison of text raises for non-ASCII


def graph_call(
    inbox: Inbox,
    path: str,
    *,
    base: str = "graph",
    method: str = "POST",
    json: Mapping[str, object] | None = None,
    what: str = "",
    **query: str,
) -> Call:
    """A request to the Graph API, with the inbox's access token in the header and never in the address."""
    asked = f"?{urlencode(query)}" if query else ""
    token = inbox.secrets.get("access_token", "")
    return Call(
        base=base,
        path=f"/{GRAPH_VERSION}/{path}{asked}",
        method=method,
        json=json,
        headers={"Authorization": f"Bearer {token}"},
        what=what,
    )


def one_step(name: str) -> str:
    """An id as a piece of a path: nothing in it can leave its place."""
    return quote(name, safe="").replace(".", "%2E")


def of_account(inbox: Inbox) -> str:
    """The inbox's account as a piece of a path; without one, whoever the token speaks for."""
    return one_step(inbox.account) or "me"


def shortened(text: str, most: int) -> str:
    """``text`` in at most ``most`` characters, the last one "…" when something was cut."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
