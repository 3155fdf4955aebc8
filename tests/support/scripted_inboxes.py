"""What the scripted service says over HTTP of channels and inboxes: the real channels, wishes judged as always."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.channels.inbox_parts import (
    Channels,
    InboxChange,
    InboxName,
    InboxPart,
    NewInbox,
    Prepared,
    SaidPart,
    channel_part,
    inbox_name,
    inbox_part,
)
from bot.channels.inbox_wishes import Wish, as_wished, secrets_of
from bot.channels.registry import CHANNELS
from handover.agent_parts import AgentPart
from handover.errors import AlreadyThere, Forbidden, NotFound
from handover.inboxes import Inbox, channel_of

HELP = "https://help.example"


@dataclass
class Inboxes:
    """``said`` holds the platforms' answers to come: to a check one row, to a set-up many; nobody asks in vain."""

    rows: dict[str, Inbox] = field(default_factory=dict)
    lines: dict[str, dict[str, int]] = field(default_factory=dict)
    said: list[list[SaidPart]] = field(default_factory=list)
    refusing: Exception | None = None  # the answer to every question, until it is None
    address: str = HELP
    without: set[str] = field(default_factory=set)  # channels that are not told

    def at(self, key: str, name: str, paused_why: str | None = None) -> str:
        """One whose id a test chooses."""
        paused_at = None if paused_why is None else datetime.now(UTC)
        self.rows[key] = Inbox(
            key, channel_of(key), name, key, paused_at=paused_at, paused_why=paused_why, webhook_at=datetime.now(UTC)
        )
        return key

    def put(self, channel: str, name: str, account: str = "4711", **more: Any) -> str:
        """An inbox that is there already, with every secret it needs."""
        key = f"{channel}.{len(self.rows):08x}"
        secrets = {one.name: "the secret itself" for one in CHANNELS[channel].ability.fields if one.required}
        self.rows[key] = Inbox(key, channel, name, account, secrets=secrets, **more)
        return key

    def change_row(self, key: str, **more: Any) -> None:
        self.rows[key] = replace(self.rows[key], **more)

    def heard(self, key: str, seconds_ago: float = 0) -> None:
        self.change_row(key, webhook_at=datetime.now(UTC) - timedelta(seconds=seconds_ago))

    def channels(self) -> Channels:
        return Channels(
            channels=[channel_part(channel) for name, channel in CHANNELS.items() if name not in self.without]
        )

    def seen_by(self, who: AgentPart) -> list[InboxName]:
        if self.refusing:
            raise self.refusing
        parts = [self.part(key) for key in self.rows]
        return [*parts] if who.role == "admin" else [inbox_name(one) for one in self.rows.values()]

    def part(self, key: str) -> InboxPart:
        inbox = self._row(key)
        there, url = secrets_of(inbox, CHANNELS[inbox.channel]), f"{self.address}/webhooks/{key.replace('.', '/')}"
        return inbox_part(replace(inbox, secrets={}), there, url, f"verify-{key}", self.lines.get(key, {}))

    def add(self, who: AgentPart, raw: dict[str, Any]) -> InboxPart:
        self._admin(who)
        body = NewInbox.model_validate(raw)
        key = f"{body.channel}.{len(self.rows):08x}"
        self._keep(Inbox(key, body.channel, "", ""), body)
        return self.part(key)

    def change(self, who: AgentPart, key: str, raw: dict[str, Any]) -> InboxPart:
        self._admin(who)
        self._keep(self._row(key), InboxChange.model_validate(raw))
        return self.part(key)

    def remove(self, who: AgentPart, key: str) -> None:
        self._admin(who)
        del self.rows[self._row(key).id]

    def deed(self, who: AgentPart, key: str, verb: str) -> InboxPart | SaidPart | Prepared:
        self._admin(who)
        self._row(key)
        match verb:
            case "pause":
                self.change_row(key, paused_at=datetime.now(UTC), paused_why=f"Paused by {who.name}.")
            case "resume":
                self.change_row(key, paused_at=None, paused_why=None)
            case "check":
                (said,) = self.said.pop(0)
                return said
            case "prepare":
                return Prepared(steps=self.said.pop(0))
            case _:
                raise NotFound("There is nothing at this address.")
        return self.part(key)

    def _keep(self, inbox: Inbox, body: NewInbox | InboxChange) -> None:
        wish = Wish(body.name, body.account, body.settings, body.secrets)
        made = as_wished(inbox, wish, CHANNELS[inbox.channel])
        same = [one for one in self.rows.values() if one.channel == made.channel and one.account == made.account]
        if any(one.id != made.id for one in same):
            raise AlreadyThere("Another inbox answers as this one already.", detail={"field": "account"})
        self.rows[made.id] = made

    def _row(self, key: str) -> Inbox:
        if key not in self.rows:
            raise NotFound("There is no such inbox.")
        return self.rows[key]

    def _admin(self, who: AgentPart) -> None:
        if self.refusing:
            raise self.refusing
        if who.role != "admin":
            raise Forbidden("Only an admin may do this.")
