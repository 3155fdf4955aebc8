"""Frames of the agents' socket, ``WS /ws/agent``: what a console may send and what it receives."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from handover.agent_parts import AgentPart, AvailabilityState, CustomerPart, LastEntryPart, TemplatePart
from handover.aside_frames import DraftFrame, NoteFrame
from handover.conversation import Control, Lifecycle
from handover.frames import (
    ControlFrame,
    DeltaFrame,
    EntryFrame,
    Epoch,
    ErrorFrame,
    Frame,
    HeartbeatFrame,
    Key,
    Offset,
    Text,
    TypingFrame,
)
from handover.inboxes import WEB
from handover.mark_frames import EntryMarkFrame


class Hello(Frame):
    """First frame. ``after`` is the ``feed`` of the last ``heartbeat``; without it a whole snapshot comes.

    Said again it is a sign of life: answered by ``welcome``, the changes after ``after``, the offers that ring here and
    a ``heartbeat``.
    """

    type: Literal["hello"]
    after: Offset | None = None


class Availability(Frame):
    type: Literal["availability"]
    state: AvailabilityState


class Open(Frame):
    """Show a conversation: its entries after ``after``, its notes, drafts and packet, then live."""

    type: Literal["open"]
    conversation: Key
    after: Offset | None = None


class Close(Frame):
    """Stop following a conversation that was opened."""

    type: Literal["close"]
    conversation: Key


class Accept(Frame):
    type: Literal["accept"]
    conversation: Key
    epoch: Epoch


class Decline(Frame):
    type: Literal["decline"]
    conversation: Key
    reason: Annotated[str, Field(max_length=300)] | None = None


class Take(Frame):
    type: Literal["take"]
    conversation: Key
    epoch: Epoch


class Say(Frame):
    """Words for the customer. ``seen`` is the last offset the agent saw; a stale one bounces.

    ``template``: what a platform that takes only templates now is sent; ``text`` is then what it reads like.
    """

    type: Literal["say"]
    conversation: Key
    client_id: Key
    text: Text
    seen: Offset
    template: TemplatePart | None = None


class Note(Frame):
    """A private note: for colleagues only, never for the customer or the bot."""

    type: Literal["note"]
    conversation: Key
    text: Text
    client_id: Key | None = None


class HandBack(Frame):
    """Back to the bot: what came of it in two lines, what was promised, what the bot must leave alone."""

    type: Literal["hand_back"]
    conversation: Key
    epoch: Epoch
    outcome: Annotated[str, Field(min_length=1, max_length=1_000)]
    open_promises: tuple[Annotated[str, Field(min_length=1, max_length=300)], ...] = ()
    leave_alone: Annotated[str, Field(max_length=500)] | None = None


class Resolve(Frame):
    type: Literal["resolve"]
    conversation: Key
    epoch: Epoch | None = None


class Snooze(Frame):
    """Set aside until ``until`` (or the customer's next word, whichever comes first)."""

    type: Literal["snooze"]
    conversation: Key
    epoch: Epoch | None = None
    until: Annotated[datetime, Field(strict=False)] | None = None


class Transfer(Frame):
    """To another agent (``to`` is an agent id), to a team, or back to the queue (neither)."""

    type: Literal["transfer"]
    conversation: Key
    epoch: Epoch
    to: Key | None = None
    team: Key | None = None


class AgentTyping(Frame):
    type: Literal["typing"]
    conversation: Key


class Suggest(Frame):
    """Ask the copilot for a reply; it arrives as a ``draft`` and is never sent by itself."""

    type: Literal["suggest"]
    conversation: Key


AgentSends = Annotated[
    Hello
    | Availability
    | Open
    | Close
    | Accept
    | Decline
    | Take
    | Say
    | Note
    | HandBack
    | Resolve
    | Snooze
    | Transfer
    | AgentTyping
    | Suggest,
    Field(discriminator="type"),
]
agent_sends: TypeAdapter[AgentSends] = TypeAdapter(AgentSends)


class Welcome(Frame):
    """Answer to ``hello``: who you are and the feed number everything after counts from."""

    type: Literal["welcome"] = "welcome"
    agent: AgentPart
    feed: int


class ConversationFrame(Frame):
    """What a list row shows. A whole state, not a change: the newest one wins, by ``feed``.

    A change of who speaks, of who has it or of what it is marked with comes at once; a quiet one (a new line, a time)
    while no other came lately: those that follow are gathered in ``conversations``.

    ``external``: somebody answers in the platform's own app. ``customer_at`` is the platform's time of the customer's
    newest message, which its windows count from; absent for the web.
    """

    type: Literal["conversation"] = "conversation"
    conversation: str
    inbox: str
    lifecycle: Lifecycle
    control: Control
    epoch: Epoch
    customer: CustomerPart
    feed: int
    agent: AgentPart | None = None
    reason: str | None = None
    waiting_since: datetime | None = None
    changed_at: datetime
    last_entry: LastEntryPart | None = None
    rating: int | None = None
    team: str | None = None
    needs: tuple[str, ...] | None = None
    reply_due: datetime | None = None
    channel: str = WEB
    external: bool = False
    customer_at: datetime | None = None


class ConversationsFrame(Frame):
    """Rows that changed quietly, gathered for a tenth of a second: of each conversation the newest alone.

    Each is the ``conversation`` that would have come. Every console gets the same. A row that came by itself meanwhile
    is not in it when it is the newer one.
    """

    type: Literal["conversations"] = "conversations"
    rows: tuple[ConversationFrame, ...]


class OfferFrame(Frame):
    """A conversation that needs a person, ringing here. ``packet`` is handover.packet.Packet as JSON.

    ``deadline`` is when somebody should have accepted, ``weight`` the slots it would take, ``round`` how often it was
    shown; ``escalated`` means that the leads are asked as well.
    """

    type: Literal["offer"] = "offer"
    conversation: str
    epoch: Epoch
    packet: dict[str, Any]
    expires_at: datetime
    overdue: bool = False
    to: str | None = None
    feed: int
    deadline: datetime
    weight: int
    needs: tuple[str, ...] = ()
    language: str | None = None
    team: str | None = None
    round: int = 1
    escalated: bool = False


class OfferGone(Frame):
    type: Literal["offer_gone"] = "offer_gone"
    conversation: str
    taken_by: str | None = None
    feed: int


class PacketFrame(Frame):
    """The packet of a conversation, again: a later version (the summary arrived) or on opening."""

    type: Literal["packet"] = "packet"
    conversation: str
    epoch: Epoch
    packet: dict[str, Any]


class PresenceFrame(Frame):
    """Ids of the agents who look at a conversation, and of those who write; ephemeral."""

    type: Literal["presence"] = "presence"
    conversation: str
    viewing: tuple[str, ...] = ()
    typing: tuple[str, ...] = ()


AgentReceives = (
    Welcome
    | OfferFrame
    | OfferGone
    | ConversationFrame
    | ConversationsFrame
    | EntryFrame
    | ControlFrame
    | DeltaFrame
    | TypingFrame
    | PacketFrame
    | NoteFrame
    | DraftFrame
    | EntryMarkFrame
    | PresenceFrame
    | HeartbeatFrame
    | ErrorFrame
)
