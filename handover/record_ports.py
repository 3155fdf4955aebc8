"""The groups of queries a transaction offers, one per kind of thing in the record. Portable: no SQL shows through."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from handover.agents import Agent
from handover.conversation import Conversation
from handover.entries import AgentId, ConversationId, CustomerId, Entry, TurnId
from handover.stored import (
    ConversationRow,
    Customer,
    Draft,
    HandBack,
    Note,
    Offer,
    Rating,
    StoredDecision,
    Stretch,
    Turn,
    TurnState,
)
from handover.waits import InLine, Wait, WaitEnd
from handover.wanted import Queue, Wanted


class Conversations(Protocol):
    async def get(self, conversation: ConversationId, *, lock: bool = False) -> ConversationRow:
        """Raises NotFound."""
        ...

    async def open_one(self, inbox: str, customer: CustomerId) -> ConversationRow | None:
        """The customer's conversation here that is not resolved, else the newest resolved one, else None."""
        ...

    async def insert(self, conversation: Conversation) -> None:
        """It has no feed number before it is saved, which the same transaction must do: every number is told of.

        Raises AlreadyThere when the customer has an open conversation in this inbox.
        """
        ...

    async def save(self, row: ConversationRow) -> int:
        """Write the row under a new feed number, which is returned."""
        ...

    async def save_last(self, row: ConversationRow, saved: Callable[[int], None]) -> None:
        """As `save`, when nothing more is to be asked; ``saved`` gets the feed number, perhaps only with the commit.

        It is called before anything of this transaction is told, and may add to that.
        """
        ...

    async def rows(
        self, view: str, agent: AgentId | None, *, before: int | None, limit: int
    ) -> list[ConversationRow]: ...

    async def changed_since(self, feed: int, limit: int) -> list[ConversationRow]: ...

    async def feed(self) -> int: ...

    async def unanswered(self, older_than: datetime) -> list[ConversationId]: ...

    async def snoozed_until(self, at: datetime) -> list[ConversationId]: ...

    async def mark(self, conversation: ConversationId, *, seen: int | None = None, told: int | None = None) -> None:
        """Raise a reader's mark, at most to the last offset; never lowers one and changes no feed number."""
        ...

    async def replies_due(self, at: datetime, limit: int) -> list[ConversationId]:
        """Conversations whose agent should have replied first by ``at``, the longest overdue first."""
        ...

    async def kept_by(self, agents: Collection[AgentId], limit: int, *, waiting: bool = False) -> list[ConversationRow]:
        """What these agents have and is not snoozed, the longest unchanged first; or only whose customer waits."""
        ...

    async def begin_stretch(self, stretch: Stretch) -> None: ...

    async def stretch(self, conversation: ConversationId, epoch: int) -> Stretch | None: ...

    async def asked_before(self, conversation: ConversationId, client_id: str, verb: str, at: datetime) -> bool:
        """True when this customer's request was seen before; else remembers it."""
        ...


class Entries(Protocol):
    async def insert(self, entry: Entry, *, inbox: str, provider_message_id: str | None = None) -> None:
        """Raises AlreadyThere when its client id or provider message id is in the record.

        It may be raised only by what is asked next, or by the end of the transaction; nothing of it is kept then.
        """
        ...

    async def by_client_id(self, conversation: ConversationId, client_id: str) -> Entry | None: ...

    async def by_provider_id(self, inbox: str, provider_message_id: str) -> Entry | None: ...

    async def after(self, conversation: ConversationId, offset: int, limit: int) -> list[Entry]: ...

    async def before(self, conversation: ConversationId, offset: int, limit: int) -> list[Entry]:
        """The last ``limit`` entries with a smaller offset, oldest first."""
        ...


class Turns(Protocol):
    async def live(self, conversation: ConversationId) -> Turn | None: ...

    async def all_live(self) -> list[Turn]: ...

    async def get(self, turn: TurnId) -> Turn | None: ...

    async def speaking(self, turn: TurnId, epoch: int) -> Turn | None:
        """The turn while it may speak: live, of the conversation's ``epoch``, with nothing newer it gives way to."""
        ...

    async def insert(self, turn: Turn) -> None: ...

    async def end(self, turn: TurnId, state: TurnState, entry_offset: int | None = None) -> None: ...

    async def stay(self, turn: TurnId) -> None:
        """The turn gives way to newer words no more."""
        ...

    async def fence(self, conversation: ConversationId) -> None:
        """Control moved on: a live turn may not speak any more."""
        ...

    async def release(self, owner: str | None = None) -> None:
        """End the live turns of ``owner``, or all of them, with nothing said: their words may be taken up again."""
        ...

    async def past_deadline(self, at: datetime) -> list[Turn]: ...

    async def to_begin(
        self, conversation: ConversationId, offset: int, limit: int
    ) -> tuple[Turn | None, Mapping[str, Any] | None, list[Entry]]:
        """What a new turn asks first: the turn under way, the dialogue, and as `Entries.before` the lines to answer.

        The dialogue is where it stood after the last turn that counted; only who takes turns knows what it means.
        """
        ...

    async def keep_dialogue(self, conversation: ConversationId, turn: TurnId, state: Mapping[str, Any]) -> None:
        """``state`` is JSON; the conversation is locked."""
        ...

    async def keep_decision(self, decision: StoredDecision) -> None: ...

    async def decisions(self, conversation: ConversationId, limit: int = 50) -> list[StoredDecision]:
        """The newest ``limit``, oldest first."""
        ...


