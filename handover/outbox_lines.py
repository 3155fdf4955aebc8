"""A line on its way out in parts, each of them one send, as plain data; and what the parts make of the line. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from handover.entries import ConversationId, Entry
from handover.outcomes import DeliveryState, SendResult, forward
from handover.stored import ConversationRow, Delivery


class PartState(StrEnum):
    """Where one part is. ``sending`` is written before the platform is called and stays when we die there."""

    QUEUED = "queued"
    SENDING = "sending"
    UNKNOWN = "unknown"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"


OUT = frozenset({PartState.SENT, PartState.DELIVERED, PartState.READ})
IN_DOUBT = frozenset({PartState.SENDING, PartState.UNKNOWN})


@dataclass(frozen=True, slots=True)
class PartRow:
    """A part of a line. ``key`` is the same at every try; ``person`` is the platform's id of whom it goes to.

    ``tries`` counts sends, from ``first_at`` on; ``began_at`` is when the newest was written down. ``doubt``: an
    earlier try may have arrived.
    """

    outbox: int
    conversation: ConversationId
    inbox: str
    number: int
    key: str
    person: str
    text: str
    state: PartState = PartState.QUEUED
    tries: int = 0
    first_at: datetime | None = None
    began_at: datetime | None = None
    provider_id: str | None = None
    doubt: bool = False
    note: str = ""
    todo: str = ""


@dataclass(frozen=True, slots=True)
class LineRow:
    """A line's row: ``state`` says what the gate does with it, ``delivery`` how far it has come."""

    id: int
    conversation: ConversationId
    offset: int
    state: str
    delivery: DeliveryState
    note: str
    todo: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line that was claimed, with what it says and where."""

    delivery: Delivery
    entry: Entry
    row: ConversationRow


@dataclass(frozen=True, slots=True)
class Plan:
    """How a line is to be sent: ``texts``, one a part, to ``person``.

    ``refused``: not at all, and why; ``dropped`` the same for what nobody misses, a notice that is too late. ``late``:
    past the usual window, inside the one for people. ``thread`` must come back with each send.
    """

    person: str = ""
    texts: tuple[str, ...] = ()
    late: bool = False
    thread: str | None = None
    refused: SendResult | None = None
    dropped: str | None = None


class ChannelSender(Protocol):
    """Hands lines to one platform; the gate is its only caller."""

    @property
    def idempotent(self) -> bool:
        """The same key twice is one message there, so a send of unknown outcome may be repeated."""
        ...

    async def plan(self, line: Line) -> Plan: ...

    async def pace(self, line: Line, plan: Plan) -> float:
        """Take leave to send one part: 0 when it may go now, else seconds until it is worth asking again."""
        ...

    async def send(self, line: Line, plan: Plan, part: PartRow, last: bool) -> SendResult:
        """Send one part, the ``last`` of its line or not. Raises when it cannot tell whether it was sent."""
        ...

    async def stop(self, inbox: str, why: str) -> None:
        """Our access to the platform is broken: the inbox pauses, and people are told."""
        ...


class Senders(Protocol):
    """Who sends for which inbox. A mapping by inbox id will do."""

    def get(self, inbox: str, /) -> ChannelSender | None: ...


_SHOWN = {PartState.SENDING: DeliveryState.QUEUED}
_ORDER = (DeliveryState.QUEUED, DeliveryState.UNKNOWN, DeliveryState.SENT, DeliveryState.DELIVERED, DeliveryState.READ)


def of_part(state: PartState) -> DeliveryState:
    """A part that is being sent is still queued, as far as anybody can tell."""
    return _SHOWN.get(state) or DeliveryState(state.value)


def of_line(parts: Sequence[PartRow], before: DeliveryState) -> DeliveryState:
    """How far a line has come that had come as far as ``before``: its least advanced part, and never back.

    A part that failed makes the line fail: the others alone do not say what it says.
    """
    states = [of_part(part.state) for part in parts]
    if not states:
        return before
    least = DeliveryState.FAILED if DeliveryState.FAILED in states else min(states, key=_ORDER.index)
    return forward(before, least)


def part_forward(now: PartState, told: DeliveryState) -> PartState:
    """The state of a part after hearing ``told``, which may be old."""
    return PartState(forward(of_part(now), told).value) if now is not PartState.SENDING else PartState(told.value)
