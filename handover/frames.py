"""Frames that both sockets speak: strict models of the wire contract, and how a record line becomes one.

Every frame is a JSON object with a ``type``. Unknown fields and unknown types are refused. Times are ISO 8601 in UTC.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from handover.conversation import Control, Lifecycle
from handover.entries import AuthorKind, Entry, EntryKind

# Longest text one message may carry, in characters. Longer is refused with too_large, never cut.
MAX_TEXT = 8_000

Key = Annotated[str, Field(min_length=1, max_length=80)]
# Numbers a peer names go into queries: larger ones than a column holds are refused here, not there.
MAX_NUMBER = 2**31 - 1
Offset = Annotated[int, Field(ge=0, le=MAX_NUMBER)]
Epoch = Annotated[int, Field(ge=0, le=MAX_NUMBER)]
Text = Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]
Email = Annotated[str, Field(min_length=3, max_length=254, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]


class Frame(BaseModel):
    """Base of every frame: immutable, no unknown fields, no coercion of types."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class AuthorPart(Frame):
    kind: AuthorKind
    name: str


class ButtonPart(Frame):
    title: str
    payload: str


class CitationPart(Frame):
    title: str
    url: str


class EntryFrame(Frame):
    """A line of the record. ``conversation`` is set on the agents' socket only."""

    type: Literal["entry"] = "entry"
    offset: Offset
    author: AuthorPart
    kind: EntryKind
    text: str
    at: datetime
    html: str | None = None
    buttons: tuple[ButtonPart, ...] = ()
    citations: tuple[CitationPart, ...] = ()
    client_id: str | None = None
    conversation: str | None = None

    @classmethod
    def of(cls, entry: Entry, *, for_agents: bool = False) -> EntryFrame:
        """The frame a screen gets for ``entry``."""
        return cls(
            offset=entry.offset,
            author=AuthorPart(kind=entry.author.kind, name=entry.author.name),
            kind=entry.kind,
            text=entry.text,
            at=entry.at,
            html=entry.html,
            buttons=tuple(ButtonPart(title=b.title, payload=b.payload) for b in entry.buttons),
            citations=tuple(CitationPart(title=c.title, url=c.url) for c in entry.citations),
            client_id=entry.client_id,
            conversation=entry.conversation if for_agents else None,
        )


class WaitingPart(Frame):
    """What a waiting customer is told: is anybody there, since when do they wait, at which place in line.

    ``wait_low`` to ``wait_high`` is an honest range in whole seconds from now; absent when there is none.
    ``opens_at`` is the next staffed moment by the calendar, while it says closed and nobody is there.
    """

    desk_open: bool
    since: datetime
    position: int | None = None
    wait_low: int | None = None
    wait_high: int | None = None
    opens_at: datetime | None = None


class ControlFrame(Frame):
    """Who may speak now. ``epoch`` also names the stretch that began with it (see ``rate``)."""

    type: Literal["control"] = "control"
    control: Control
    epoch: Epoch
    lifecycle: Lifecycle = Lifecycle.ACTIVE
    notice: str | None = None
    agent: str | None = None
    waiting: WaitingPart | None = None
    conversation: str | None = None


class DeltaFrame(Frame):
    """A piece of a reply being written; ephemeral. The entry that follows carries the whole text."""

    type: Literal["delta"] = "delta"
    turn: str
    text: str
    conversation: str | None = None


class TypingFrame(Frame):
    """Somebody is writing; ephemeral. Screens drop it after six seconds unless it is repeated."""

    type: Literal["typing"] = "typing"
    author: AuthorPart
    on: bool = True
    conversation: str | None = None


class HeartbeatFrame(Frame):
    """The line lives: comes about every twenty seconds, and after everything a ``hello`` asked for.

    ``feed`` (agents only): every list row up to this number has been sent. A console says hello with the last one.
    """

    type: Literal["heartbeat"] = "heartbeat"
    feed: int | None = None


class ErrorFrame(Frame):
    """The one error shape, on a socket. ``client_id`` names the frame that was refused, when it had one."""

    type: Literal["error"] = "error"
    code: str
    message: str
    detail: dict[str, object] | None = None
    retry_after: float | None = None
    client_id: str | None = None
    conversation: str | None = None
    missed: tuple[EntryFrame, ...] | None = None
