"""What the record keeps besides entries, as plain data: rows of conversations, turns, offers, notes and the like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from handover.agents import Agent
from handover.conversation import Control, Conversation
from handover.entries import AgentId, AuthorKind, Citation, ConversationId, CustomerId, TurnId
from handover.evidence import Decision, Evidence, Reason
from handover.wanted import Wanted


@dataclass(frozen=True, slots=True)
class Customer:
    """Who writes to us. ``profile`` holds fields the company passed along, text by name."""

    id: CustomerId
    name: str | None = None
    email: str | None = None
    profile: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LastEntry:
    """The newest line of a conversation, as a list row shows it; ``text`` is cut to 200 characters."""

    offset: int
    author: AuthorKind
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ConversationRow:
    """A conversation with all a list row and a verb need, from one query.

    ``answered`` is the last customer offset somebody answered for; ``stretch_start`` the last offset before the
    present stretch began; ``told`` the last offset Rasa's tracker knows of; ``seen`` the last the customer saw.
    ``slots`` is what it takes of its agent's capacity now; ``reply_due`` when the agent must have replied first.
    ``contact`` is what an agent joined the customer into; ``blocked``: nothing reaches the customer in this inbox.
    ``customer_at`` is the platform's time of the customer's newest message; None for the web, which names none.
    """

    conversation: Conversation
    customer: Customer
    agent: Agent | None = None
    last: LastEntry | None = None
    reason: Reason | None = None
    rating: int | None = None
    fallbacks: int = 0
    lacking: int = 0
    answered: int = 0
    stretch_start: int = 0
    told: int = 0
    seen: int = 0
    feed: int = 0
    slots: int = 0
    reply_due: datetime | None = None
    team: str | None = None
    needs: frozenset[str] = frozenset()
    contact: str | None = None
    blocked: bool = False
    customer_at: datetime | None = None


class TurnState(StrEnum):
    LIVE = "live"
    COMMITTED = "committed"
    SUPERSEDED = "superseded"
    FENCED = "fenced"
    STALLED = "stalled"


@dataclass(frozen=True, slots=True)
class Turn:
    """One bot answer on its way: which words it covers and until when it must be done.

    ``yields``: a newer message of the customer ends its right to speak.
    """

    id: TurnId
    conversation: ConversationId
    epoch: int
    owner: str
    first_offset: int
    last_offset: int
    started_at: datetime
    deadline: datetime
    state: TurnState = TurnState.LIVE
    entry_offset: int | None = None
    yields: bool = True


@dataclass(frozen=True, slots=True)
class Stretch:
    """A run under one control: how it began and by whom. Its name is the epoch it began with."""

    conversation: ConversationId
    epoch: int
    control: Control
    move: str
    actor: str
    began_at: datetime
    after_offset: int
    agent: AgentId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer(Wanted):
    """A conversation shown to agents until ``expires_at``, with what they get along with it."""

    reason: Reason
    packet: dict[str, Any]
    feed: int = 0


@dataclass(frozen=True, slots=True)
class Note:
    """A private line between agents, shown after the entry ``after_offset``."""

    id: str
    conversation: ConversationId
    agent: Agent
    text: str
    at: datetime
    after_offset: int
    client_id: str | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """Words nobody said: a suggestion, or a reply that came too late. For agents only."""

    conversation: ConversationId
    text: str
    at: datetime
    citations: tuple[Citation, ...] = ()
    origin: Literal["suggestion", "late_reply", "rewrite"] = "suggestion"


@dataclass(frozen=True, slots=True)
class HandBack:
    """What an agent left behind for the bot. ``epoch`` is that of the bot's stretch it began."""

    conversation: ConversationId
    epoch: int
    agent: str
    agent_id: AgentId
    outcome: str
    open_promises: tuple[str, ...]
    leave_alone: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Rating:
    """A customer's score, 1 to 5, for the stretch that began with epoch ``stretch``."""

    conversation: ConversationId
    stretch: int
    score: int
    comment: str | None
    at: datetime
    agent: AgentId | None = None


@dataclass(frozen=True, slots=True)
class StoredDecision:
    """A decision with everything it was taken on; ``policy.decide`` on ``evidence`` gives ``decision`` again."""

    turn: TurnId
    conversation: ConversationId
    epoch: int
    first_offset: int
    last_offset: int
    evidence: Evidence
    decision: Decision
    slots: dict[str, str]
    actions: tuple[str, ...]
    seconds: float
    at: datetime
    entry_offset: int | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """A line on its way to a channel that pushes. ``key`` is the same at every try.

    ``poison`` counts the tries that never ended: whoever sent the line then was gone.
    """

    id: int
    conversation: ConversationId
    inbox: str
    offset: int
    gate_epoch: int | None
    tries: int
    poison: int = 0
    template: Mapping[str, Any] | None = None

    @property
    def key(self) -> str:
        return f"{self.conversation}:{self.offset}"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A line that could not be delivered. ``note`` says why; ``overtaken`` that later lines have been sent since.

    ``unknown``: it may have been delivered, and later lines wait until somebody says. ``todo`` is what may be done.
    """

    delivery: Delivery
    author: AuthorKind
    text: str
    note: str | None
    queued_at: datetime
    settled_at: datetime
    overtaken: bool
    retried_by: str | None = None
    retried_at: datetime | None = None
    unknown: bool = False
    todo: str = ""


@dataclass(frozen=True, slots=True)
class Backlog:
    """The outbox at one moment: lines that wait, since when the oldest does, and lines that could not be delivered."""

    queued: int
    oldest: datetime | None
    dead: int
