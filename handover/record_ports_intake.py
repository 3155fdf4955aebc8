"""What the record keeps of webhooks on their way in: bodies as they came, events read from them, and who wrote."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from handover.entries import CustomerId

# Why an event is kept aside that is applied after all once its message comes.
NO_TARGET = "It speaks of a message that never came."


@dataclass(frozen=True, slots=True)
class Arrival:
    """A verified webhook that nobody has read yet. ``inboxes`` are those whose secret vouched for it.

    ``named`` is the inbox in its address, if there was one. ``id`` is 0 before it is kept.
    """

    channel: str
    inboxes: tuple[str, ...]
    named: str | None
    headers: dict[str, str]
    body: bytes = field(repr=False)
    received_at: datetime
    id: int = 0
    tries: int = 0
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """An event of one person in one inbox, to be applied once. ``key`` is at most 200 characters.

    ``data`` is only understood by who wrote it. ``at`` is the platform's time, or ours where it gave none. ``person``
    is "" for what concerns the account. ``message`` is the platform's id of the message it brings, ``target`` of the
    one it speaks of. With ``note`` it is kept aside from the start.
    """

    inbox: str
    key: str
    person: str
    kind: str
    at: datetime
    received_at: datetime
    data: dict[str, Any] = field(repr=False)
    aliases: tuple[str, ...] = ()
    message: str | None = None
    target: str | None = None
    note: str | None = None
    id: int = 0
    tries: int = 0
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody as one inbox knows them. ``customer`` is None until they have said something.

    ``last_message`` is the platform's id of the newest thing they said; ``thread`` must come back with each send.
    """

    inbox: str
    external_id: str
    customer: CustomerId | None = None
    name: str | None = None
    thread: str | None = None
    last_message: str | None = None
    blocked_at: datetime | None = None
    blocked_why: str | None = None


@dataclass(frozen=True, slots=True)
class KeptAside:
    """Something that could not be used, for people to look at. ``what`` is "webhook" or the kind of event."""

    id: int
    what: str
    inbox: str
    note: str
    received_at: datetime
    text: str = field(repr=False)


class Intake(Protocol):
    """The way in. Bodies and events wait here until they are applied; their keys stay for longer."""

    async def keep(self, arrivals: Sequence[Arrival]) -> None: ...

    async def due_arrivals(self, at: datetime, until: datetime, limit: int) -> list[Arrival]:
        """Claim bodies to read, the oldest first; nobody else gets them before ``until``. Counts a try of each."""
        ...

    async def read(self, arrivals: Collection[int], events: Sequence[Heard], due: datetime) -> int:
        """Queue what is new of ``events`` for ``due`` and let the bodies go; returns how many were new."""
        ...

    async def arrival_aside(self, arrival: int, note: str) -> None: ...

    async def claim_people(self, at: datetime, until: datetime, limit: int) -> list[tuple[str, str]]:
        """(inbox, person) with an event that is due and that nobody works on; they are ours until ``until``."""
        ...

    async def events_of(self, inbox: str, person: str, limit: int) -> list[Heard]:
        """What waits of one person, in the platform's order; also what is not due yet."""
        ...

    async def about(self, inbox: str, message: str) -> list[Heard]:
        """What is known of a message: the events that speak of it, whatever became of them."""
        ...

    async def rearm(self, inbox: str, message: str, at: datetime) -> None:
        """The message is in the record now: what waits for it is due, and what gave up waiting (`NO_TARGET`), too."""
        ...

    async def erase(self, inbox: str, messages: Collection[str]) -> None:
        """The customer took these messages back: nothing that was kept aside repeats their words."""
        ...

    async def backlog(self) -> tuple[int, datetime | None]:
        """How many webhooks and events wait, and since when the oldest does."""
        ...

    async def done(self, event: int) -> None:
        """It was applied: what it said goes, its key stays."""
        ...

    async def aside(self, event: int, note: str) -> None:
        """It cannot be applied: it stays for people to look at."""
        ...

    async def again(self, event: int, at: datetime, note: str) -> None:
        """Try it again at ``at``; counts a try."""
        ...

    async def release(self, inbox: str, person: str, until: datetime | None = None) -> None:
        """Others may work on it: at once, or from ``until`` on, which is a pause after something failed."""
        ...

    async def release_all(self) -> None:
        """Nobody works on anything: this process is the only one, and has just begun."""
        ...

    async def identity(self, inbox: str, person: str, *, lock: bool = False) -> Identity | None:
        """The person behind ``person``, which may be any of their ids there."""
        ...

    async def whose(self, inbox: str, customer: CustomerId) -> Identity | None:
        """How ``inbox`` knows ``customer``."""
        ...

    async def remember(self, identity: Identity) -> None:
        """Write everything of an identity that is there already."""
        ...

    async def also(self, inbox: str, person: str, alias: str) -> None:
        """``alias`` is another id of ``person`` in this inbox; nothing happens when it is somebody's already."""
        ...

    async def kept_aside(self, *, before: int | None, limit: int) -> list[KeptAside]:
        """Events that could not be applied, the newest first."""
        ...

    async def bodies_aside(self, limit: int) -> list[KeptAside]:
        """Webhooks that could not be read, the newest first."""
        ...
