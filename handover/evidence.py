"""What is known when a turn ends: the typed evidence that `handover.policy` decides on, and its decisions.

Plain data. Whoever runs the bot fills it in; nothing here knows where it came from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from handover.entries import Button, Citation


class Reason(StrEnum):
    """Why a person is needed. The value is stored, shown to agents and counted."""

    ASKED = "asked"  # the customer asks for a person, in words or by button
    MISUNDERSTOOD = "misunderstood"  # two turns in a row not understood
    REPEATED = "repeated"  # the same question for the third time
    ANGER = "anger"  # anger is rising
    TOPIC = "topic"  # a topic that is a person's by rule
    NO_KNOWLEDGE = "no_knowledge"  # the model says it does not know
    UNSUPPORTED = "unsupported"  # claims without support in the sources
    TOOL_FAILED = "tool_failed"  # an order system or the like did not answer
    BOT_STALLED = "bot_stalled"  # no answer by the deadline
    BOT_FAILED = "bot_failed"  # Rasa or the action server failed
    PROMISED = "promised"  # the reply promises a transfer, so there is one
    RULE = "rule"  # a dialogue rule or an action asks for a person
    TRANSFERRED = "transferred"  # an agent passed it on


class Needs(StrEnum):
    """What the model says it lacks to answer."""

    NOTHING = "nothing"
    KNOWLEDGE = "knowledge"
    HUMAN = "human"


@dataclass(frozen=True, slots=True)
class Retrieved:
    """A page found for the question; ``score`` is cosine similarity, -1..1."""

    page: str
    title: str
    url: str
    score: float


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence of the reply and whether a source carries it; ``score`` 0..1."""

    sentence: str
    supported: bool
    score: float
    page: str | None = None


@dataclass(frozen=True, slots=True)
class ToolUse:
    name: str
    ok: bool
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything the policy may look at. Logged whole with every decision, so that it can be replayed."""

    text: str  # the customer's words this turn answers
    intent: str | None = None
    confidence: float = 0.0  # of the intent, 0..1
    asked_for_human: bool = False  # by button, or an action says so
    fallback: bool = False  # this turn was not understood
    fallbacks_before: int = 0  # misunderstood turns directly before this one
    lacking_before: int = 0  # turns directly before this one in which the model lacked knowledge
    repeats: int = 0  # earlier customer messages that ask the same
    anger: tuple[float, ...] = ()  # 0..1 per customer message of this stretch, oldest first
    topics: tuple[str, ...] = ()  # topics of data/policy/topics.yml found in the words
    needs: Needs = Needs.NOTHING
    claims: tuple[Claim, ...] = ()
    retrieved: tuple[Retrieved, ...] = ()
    tools: tuple[ToolUse, ...] = ()
    requested_reason: str | None = None  # a handover asked for by an action, in its words
    failure: str | None = None  # why there is no reply: "timeout", "empty", "rasa_down", ...
    reply: str | None = None
    reply_promises_transfer: bool = False
    provider: str | None = None  # "openai" or "offline", when a model wrote


class Outcome(StrEnum):
    ANSWER = "answer"  # say the reply
    OFFER = "offer_human"  # say the reply and offer a person
    HAND_OVER = "hand_over"  # a person takes it from here


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do with a turn. ``reason`` is set unless the outcome is a plain answer; ``because`` is for people."""

    outcome: Outcome
    reason: Reason | None = None
    because: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """One bot answer: one entry in the record."""

    text: str
    buttons: tuple[Button, ...] = ()
    citations: tuple[Citation, ...] = ()


@dataclass(frozen=True, slots=True)
class TurnReport:
    """What the desk stores of a finished turn, beside the reply: for packets, replay and the console."""

    evidence: Evidence
    slots: dict[str, str] = field(default_factory=dict)  # Rasa's slots that hold something
    actions: tuple[str, ...] = ()
    seconds: float = 0.0
    dialogue: Mapping[str, Any] | None = None  # where the dialogue stands after this turn; None: unknown
