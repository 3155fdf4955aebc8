"""The dialogue port: what the relay needs of whatever understands the customer. Rasa's side is `bot.rasa_http`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from handover.entries import Button, Citation, ConversationId, Entry, TurnId
from handover.evidence import Claim, Needs, Retrieved, ToolUse


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the history a turn is given; ``speaker`` is customer, bot, agent or system."""

    offset: int
    speaker: str
    name: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class HandBackBrief:
    """What the last person said came of it; outranks whatever the bot said before."""

    agent: str
    outcome: str
    open_promises: tuple[str, ...]
    leave_alone: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class TurnRequest:
    """One turn to take. ``text`` are the customer's words, a whole burst joined by newlines.

    ``intent`` is set when a verified button was pressed: then it is what the customer means, not the text.
    ``state`` is that of the last `TurnResult` that counted, and the dialogue stands there, whatever it was asked
    since. ``people`` are the lines people of the team said after that.
    """

    conversation: ConversationId
    turn: TurnId
    epoch: int
    text: str
    deadline: datetime
    intent: str | None = None
    history: tuple[Line, ...] = ()
    summary: str | None = None
    hand_back: HandBackBrief | None = None
    customer: dict[str, str] = field(default_factory=dict)
    channel: str = "web"
    language: str = "en"
    state: Mapping[str, Any] | None = None
    people: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelCall:
    """One call of a language model, as whoever made it tells. Seconds; ``first`` is until its first words.

    ``outcome``: ok, timeout, stalled, rate_limited, server_error, connection, cut, garbage, empty, too_long, refused,
    or given_up when nobody wanted the answer any more. Tokens are None where the server does not count them.
    """

    outcome: str
    seconds: float
    first: float | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None


@dataclass(frozen=True, slots=True)
class TurnResult:
    """What came back. An empty ``text`` with no ``handover`` is a failure; the adapter raises instead.

    ``state`` is JSON to hand in with the next turn, when this one counts; None when it could not be had.
    ``fallback_reasons``: why replies of this turn were written without the model that there is.
    """

    text: str
    buttons: tuple[Button, ...] = ()
    citations: tuple[Citation, ...] = ()
    intent: str | None = None
    confidence: float = 0.0
    fallback: bool = False
    handover: str | None = None
    handover_reason: str | None = None
    needs: Needs = Needs.NOTHING
    retrieved: tuple[Retrieved, ...] = ()
    claims: tuple[Claim, ...] = ()
    tools: tuple[ToolUse, ...] = ()
    slots: dict[str, str] = field(default_factory=dict)
    actions: tuple[str, ...] = ()
    provider: str | None = None
    promises_transfer: bool = False
    state: Mapping[str, Any] | None = None
    model_calls: tuple[ModelCall, ...] = ()
    fallback_reasons: tuple[str, ...] = ()


class DialogueFailed(Exception):
    """The turn has no answer. ``retry`` says if again may help.

    ``kind`` is "timeout", "empty", "down", "garbage", or "fenced" when the turn lost the right to speak meanwhile.
    """

    def __init__(self, kind: str, message: str, *, retry: bool) -> None:
        super().__init__(message)
        self.kind = kind
        self.retry = retry


class Dialogue(Protocol):
    """What understands the customer. It need remember nothing from turn to turn: the state comes with the request."""

    async def next_turn(self, request: TurnRequest) -> TurnResult:
        """Raises DialogueFailed; never returns an empty answer. Cancelled, it lets go of the work at once."""
        ...

    async def ping(self) -> None:
        """Raises DialogueFailed when it is not ready."""
        ...
