"""What somebody wants an inbox to be, looked through before it is believed. Pure; every refusal names its field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bot.channels.channel import Channel, Field
from handover.errors import BadInput
from handover.inboxes import Inbox

LONGEST_NAME = 120  # characters, as in the record
LONGEST_ACCOUNT = 128
LONGEST = 4_096  # characters of one value; access tokens are the longest, with some hundreds
SHORTEST_SECRET = 8  # characters; whatever a platform gives out is longer, and shorter ones can be guessed


@dataclass(frozen=True, slots=True)
class Wish:
    """None leaves a thing as it is; among the values None or "" erases one. ``secrets`` are kept out of sight."""

    name: str | None = None
    account: str | None = None
    settings: Mapping[str, str | None] | None = None
    secrets: Mapping[str, str | None] | None = None

    def __repr__(self) -> str:
        return f"Wish({self.name!r}, {self.account!r})"  # values may be secrets in the wrong place


def as_wished(inbox: Inbox, wish: Wish, channel: Channel) -> Inbox:
    """``inbox`` as ``wish`` has it. Raises BadInput; ``detail.field`` is name, account or a field's."""
    name = _words("name", "The name", inbox.name if wish.name is None else wish.name, LONGEST_NAME)
    label = channel.ability.account.label
    account = _words("account", label, inbox.account if wish.account is None else wish.account, LONGEST_ACCOUNT)
    fields = {field.name: field for field in channel.ability.fields}
    settings, hidden = dict(inbox.settings), dict(inbox.secrets)
    for given, secret, kept in ((wish.settings, False, settings), (wish.secrets, True, hidden)):
        for key, value in (given or {}).items():
            _put(kept, _field(fields, key, secret=secret), (value or "").strip())
    for field in fields.values():
        if field.required and not (hidden if field.secret else settings).get(field.name):
            raise BadInput(f"{field.label} is missing.", detail={"field": field.name})
    return replace(inbox, name=name, account=account, settings=settings, secrets=hidden)


def secrets_of(inbox: Inbox, channel: Channel) -> dict[str, bool]:
    """For each secret field of the channel, whether it is set; never more."""
    return {field.name: bool(inbox.secrets.get(field.name)) for field in channel.ability.fields if field.secret}


def _field(fields: Mapping[str, Field], key: str, *, secret: bool) -> Field:
    if key not in fields:
        raise BadInput("This channel has no such field.", detail={"field": key[:64]})
    if fields[key].secret and not secret:
        raise BadInput(f"{fields[key].label} is a secret: it goes among the secrets.", detail={"field": key})
    if secret and not fields[key].secret:
        raise BadInput(f"{fields[key].label} is no secret: it goes among the settings.", detail={"field": key})
    return fields[key]


def _put(kept: dict[str, str], field: Field, value: str) -> None:
    if not value:
        kept.pop(field.name, None)
        return
    if len(value) > LONGEST:
        raise BadInput(f"{field.label} has more than {LONGEST} characters.", detail={"field": field.name})
    if not _shown(value):
        raise BadInput(f"{field.label} holds characters that cannot be seen.", detail={"field": field.name})
    if field.secret and not value.isascii():
        # Every platform gives out ASCII; anything else is a slip of the clipboard, and cannot stand in a header.
        raise BadInput(f"{field.label} holds characters that no platform gives out.", detail={"field": field.name})
    if field.secret and len(value) < SHORTEST_SECRET:
        raise BadInput(f"{field.label} has fewer than {SHORTEST_SECRET} characters.", detail={"field": field.name})
    kept[field.name] = value


def _words(field: str, label: str, given: str, most: int) -> str:
    words = given.strip()
    if not words:
        raise BadInput(f"{label} is missing.", detail={"field": field})
    if len(words) > most:
        raise BadInput(f"{label} has more than {most} characters.", detail={"field": field})
    if not _shown(words):
        raise BadInput(f"{label} holds characters that cannot be seen.", detail={"field": field})
    return words


def _shown(words: str) -> bool:
    return words.replace("\u200d", "").isprintable()  # a joiner makes one emoji of several
