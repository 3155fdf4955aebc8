"""What a turn is given, read from Rasa's tracker: the customer's words, who said what, what a person left behind.

The service sends it as message metadata; without it (rasa shell) it is made from the tracker's own events.
Anything missing or of the wrong shape counts as absent: a turn is never lost to odd metadata.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

_SPEAKERS = ("customer", "bot", "agent", "system")
_OWN_SLOTS = ("requested_slot", "session_started_metadata")
_TRACKER_LINES = 20


class Tracker(Protocol):
    """The part of rasa_sdk's Tracker that is read here."""

    latest_message: dict[str, Any]
    events: list[dict[str, Any]]
    slots: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the history; ``speaker`` is customer, bot, agent (a person) or system."""

    speaker: str
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class HandBack:
    """What the last person decided. It outranks whatever the bot said before."""

    agent: str
    outcome: str
    open_promises: tuple[str, ...] = ()
    leave_alone: str | None = None


@dataclass(frozen=True, slots=True)
class Briefing:
    """One turn. ``history`` is oldest first and does not hold ``text``, the words to answer."""

    text: str
    history: tuple[Line, ...] = ()
    summary: str | None = None
    hand_back: HandBack | None = None
    customer: Mapping[str, str] = field(default_factory=dict)
    slots: Mapping[str, str] = field(default_factory=dict)
    tool_facts: tuple[str, ...] = ()
    intent: str | None = None
    turn: str | None = None
    epoch: int = 0
    deadline: datetime | None = None
    language: str = "en"


def briefing_from(tracker: Tracker) -> Briefing:
    """The turn as the tracker and its last message's metadata tell it."""
    message = tracker.latest_message or {}
    meta = message.get("metadata")
    meta = meta if isinstance(meta, dict) else {}
    lines = lines_from(meta.get("history")) or _lines_of(tracker.events)
    end = len(lines)
    while end and lines[end - 1].speaker == "customer":
        end -= 1
    words = "\n".join(line.text for line in lines[end:]) or str(message.get("text") or "")
    intent = message.get("intent")
    epoch = meta.get("epoch")
    return Briefing(
        text=words,
        history=tuple(lines[:end]),
        summary=_text(meta.get("summary")),
        hand_back=hand_back_from(meta.get("hand_back")),
        customer=_texts(meta.get("customer")),
        slots={k: v for k, v in _texts(tracker.slots).items() if k not in _OWN_SLOTS},
        tool_facts=_tool_facts(tracker.events),
        intent=_text(intent.get("name")) if isinstance(intent, dict) else None,
        turn=_text(meta.get("turn")),
        epoch=epoch if isinstance(epoch, int) else 0,
        deadline=_time(meta.get("deadline")),
        language=_text(meta.get("language")) or "en",
    )


def lines_from(value: object) -> list[Line]:
    """History lines from metadata; what is not a line is left out."""
    if not isinstance(value, list):
        return []
    return [
        Line(row["speaker"], str(row.get("name") or row["speaker"]), str(row["text"]))
        for row in value
        if isinstance(row, dict) and row.get("speaker") in _SPEAKERS and isinstance(row.get("text"), str)
    ]


def hand_back_from(value: object) -> HandBack | None:
    if not isinstance(value, dict) or not isinstance(value.get("outcome"), str):
        return None
    promises = value.get("open_promises")
    return HandBack(
        agent=str(value.get("agent") or "A colleague"),
        outcome=value["outcome"],
        open_promises=tuple(str(p) for p in promises) if isinstance(promises, (list, tuple)) else (),
        leave_alone=_text(value.get("leave_alone")),
    )


def _lines_of(events: list[dict[str, Any]]) -> list[Line]:
    speakers = {"user": ("customer", "Customer"), "bot": ("bot", "Bot"), "agent": ("agent", "Agent")}
    lines = []
    for event in events or []:
        text = event.get("text") or _custom(event).get("text")
        if event.get("event") in speakers and isinstance(text, str) and text and text != "/restart":
            lines.append(Line(*speakers[event["event"]], text))
    return lines[-_TRACKER_LINES:]


def _tool_facts(events: list[dict[str, Any]]) -> tuple[str, ...]:
    """What tools said in this conversation, one sentence-like text per call that worked."""
    facts = []
    for event in events or []:
        custom = _custom(event)
        if custom.get("kind") == "tool" and custom.get("ok") and isinstance(custom.get("facts"), dict):
            held = ", ".join(f"{str(k).replace('_', ' ')} {v}" for k, v in custom["facts"].items())
            facts.append(f"{str(custom.get('name', 'tool')).replace('_', ' ')}: {held}")
    return tuple(facts)


def _custom(event: dict[str, Any]) -> dict[str, Any]:
    data = event.get("data")
    custom = data.get("custom") if isinstance(data, dict) else None
    return custom if isinstance(custom, dict) and custom.get("switchboard") == 1 else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _texts(value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        return {}
    return {str(k): str(v) for k, v in value.items() if isinstance(v, (str, int, float)) and str(v).strip()}


def _time(value: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return at if at and at.tzinfo else None
