"""The ports of the desk: what it needs of a clock, a record, a live feed, presence and a model. Who implements them
is chosen in one place, `handover.backends`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from handover.entries import AgentId, Entry
from handover.record_ports import Asides, Conversations, Entries, Offers, People, Turns, Waits
from handover.record_ports_contacts import Contacts
from handover.record_ports_inboxes import Inboxes
from handover.record_ports_intake import Intake
from handover.record_ports_marks import EntryMarks
from handover.record_ports_media import Media
from handover.record_ports_outbox import OutboxParts, OutboxRows
from handover.record_ports_pages import Pages
from handover.stored import Draft


class Clock(Protocol):
    """Time is handed in."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds since some fixed start; never goes back."""
        ...

    async def sleep(self, seconds: float) -> None: ...


class Transaction(Protocol):
    """One unit of work on the record; all of it is committed, or nothing."""

    conversations: Conversations
    entries: Entries
    turns: Turns
    offers: Offers
    people: People
    asides: Asides
    outbox: OutboxRows
    parts: OutboxParts
    waits: Waits
    inboxes: Inboxes
    intake: Intake
    marks: EntryMarks
    media: Media
    contacts: Contacts
    pages: Pages

    def after_commit(self, told: Told) -> None:
        """Publish ``told`` once the transaction is durable, in order; never when it is not."""
        ...


class Records(Protocol):
    """The record: the only truth."""

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """A writing transaction; commits at the end of the block, rolls back on an exception.

        Raises Unavailable when the store cannot be had in time.
        """
        ...

    def reading(self) -> AbstractAsyncContextManager[Transaction]:
        """A consistent view for queries; writes through it are refused by the store."""
        ...

    def glance(self) -> AbstractAsyncContextManager[Transaction]:
        """As `reading`, for a look at a row or two by their keys: it may be done on the loop, where that is cheaper."""
        ...


@dataclass(frozen=True, slots=True)
class Told:
    """Something to tell the screens that follow ``topic``: ``text`` is a frame's JSON, serialised once.

    ``offset`` lets a reader see a gap or a straggler: an entry's offset, the feed number of a list row or of the row
    behind a control frame. Kinds that are no frame are for readers alone: "resync" (anything may have been lost: catch
    up from the record; topic "*") and "check" (your picture may be old).

    ``about`` is the conversation of a list row; one that ``waits`` may be gathered with others for a moment, see
    `handover.gathered_rows`. ``covers`` are the feed numbers of the rows gathered in "conversations", in rising order,
    or of rows that a newer one, told already, stands for: then ``text`` is empty.
    """

    topic: str
    kind: str
    text: str
    offset: int | None = None
    about: str = ""
    waits: bool = False
    covers: tuple[int, ...] = ()


class Follower(Protocol):
    """One reader of the live feed: iterates, or is woken and takes. Both raise FellBehind once its queue overflowed."""

    def add(self, topic: str) -> None: ...

    def remove(self, topic: str) -> None: ...

    def put(self, told: Told) -> None:
        """Something of this reader's own, in line with what it is told. Never waits."""
        ...

    def wakes(self, wake: Callable[[], None] | None) -> None:
        """Call ``wake``, which must not wait, whenever something is queued from now on."""
        ...

    def take(self) -> Told | None:
        """What has waited longest, or None."""
        ...

    def __aiter__(self) -> AsyncIterator[Told]: ...


@dataclass(slots=True)
class LiveCounts:
    """What a live feed counts about its way to the other processes; ``lag`` is in seconds, of the latest beat."""

    publish_failures: int = 0
    publisher_lost: int = 0
    listener_lost: int = 0
    resyncs: int = 0
    not_understood: int = 0
    lag: float = 0.0


# What a follower hears when something may have been missed: it catches up from the record. Never sent to a page.
RESYNC = Told("*", "resync", "")


class LiveFeed(Protocol):
    """Tells open screens. May lose anything: readers catch up by offset.

    Followers in the process that publishes hear it at once and in order; those of other processes a moment later.
    Whenever a follower may have missed something, it hears `RESYNC`.
    """

    counts: LiveCounts

    def state(self) -> str:
        """A sentence on how screens are told just now."""
        ...

    @property
    def healthy(self) -> bool:
        """False while the processes do not hear each other: readers look at the record every second then."""
        ...

    async def publish(self, told: Told) -> None:
        """Waits neither for a reader nor for another process, and never fails."""
        ...

    def tell_here(self, told: Told) -> None:
        """Tell the followers in this process only."""
        ...

    def follow(self, *topics: str) -> AbstractAsyncContextManager[Follower]: ...


class Presence(Protocol):
    """Which agents have a console open, in any process. Forgetting everything is safe: it is said again."""

    async def mark(self, agent: AgentId, here: bool) -> None:
        """``here``: this process serves a console of ``agent``. Never waits for another process."""
        ...

    async def here(self) -> frozenset[AgentId]:
        """Whoever has a console open in a process that was heard of lately. Never waits for another process."""
        ...


class Lives(Protocol):
    """Which of the processes that work on the record still live."""

    @property
    def owner(self) -> str:
        """This process's name, at most 120 characters; no other process has it, before or after."""
        ...

    async def gone(self, owners: Collection[str]) -> frozenset[str]:
        """Those of ``owners`` who have certainly ended. Ask again: it takes some seconds to be certain.

        One that is only stopped, or slow, is not gone. Empty when nobody can tell just now.
        """
        ...


class Copilot(Protocol):
    """A model that helps agents; it never speaks to a customer."""

    async def summarise(self, packet: dict[str, Any], entries: Sequence[Entry]) -> str | None:
        """A short summary, or None when there is no model or it failed."""
        ...

    async def suggest(self, entries: Sequence[Entry], packet: dict[str, Any] | None) -> Draft | None:
        """A reply the agent may use, or None."""
        ...
