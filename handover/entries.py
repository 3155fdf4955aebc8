"""Entries: the lines of a conversation's record, who said them, and nothing about how they are stored."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType

ConversationId = NewType("ConversationId", str)
CustomerId = NewType("CustomerId", str)
AgentId = NewType("AgentId", str)
TurnId = NewType("TurnId", str)

_UNKEEPABLE = re.compile("[\x00\ud800-\udfff]")


class AuthorKind(StrEnum):
    CUSTOMER = "customer"
    BOT = "bot"
    AGENT = "agent"
    SYSTEM = "system"


class EntryKind(StrEnum):
    MESSAGE = "message"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True)
class Author:
    """Who said a line. ``id`` is an agent's id, else None; ``name`` is what a customer may read."""

    kind: AuthorKind
    name: str
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Button:
    """A choice under a message. ``payload`` is opaque to the page and comes back with the click."""

    title: str
    payload: str


@dataclass(frozen=True, slots=True)
class Citation:
    """A page an answer rests on; ``page`` is its id in the knowledge base."""

    title: str
    url: str
    page: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the record. ``offset`` rises by one in its conversation, from 1."""

    conversation: ConversationId
    offset: int
    author: Author
    kind: EntryKind
    text: str
    at: datetime
    epoch: int
    html: str | None = None
    buttons: tuple[Button, ...] = ()
    citations: tuple[Citation, ...] = ()
    client_id: str | None = None
    payload: str | None = field(default=None, repr=False)


def keepable(text: str) -> str:
    """``text`` with what no database takes (NUL, half of a surrogate pair) shown as U+FFFD; else as it is."""
    return _UNKEEPABLE.sub("\ufffd", text)
