"""Inboxes of the simulated platforms in a running product, made and set up as an admin does it; people who write."""

from __future__ import annotations

import itertools
import json
import urllib.request
from dataclasses import dataclass, field
from typing import Any

from handover.inboxes import Inbox
from tests.sim.accounts import demo_inbox
from tests.sim.driver import Simulator
from tests.sim.product_side import PEOPLE
from tests.support.people import Frame
from tests.support.people_at_the_desk import Agent, log_in, post
from tests.support.record import conversation_of
from tests.support.stack import PASSWORD, Stack

ASKS_ADDRESS = {"messenger", "instagram", "whatsapp", "x"}  # these ask whether an address is ours


@dataclass
class SocialInboxes:
    """One inbox for each channel, made when it is first asked for."""

    stack: Stack
    platforms: Simulator
    _made: dict[str, Inbox] = field(default_factory=dict)
    _cookie: str = ""
    _people: itertools.count[int] = field(default_factory=lambda: itertools.count(11))

    def on(self, channel: str) -> Inbox:
        if channel not in self._made:
            self._made[channel] = self._set_up(channel)
        return self._made[channel]

    def somebody(self, channel: str) -> str:
        """A person on ``channel`` who has never written."""
        return f"{PEOPLE[channel][:-3]}{next(self._people):03d}"

    def deed(self, inbox: Inbox, what: str) -> dict[str, Any]:
        """An admin checks, prepares, pauses or resumes an inbox."""
        said: dict[str, Any] = post(self.stack.url, f"inboxes/{inbox.id}/{what}", {}, cookie=self.cookie)[1]
        return said

    def seen(self, inbox: Inbox) -> dict[str, Any]:
        """An inbox as admins see it."""
        shown: dict[str, Any] = self._get(f"inboxes/{inbox.id}")
        return shown

    def conversation(self, inbox: Inbox, person: str) -> str:
        """The conversation that ``person`` has with ``inbox``, as soon as there is one."""

        def there() -> str | None:
            return conversation_of(self.stack.record, inbox.id, person)

        return self.platforms.until(there, f"the conversation of {person}")

    @property
    def cookie(self) -> str:
        """An admin's."""
        self._cookie = self._cookie or log_in(self.stack.url, "admin@example.com", PASSWORD)
        return self._cookie

    def _get(self, path: str) -> Any:
        request = urllib.request.Request(f"{self.stack.url}/api/v1/{path}", headers={"cookie": self.cookie})
        with urllib.request.urlopen(request, timeout=20) as response:
            return json.loads(response.read())

    def _set_up(self, channel: str) -> Inbox:
        """What only the platform is told is not typed in: Telegram hears our secret when the webhook is set."""
        wanted = demo_inbox(channel)
        secrets = {name: value for name, value in wanted.secrets.items() if name != "webhook_secret"}
        body = {"channel": channel, "name": wanted.name, "account": wanted.account, "secrets": secrets}
        _, made = post(self.stack.url, "inboxes", body, cookie=self.cookie)
        token = {"verify_token": made["verify_token"]}
        inbox = Inbox(made["id"], channel, wanted.name, wanted.account, token, secrets)
        account = self.platforms.add(inbox)
        prepared, checked = self.deed(inbox, "prepare"), self.deed(inbox, "check")
        assert all(step["ok"] for step in [*prepared["steps"], checked]), (prepared, checked)
        assert account.hook == made["webhook_url"].removeprefix(self.stack.url)
        assert channel not in ASKS_ADDRESS or self.platforms.handshake(channel)
        return inbox


def mark_of(agent: Agent, line: Frame, **state: object) -> Frame:
    """The mark of an entry with this state, as soon as it is told."""

    def reached(frame: Frame) -> bool:
        if frame["type"] != "entry_mark" or frame["conversation"] != line["conversation"]:
            return False
        return frame["offset"] == line["offset"] and all(frame.get(name) == value for name, value in state.items())

    return agent.has_seen(f"{state} on line {line['offset']}", reached)
