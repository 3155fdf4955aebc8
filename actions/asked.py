"""What a business action is asked, and its answer, as plain values; the only reader of Rasa's tracker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Slots = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Turn:
    """Which turn this is, from the message's metadata. Both None in `rasa shell`, where there is no service."""

    id: str | None = None
    epoch: int | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """``words`` and ``intent`` are of the customer's last message; ``slots`` are Rasa's."""

    slots: Slots = field(default_factory=dict)
    words: str = ""
    intent: str | None = None
    turn: Turn = Turn()

    def slot(self, name: str) -> str | None:
        """The slot's text; None when empty. Rasa gives a list when a message named several: the last one counts."""
        value = self.slots.get(name)
        if isinstance(value, list):
            value = value[-1] if value else None
        return str(value).strip() or None if value is not None else None

    @property
    def tries(self) -> int:
        """Pairs of order number and e-mail that did not match, so far."""
        return int(self.slots.get("identity_tries") or 0)


@dataclass(frozen=True, slots=True)
class Done:
    """What came of it: words for the customer, facts for the agent's packet, slots for Rasa.

    ``offer_person`` adds a button; ``buttons`` are (title, Rasa payload).
    """

    tool: str
    words: str
    ok: bool = True
    error: str | None = None
    facts: dict[str, str] = field(default_factory=dict)
    slots: dict[str, Any] = field(default_factory=dict)
    buttons: tuple[tuple[str, str], ...] = ()
    offer_person: bool = False


def asked_from(tracker: Any) -> Asked:
    """Reads a rasa_sdk Tracker (typed Any: the SDK's own types are loose)."""
    message: Mapping[str, Any] = tracker.latest_message or {}
    metadata: Mapping[str, Any] = message.get("metadata") or {}
    turn, epoch = metadata.get("turn"), metadata.get("epoch")
    return Asked(
        slots=dict(tracker.slots),
        words=str(message.get("text") or ""),
        intent=(message.get("intent") or {}).get("name"),
        turn=Turn(str(turn) if turn else None, int(epoch) if epoch is not None else None),
    )
