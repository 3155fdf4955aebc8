"""Events that bring Rasa's tracker to where it should be: before an undone turn, or after people have spoken. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.dialogue import HandBackBrief
from bot.rasa_reading import turn_start
from handover.entries import AuthorKind, Entry

Event = dict[str, Any]

_LISTEN: Event = {"event": "action", "name": "action_listen"}


def events_that_undo(events: list[Event], turn: str) -> list[Event]:
    """What to append so that ``turn``'s message never was; nothing when it is not the last one.

    Rasa's ``rewind`` also takes the listening before the message away, so it is put back. Inside a form ``rewind``
    would undo the whole form, because Rasa folds the messages of a form into one: there the tracker is restarted
    and what was before the turn is told again.
    """
    start = turn_start(events, turn)
    if start is None:
        return []
    before = _of_last_conversation(events[:start])
    if _active_loop(before) is None:
        return [{"event": "rewind"}, dict(_LISTEN)]
    return [{"event": "restart"}, *before]


def events_of_people(lines: Sequence[Entry], hand_back: HandBackBrief | None) -> list[Event]:
    """What Rasa is told before the bot's first turn after people spoke: pause, their lines, what came of it, resume.

    A form they interrupted is left: what it asked for may have been settled, and its answers would swallow the
    customer's next words.
    """
    if not lines:
        return []
    told = [_agent(entry.text, name=entry.author.name) for entry in lines if entry.author.kind is AuthorKind.AGENT]
    if hand_back is not None:
        told.append(_agent(hand_back.outcome, name=hand_back.agent, hand_back=True))
    left = [{"event": "active_loop", "name": None}, {"event": "slot", "name": "requested_slot", "value": None}]
    return [{"event": "pause"}, *told, *left, {"event": "resume"}]


def _agent(text: str, *, name: str, hand_back: bool = False) -> Event:
    return {"event": "agent", "text": text, "data": None, "metadata": {"name": name, "hand_back": hand_back}}


def _of_last_conversation(events: list[Event]) -> list[Event]:
    """The events since Rasa last began anew; earlier ones have no effect on its state."""
    for index in range(len(events) - 1, -1, -1):
        if events[index].get("event") in ("session_started", "restart"):
            return events[index + 1 :]
    return events


def _active_loop(events: list[Event]) -> str | None:
    for event in reversed(events):
        if event.get("event") == "active_loop":
            name = event.get("name")
            return name if isinstance(name, str) else None
    return None
