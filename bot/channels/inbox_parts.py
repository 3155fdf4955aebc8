"""Channels and inboxes as `bot.channels.inbox_api` shows and takes them. Secrets only go in."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from bot.channels.channel import Ability, Channel
from bot.channels.channel import Field as Wanted
from handover.inboxes import Inbox
from handover.login_api import Body

# Far above what `bot.channels.inbox_wishes` allows, whose refusals name the field: these only bound the work.
_Text = Annotated[str, StringConstraints(max_length=16_384)]
_Values = Annotated[dict[Annotated[str, StringConstraints(max_length=64)], _Text | None], Field(max_length=40)]


class FieldPart(BaseModel):
    """Something an inbox must be told; ``secret`` ones can be set and replaced, never read."""

    name: str
    label: str
    help: str
    secret: bool
    required: bool


class ChannelPart(BaseModel):
    """A channel and what it can do. ``limit`` is the longest text of one send, in ``unit``; ``account`` a field too."""

    name: str
    title: str
    limit: int
    unit: str
    window_seconds: float | None
    human_window_seconds: float | None
    templates: bool
    buttons: int
    experimental: bool
    receipts: list[str]
    typing: bool
    seen: bool
    account: FieldPart
    fields: list[FieldPart]


class Channels(BaseModel):
    channels: list[ChannelPart]


class InboxName(BaseModel):
    """What everybody at the desk may know of an inbox."""

    id: str
    channel: str
    name: str
    paused_why: str | None = None


class InboxPart(InboxName):
    """An inbox as admins see it. ``queued`` lines wait to be sent; ``not_delivered`` ones wait for people."""

    account: str
    settings: dict[str, str]
    secrets: dict[str, Literal["set", "missing"]]
    webhook_url: str
    verify_token: str
    paused_at: datetime | None = None
    handshake_at: datetime | None = None
    webhook_at: datetime | None = None
    queued: int = 0
    not_delivered: int = 0


class NewInbox(Body):
    channel: _Text
    name: _Text
    account: _Text
    settings: _Values = Field(default_factory=dict)
    secrets: _Values = Field(default_factory=dict)


class InboxChange(Body):
    """What is left out stays; a value of null or "" erases."""

    name: _Text | None = None
    account: _Text | None = None
    settings: _Values = Field(default_factory=dict)
    secrets: _Values = Field(default_factory=dict)


class SaidPart(BaseModel):
    """What the platform said to one request: ``what`` was asked of it, and what to do about its answer."""

    ok: bool
    what: str
    words: str
    todo: str = ""


class Prepared(BaseModel):
    """One row for each request, in order; none when there is nothing to set up from here."""

    steps: list[SaidPart]


def channel_part(channel: Channel) -> ChannelPart:
    ability: Ability = channel.ability
    windows = [None if span is None else span.total_seconds() for span in (ability.window, ability.human_window)]
    return ChannelPart(
        name=channel.name,
        title=ability.title,
        limit=ability.limit,
        unit=ability.unit,
        window_seconds=windows[0],
        human_window_seconds=windows[1],
        templates=ability.templates,
        buttons=ability.buttons,
        experimental=ability.experimental,
        receipts=sorted(ability.receipts),
        typing=ability.typing,
        seen=ability.seen,
        account=_field_part(ability.account),
        fields=[_field_part(field) for field in ability.fields],
    )


def inbox_name(inbox: Inbox) -> InboxName:
    return InboxName(id=inbox.id, channel=inbox.channel, name=inbox.name, paused_why=inbox.paused_why)


def inbox_part(inbox: Inbox, there: dict[str, bool], webhook: str, token: str, lines: dict[str, int]) -> InboxPart:
    """``there`` says of each secret whether it is set; ``token`` is the verify token, ``lines`` counts by state."""
    return InboxPart(
        **inbox_name(inbox).model_dump(),
        account=inbox.account,
        settings=dict(inbox.settings),
        secrets={name: "set" if known else "missing" for name, known in there.items()},
        webhook_url=webhook,
        verify_token=token,
        paused_at=inbox.paused_at,
        handshake_at=inbox.handshake_at,
        webhook_at=inbox.webhook_at,
        queued=lines.get("queued", 0),
        not_delivered=lines.get("failed", 0),
    )


def _field_part(field: Wanted) -> FieldPart:
    return FieldPart(name=field.name, label=field.label, help=field.help, secret=field.secret, required=field.required)
