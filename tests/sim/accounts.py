"""Accounts on the simulated platforms: what an inbox of the product is made of, and where its webhooks go."""

from __future__ import annotations

from dataclasses import dataclass, field

from handover.inboxes import Inbox

CHANNELS = ("messenger", "instagram", "whatsapp", "telegram", "x", "line")

_DEMO: dict[str, tuple[str, dict[str, str]]] = {
    "messenger": ("104200000000001", {"app_secret": "sim-app-secret", "access_token": "sim-page-token"}),
    "instagram": ("17841400000000001", {"app_secret": "sim-app-secret", "access_token": "sim-ig-token"}),
    "whatsapp": ("106540000000001", {"app_secret": "sim-app-secret", "access_token": "sim-wa-token"}),
    "telegram": ("7000000001", {"bot_token": "7000000001:sim-bot-token", "webhook_secret": "sim-webhook-secret"}),
    "x": ("1100000000000000001", {"consumer_secret": "sim-consumer-secret", "access_token": "sim-x-token"}),
    "line": ("U" + "1" * 32, {"channel_secret": "sim-channel-secret", "access_token": "sim-line-token"}),
}


@dataclass(slots=True)
class Account:
    """One page, number or bot. ``hook`` is the path of its webhooks; a platform may be told another by a request.

    ``said`` is the secret that Telegram puts in a header: the inbox's own, or the one that ``setWebhook`` gave.
    """

    channel: str
    id: str
    secrets: dict[str, str]
    settings: dict[str, str] = field(default_factory=dict)
    hook: str = ""
    said: str = ""

    def __post_init__(self) -> None:
        self.hook = self.hook or f"/webhooks/{self.channel}"
        self.said = self.said or self.secrets.get("webhook_secret", "")

    @property
    def token(self) -> str:
        return self.secrets.get("bot_token") or self.secrets.get("access_token", "")


def account_of(inbox: Inbox) -> Account:
    """The account an inbox answers as; its webhooks go to the inbox's own address."""
    key = inbox.id.partition(".")[2]
    hook = f"/webhooks/{inbox.channel}/{key}" if key else ""
    return Account(inbox.channel, inbox.account, dict(inbox.secrets), dict(inbox.settings), hook)


def demo_inbox(channel: str, key: str = "51u1a700") -> Inbox:
    """An inbox of the account that `make sim` has on ``channel``."""
    account, secrets = _DEMO[channel]
    settings = {"verify_token": "sim-verify-token"}
    return Inbox(f"{channel}.{key}", channel, f"Simulated {channel}", account, settings, dict(secrets))


class Accounts:
    """Every account there is. A token belongs to one account."""

    def __init__(self) -> None:
        self._all: list[Account] = []

    def add(self, account: Account) -> Account:
        """The account again, or in the place of the one with the same channel and id."""
        same = [one for one in self._all if (one.channel, one.id) == (account.channel, account.id)]
        for one in same:
            self._all.remove(one)
        self._all.append(account)
        return account

    def by_token(self, token: str, *channels: str) -> Account | None:
        found = [one for one in self._all if one.channel in channels and token and one.token == token]
        return found[0] if found else None

    def of(self, channel: str, id: str | None = None) -> Account:
        """The account of ``channel``; with ``id`` that one. Raises LookupError when there is none."""
        found = [one for one in self._all if one.channel == channel and id in {None, one.id}]
        if not found:
            raise LookupError(f"no account {id or ''} on {channel}")
        return found[-1]

    def all(self) -> list[Account]:
        return list(self._all)