class Offers(Protocol):
    async def open(self, conversation: ConversationId, *, lock: bool = False) -> Offer | None: ...

    async def latest(self, conversation: ConversationId) -> Offer | None: ...

    async def all_open(self) -> list[Offer]:
        """In the order of the queue, as all lists here: by deadline, then by wait."""
        ...

    async def ringing_at(self, agent: AgentId) -> list[Offer]: ...

    async def these(self, offers: Collection[str]) -> list[Offer]:
        """Those of ``offers`` (their ids) that are open."""
        ...

    async def waiting(self) -> list[Wanted]:
        """Every open offer without its packet, in the order of the queue."""
        ...

    async def queue(self, known: Queue) -> Queue:
        """What waits now. Offers of ``known`` that are what they were come back as they are and are not read."""
        ...

    async def stirred(self) -> tuple[int, int]:
        """How many offers are open and the sum of their versions: another one after whatever changes an open offer."""
        ...

    async def due(self, at: datetime, limit: int) -> list[ConversationId]:
        """Whose offer the clock must do something with, the longest overdue first."""
        ...

    async def insert(self, offer: Offer) -> None: ...

    async def move(self, offer: Wanted) -> bool:
        """Write how far it has come, one version on. False when it was closed, or changed since it was read."""
        ...

    async def close(self, conversation: ConversationId, at: datetime, taken_by: AgentId | None) -> None: ...

    async def declined(self, offer: str, agent: AgentId, reason: str | None, at: datetime) -> None:
        """Keep the reason an agent gave; who was tried is part of the offer."""
        ...

    async def set_packet(self, offer: str, packet: dict[str, Any]) -> None: ...

    async def position(self, conversation: ConversationId) -> int | None:
        """The place in the queue, 1 first; None when it is not offered."""


class People(Protocol):
    async def add_customer(self, customer: Customer, at: datetime) -> None: ...

    async def customer(self, customer: CustomerId) -> Customer:
        """Raises NotFound."""
        ...

    async def set_email(self, customer: CustomerId, email: str) -> None: ...

    async def agent(self, agent: AgentId) -> Agent:
        """Raises NotFound, also for a disabled one."""
        ...

    async def agents(self) -> list[Agent]: ...

    async def outsider(self) -> Agent: ...

    async def held(self) -> dict[AgentId, int]:
        """Slots taken per agent, for those who hold any."""
        ...

    async def at_work(self) -> list[tuple[Agent, int, datetime | None]]:
        """Everybody, by name: the slots they hold, and when they last took a conversation. One question."""
        ...

    async def reserve(self, agent: AgentId) -> tuple[Agent, int]:
        """The agent and the slots they hold. The row is locked: both stay true until commit. Raises NotFound."""
        ...

    async def took(self, agent: AgentId, at: datetime) -> None: ...

    async def set_availability(self, agent: AgentId, state: str) -> None: ...

    async def set_matching(self, agent: Agent) -> None: ...


class Asides(Protocol):
    """What no customer and no prompt ever sees, and what people said of the work."""

    async def add_note(self, note: Note) -> None: ...

    async def notes(self, conversation: ConversationId) -> list[Note]: ...

    async def note_by_client_id(self, conversation: ConversationId, client_id: str) -> Note | None: ...

    async def add_draft(self, draft: Draft, turn: TurnId | None = None) -> bool:
        """False when the turn's reply is kept already."""
        ...

    async def drafts(self, conversation: ConversationId) -> list[Draft]: ...

    async def add_hand_back(self, hand_back: HandBack) -> None: ...

    async def hand_backs(self, conversation: ConversationId) -> list[HandBack]: ...

    async def rate(self, rating: Rating) -> None: ...

    async def ratings(self, conversation: ConversationId) -> list[Rating]: ...


class Waits(Protocol):
    """Waits for a person, by conversation and the epoch they began with."""

    async def begin(self, wait: Wait) -> None: ...

    async def end(self, conversation: ConversationId, epoch: int, at: datetime, how: WaitEnd) -> None: ...

    async def release(self, conversation: ConversationId, epoch: int, at: datetime) -> None:
        """The person who took it is done; nothing happens when nobody waited under ``epoch``."""
        ...

    async def ended(self, limit: int) -> list[Wait]:
        """Those that ended last, the newest first."""
        ...

    async def released(self, limit: int) -> list[Wait]:
        """Those whose person was done last, the newest first."""
        ...

    async def since(self, at: datetime, limit: int) -> list[Wait]:
        """Those that began from ``at`` on, the newest first."""
        ...

    async def held_since(self) -> Sequence[tuple[AgentId, datetime]]:
        """Since when each conversation that a person has is theirs."""
        ...

    async def in_line(self, limit: int) -> list[InLine]:
        """The first in the queue, in order."""
        ...
