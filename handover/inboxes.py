"""An inbox: one configured channel (a page, a number, a bot), as plain data. Secrets are in the clear only here."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

WEB = "web"


@dataclass(frozen=True, slots=True)
class Inbox:
    """``id`` is ``{channel}.{key}`` and never changes; ``account`` is the platform's own id for what we answer as.

    ``settings`` may be shown to agents; ``secrets`` are kept encrypted, leave the service in no answer and stand in
    no log. While ``paused_at`` is set nothing is sent and what arrives is still kept; ``paused_why`` is for people.
    """

    id: str
    channel: str
    name: str
    account: str
    settings: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict, repr=False)
    enabled: bool = True
    paused_at: datetime | None = None
    paused_why: str | None = None
    handshake_at: datetime | None = None
    webhook_at: datetime | None = None


def channel_of(inbox: str) -> str:
    """The channel an inbox belongs to, from its id alone: ``whatsapp.4f2a`` is ``whatsapp``; ``web`` is ``web``."""
    return inbox.partition(".")[0]
