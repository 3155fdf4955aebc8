"""Frames of the customers' socket, ``WS /ws/customer``: what a widget may send, and its welcome."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from handover.conversation import Control, Lifecycle
from handover.frames import (
    ControlFrame,
    DeltaFrame,
    Email,
    EntryFrame,
    ErrorFrame,
    Frame,
    HeartbeatFrame,
    Key,
    Offset,
    Text,
    TypingFrame,
)


class Hello(Frame):
    """First frame, within five seconds. ``after`` is the last offset this page has.

    Said again it is a sign of life: answered by ``welcome``, what came after ``after`` and a ``heartbeat``.
    """

    type: Literal["hello"]
    token: Annotated[str, Field(max_length=2_000)] | None = None
    conversation: Key | None = None
    after: Offset | None = None


class Say(Frame):
    """The customer's words. ``payload`` is a button's, exactly as it was received."""

    type: Literal["say"]
    client_id: Key
    text: Text
    payload: Annotated[str, Field(max_length=2_000)] | None = None


class AskForHuman(Frame):
    type: Literal["ask_for_human"]
    client_id: Key


class StopWaiting(Frame):
    """The customer would rather go on with the bot."""

    type: Literal["stop_waiting"]
    client_id: Key


class LeaveMessage(Frame):
    """Nobody is there: words and an address to answer to."""

    type: Literal["leave_message"]
    client_id: Key
    email: Email
    text: Text | None = None


class CustomerTyping(Frame):
    type: Literal["typing"]


class Seen(Frame):
    type: Literal["seen"]
    offset: Offset


class Rate(Frame):
    """A score for one stretch, named by the epoch it began with."""

    type: Literal["rate"]
    stretch: Offset
    score: Annotated[int, Field(ge=1, le=5)]
    comment: Annotated[str, Field(max_length=1_000)] | None = None


CustomerSends = Annotated[
    Hello | Say | AskForHuman | StopWaiting | LeaveMessage | CustomerTyping | Seen | Rate,
    Field(discriminator="type"),
]
customer_sends: TypeAdapter[CustomerSends] = TypeAdapter(CustomerSends)


class AssistantPart(Frame):
    """What the page says of the bot before anybody speaks: its name, its company, and that it is an AI."""

    name: str
    company: str
    disclosure: str


class Welcome(Frame):
    """Answer to ``hello``. Keep ``token`` and ``conversation``; entries after ``after`` follow, then live."""

    type: Literal["welcome"] = "welcome"
    token: str
    conversation: str
    control: Control
    lifecycle: Lifecycle
    offset: Offset
    epoch: Offset
    assistant: AssistantPart
    agent: str | None = None
    seen: Offset = 0
    rated: tuple[Offset, ...] = ()


CustomerReceives = Welcome | EntryFrame | DeltaFrame | TypingFrame | ControlFrame | HeartbeatFrame | ErrorFrame
