"""States and moves of a conversation: the one function that may change lifecycle and control. Pure.

Lifecycle says whether work is going on; control says who may speak. Every change of control raises the
epoch, and everything that wants to speak carries the epoch it started from.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from handover.agents import OUTSIDE
from handover.entries import AgentId, ConversationId, CustomerId
from handover.errors import IllegalMove


class Lifecycle(StrEnum):
    ACTIVE = "active"
    SNOOZED = "snoozed"
    RESOLVED = "resolved"


class Control(StrEnum):
    BOT = "bot"
    OFFERED = "offered"
    HUMAN = "human"
    NOBODY = "nobody"


class Move(StrEnum):
    """What may happen to a conversation. The value is the name used in logs and in the record."""

    OFFER = "offer"  # bot or nobody → offered: a person is needed
    STOP_WAITING = "stop_waiting"  # offered → bot: the customer goes on with the bot
    LEAVE_MESSAGE = "leave_message"  # offered → nobody: the customer left words and an address
    ACCEPT = "accept"  # offered → human
    TAKE = "take"  # bot or nobody → human, at any moment; from somebody outside too
    TRANSFER = "transfer"  # human → offered
    HAND_BACK = "hand_back"  # human → bot
    SNOOZE = "snooze"  # active → snoozed, a person keeps it
    WAKE = "wake"  # snoozed → active
    RESOLVE = "resolve"  # → resolved, nobody
    REOPEN = "reopen"  # resolved → active, bot
    EXTERNAL = "external"  # anybody's or nobody's → human: somebody answers in the platform's own app
    RETURN = "return"  # human, outside and quiet for long → bot


LEGAL_PAIRS: frozenset[tuple[Lifecycle, Control]] = frozenset(
    {
        (Lifecycle.ACTIVE, Control.BOT),
        (Lifecycle.ACTIVE, Control.OFFERED),
        (Lifecycle.ACTIVE, Control.HUMAN),
        (Lifecycle.ACTIVE, Control.NOBODY),
        (Lifecycle.SNOOZED, Control.HUMAN),
        (Lifecycle.RESOLVED, Control.NOBODY),
    }
)

_State = tuple[Lifecycle, Control]
_A, _S, _R = Lifecycle.ACTIVE, Lifecycle.SNOOZED, Lifecycle.RESOLVED
_B, _O, _H, _N = Control.BOT, Control.OFFERED, Control.HUMAN, Control.NOBODY

MOVES: dict[Move, dict[_State, _State]] = {
    Move.OFFER: {(_A, _B): (_A, _O), (_A, _N): (_A, _O)},
    Move.STOP_WAITING: {(_A, _O): (_A, _B)},
    Move.LEAVE_MESSAGE: {(_A, _O): (_A, _N)},
    Move.ACCEPT: {(_A, _O): (_A, _H)},
    Move.TAKE: {(_A, _B): (_A, _H), (_A, _N): (_A, _H), (_A, _H): (_A, _H)},
    Move.TRANSFER: {(_A, _H): (_A, _O), (_S, _H): (_A, _O)},
    Move.HAND_BACK: {(_A, _H): (_A, _B), (_S, _H): (_A, _B)},
    Move.SNOOZE: {(_A, _H): (_S, _H)},
    Move.WAKE: {(_S, _H): (_A, _H)},
    Move.RESOLVE: {(_A, _B): (_R, _N), (_A, _H): (_R, _N), (_A, _N): (_R, _N), (_S, _H): (_R, _N)},
    Move.REOPEN: {(_R, _N): (_A, _B)},
    Move.EXTERNAL: {(_A, _B): (_A, _H), (_A, _O): (_A, _H), (_A, _N): (_A, _H), (_R, _N): (_A, _H)},
    Move.RETURN: {(_A, _H): (_A, _B)},
}


@dataclass(frozen=True, slots=True)
class Conversation:
    """What is true of a conversation now. ``agent`` is set exactly while control is ``human``."""

    id: ConversationId
    inbox: str
    customer: CustomerId
    lifecycle: Lifecycle
    control: Control
    epoch: int
    last_offset: int
    last_customer_offset: int
    created_at: datetime
    changed_at: datetime
    agent: AgentId | None = None
    waiting_since: datetime | None = None
    snoozed_until: datetime | None = None


def move(conversation: Conversation, verb: Move, at: datetime, *, agent: AgentId | None = None) -> Conversation:
    """The conversation after ``verb``; the epoch rises by one when control, or the person who has it, changes.

    Raises IllegalMove when the present state does not allow the verb, ValueError when an agent is missing or
    given where none belongs (a programming error, not a customer's).
    """
    here = (conversation.lifecycle, conversation.control)
    there = MOVES[verb].get(here)
    # Only what somebody outside has can be taken from a person, or go back to the bot by itself.
    from_a_person = here[1] is Control.HUMAN and verb in (Move.TAKE, Move.RETURN)
    if there is None or (from_a_person and conversation.agent != OUTSIDE):
        raise IllegalMove(
            f"A conversation that is {here[0]} and under {here[1]} cannot {verb.value.replace('_', ' ')}.",
            detail={"lifecycle": here[0], "control": here[1], "move": verb},
        )
    lifecycle, control = there
    if control is Control.HUMAN and agent is None and conversation.agent is None:
        raise ValueError(f"{verb} needs an agent")
    holder = (agent or conversation.agent) if control is Control.HUMAN else None
    changed = control is not conversation.control or holder != conversation.agent
    return replace(
        conversation,
        lifecycle=lifecycle,
        control=control,
        epoch=conversation.epoch + 1 if changed else conversation.epoch,
        agent=holder,
        waiting_since=(conversation.waiting_since or at) if control is Control.OFFERED else None,
        snoozed_until=conversation.snoozed_until if lifecycle is Lifecycle.SNOOZED else None,
        changed_at=at,
    )
