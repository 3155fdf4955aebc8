"""What Rasa's tracker is given before a turn, and what of it is kept after one. Pure.

Our record remembers where the dialogue stands, not Rasa: before each turn its tracker is replaced by what was kept
after the last turn that counted. So a turn that came to nothing needs no undoing, a Rasa that lost everything loses
nothing, and what is kept is a window: turn 400 costs what turn 10 does.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from bot.dialogue import HandBackBrief
from bot.rasa_reading import events_of, slots_of, turn_of, turn_start
from handover.entries import AuthorKind, Entry

Event = dict[str, Any]

_VERSION = 1
_TURNS = 6  # more than any rule or story looks back
_TOOLS = 8  # results of tools further back, which replies are still checked against
_ROOM = 10_000  # characters of JSON for the turns that are kept whole
_LISTEN: Event = {"event": "action", "name": "action_listen"}
_BEGIN: tuple[Event, ...] = ({"event": "action", "name": "action_session_start"}, {"event": "session_started"})
_FORGOTTEN_SLOT = "session_started_metadata"  # Rasa's copy of the metadata of a message
_PAUSES = ("pause", "resume")  # who may speak is the record's to say, not Rasa's


def fed(kept: Mapping[str, Any] | None, lines: Sequence[Entry], hand_back: HandBackBrief | None) -> list[Event]:
    """The whole tracker before a turn. ``lines`` are what people said that Rasa has not heard of.

    Nothing at all for a dialogue that has not begun, so that Rasa begins it in its own way.
    """
    events: list[Event] = list(kept["events"]) if kept and kept.get("rasa") == _VERSION else []
    people = events_of_people(lines, hand_back)
    if people and not events:
        events = [*_BEGIN, _LISTEN]
    return [*events, *people]


def kept_of(tracker: object, turn: str) -> dict[str, Any] | None:
    """What to keep of a tracker after ``turn``; None when the turn is not the last thing in it."""
    events = events_of(tracker)
    if turn_start(events, turn) is None:
        return None
    events = [event for event in _of_last_conversation(events) if event.get("event") not in _PAUSES]
    starts = [index for index, event in enumerate(events) if event.get("event") == "user"]
    for start in starts[-_TURNS:]:
        before, after = events[:start], [_slim(event) for event in events[start:]]
        if start == starts[-1] or len(json.dumps(after)) <= _ROOM:
            return {"rasa": _VERSION, "events": [*_BEGIN, *_summary(before, after, slots_of(tracker)), *after]}
    return None


def lost(given: Sequence[Event], tracker: object, turn: str) -> bool:
    """Whether Rasa took ``turn`` without what it was given: its store failed meanwhile, or is not the one it was."""
    events = events_of(tracker)
    start = turn_start(events, turn)
    if start is None:
        return False  # Rasa undid the message or began anew by itself: nothing can be said
    there = {turn_of(event) for event in events[:start]}
    return any(turn_of(event) not in there for event in given)


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


def _summary(before: list[Event], after: list[Event], slots: Mapping[str, Any]) -> list[Event]:
    """What ``before`` came to: slots, results of tools, an open form; then Rasa listens."""
    tools = [slim for event in before if event.get("event") == "bot" and _is_tool(slim := _slim(event))]
    held = _slots_before(before, after, slots)
    loop = _active_loop(before)
    asked = held.pop("requested_slot", None)
    told = [{"event": "slot", "name": name, "value": value} for name, value in held.items()]
    if loop is not None:
        told += [{"event": "action", "name": loop}, {"event": "active_loop", "name": loop}]
        told.append({"event": "slot", "name": "requested_slot", "value": asked})
    return [*tools[-_TOOLS:], *told, _LISTEN]


def _slots_before(before: list[Event], after: list[Event], slots: Mapping[str, Any]) -> dict[str, Any]:
    """The slots after ``before``: what nobody touched since is what it is now, the rest is read off the events."""
    held: dict[str, Any] = {}
    for event in before:
        if event.get("event") == "reset_slots":
            held.clear()
        elif event.get("event") == "slot":
            held[str(event.get("name"))] = event.get("value")
    if not any(event.get("event") == "reset_slots" for event in after):
        touched = {event.get("name") for event in after if event.get("event") == "slot"}
        held = {name: value for name, value in held.items() if name in touched}
        held |= {name: value for name, value in slots.items() if name not in touched}
    return {name: value for name, value in held.items() if value is not None and name != _FORGOTTEN_SLOT}


def _active_loop(events: list[Event]) -> str | None:
    for event in reversed(events):
        if event.get("event") == "active_loop":
            name = event.get("name")
            return name if isinstance(name, str) else None
    return None


def _slim(event: Event) -> Event:
    """The event without what only its own turn needed: the history beside a message, how sure Rasa was of others."""
    slim = {name: value for name, value in event.items() if name != "metadata"}
    match event.get("event"):
        case "user":
            parsed = event.get("parse_data") or {}
            slim["parse_data"] = {name: parsed[name] for name in ("text", "intent", "entities") if name in parsed}
            slim["metadata"] = {"turn": turn_of(event)}
        case "bot":
            slim["data"] = {name: value for name, value in (event.get("data") or {}).items() if value}
            if "custom" in slim["data"]:
                slim["data"]["custom"] = _slim_custom(slim["data"]["custom"])
        case "agent":
            slim = event
        case "session_started" | "action" | "slot" | "active_loop":
            slim.pop("timestamp", None)
        case _:
            pass
    return slim


def _slim_custom(custom: object) -> object:
    """Our replies bring their evidence, which the record has; what tools found is for later turns."""
    if isinstance(custom, dict) and custom.get("switchboard") == 1 and custom.get("kind") == "reply":
        return {"switchboard": 1, "kind": "reply", "text": custom.get("text")}
    return custom


def _is_tool(event: Event) -> bool:
    custom = event["data"].get("custom")
    return isinstance(custom, dict) and custom.get("kind") == "tool"
