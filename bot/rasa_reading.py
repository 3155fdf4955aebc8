"""What Rasa's answers mean: its REST messages and its tracker, read into a TurnResult. Pure.

Unknown things are passed over, so that an adopter's own payloads do no harm; things that claim to be ours and are
not well formed, and answers that are no list of messages at all, are garbage.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from bot.dialogue import DialogueFailed, ModelCall, TurnResult
from handover.entries import Button, Citation
from handover.evidence import Claim, Needs, Retrieved, ToolUse

# Slots and actions of Rasa's own machinery: nobody's business outside it.
_OWN_SLOTS = frozenset({"requested_slot", "session_started_metadata", "session_started_metadata_slot"})
_OWN_ACTIONS = frozenset({"action_listen", "action_extract_slots", "action_session_start"})
FALLBACK_INTENT = "nlu_fallback"
FALLBACK_ACTION = "action_default_fallback"
_NEEDS_ORDER = (Needs.NOTHING, Needs.KNOWLEDGE, Needs.HUMAN)


@dataclass(slots=True)
class Said:
    """What one turn's messages add up to."""

    texts: list[str] = field(default_factory=list)
    buttons: list[Button] = field(default_factory=list)
    citations: list[Citation] = field(default_factory=list)
    retrieved: list[Retrieved] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    tools: list[ToolUse] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)
    needs: Needs = Needs.NOTHING
    fallback: bool = False
    promises_transfer: bool = False
    provider: str | None = None
    model_calls: list[ModelCall] = field(default_factory=list)
    fallback_reasons: list[str] = field(default_factory=list)
    handover: str | None = None
    handover_reason: str | None = None
    fenced: bool = False


@dataclass(frozen=True, slots=True)
class Understood:
    """What the tracker says of the turn: ``found`` is False when Rasa has undone the message by itself."""

    found: bool = False
    intent: str | None = None
    confidence: float = 0.0
    slots: dict[str, str] = field(default_factory=dict)
    actions: tuple[str, ...] = ()


class _Malformed(Exception):
    """A part of a payload of ours is not what it must be."""


def read_messages(answer: object) -> Said:
    """The messages of one turn. Raises DialogueFailed("garbage") when they are not Rasa's or not ours."""
    said = Said()
    try:
        for message in _items(answer, "the answer"):
            _read_message(said, message)
    except _Malformed as why:
        raise DialogueFailed("garbage", f"Rasa's answer cannot be read: {why}", retry=True) from why
    return said


def read_tracker(tracker: object, turn: str) -> Understood:
    """What the tracker knows of ``turn``, named in the message's metadata. Tolerant: an odd tracker says nothing."""
    if not isinstance(tracker, dict):
        return Understood()
    slots = {
        name: text
        for name, value in _mapping(tracker.get("slots")).items()
        if name not in _OWN_SLOTS and (text := _slot_text(value)) is not None
    }
    events = events_of(tracker)
    start = turn_start(events, turn)
    if start is None:
        return Understood(slots=slots)
    intent = _mapping(_mapping(events[start].get("parse_data")).get("intent"))
    name, confidence = intent.get("name"), intent.get("confidence")
    actions = (event.get("name") for event in events[start:] if event.get("event") == "action")
    return Understood(
        found=True,
        intent=name if isinstance(name, str) else None,
        confidence=float(confidence) if isinstance(confidence, int | float) else 0.0,
        slots=slots,
        actions=tuple(name for name in actions if isinstance(name, str) and name not in _OWN_ACTIONS),
    )


def slots_of(tracker: object) -> dict[str, Any]:
    """All slots as they are, Rasa's own too."""
    return _mapping(tracker.get("slots")) if isinstance(tracker, dict) else {}


def turn_of(event: dict[str, Any]) -> str | None:
    """Whose turn the customer's message is; None for every other event and for messages that are not ours."""
    turn = _mapping(event.get("metadata")).get("turn") if event.get("event") == "user" else None
    return turn if isinstance(turn, str) else None


def events_of(tracker: object) -> list[dict[str, Any]]:
    """The tracker's events; none when it has none or is no tracker."""
    events = tracker.get("events") if isinstance(tracker, dict) else None
    return [event for event in events if isinstance(event, dict)] if isinstance(events, list) else []


def turn_start(events: list[dict[str, Any]], turn: str) -> int | None:
    """Where ``turn``'s message stands among the events, when it is the last message and nothing undid it."""
    for index in range(len(events) - 1, -1, -1):
        kind = events[index].get("event")
        if kind in ("rewind", "restart"):
            return None
        if kind == "user":
            return index if turn_of(events[index]) == turn else None
    return None


def result_of(said: Said, understood: Understood | None, state: dict[str, Any] | None = None) -> TurnResult:
    """One answer of it all, with the ``state`` to keep; paragraphs that the REST channel split are joined again.

    The same words twice in a row are said once: a fallback that nothing follows makes Rasa repeat itself.
    """
    known = understood or Understood(found=True)
    return TurnResult(
        text="\n\n".join(text for text, _ in groupby(said.texts) if text.strip()).strip(),
        buttons=tuple(said.buttons),
        citations=tuple(dict.fromkeys(said.citations)),
        intent=known.intent,
        confidence=known.confidence,
        fallback=(
            said.fallback or not known.found or known.intent == FALLBACK_INTENT or FALLBACK_ACTION in known.actions
        ),
        handover=said.handover,
        handover_reason=said.handover_reason,
        needs=said.needs,
        retrieved=tuple(said.retrieved),
        claims=tuple(said.claims),
        tools=tuple(said.tools),
        slots={**said.facts, **known.slots},
        actions=known.actions,
        provider=said.provider,
        promises_transfer=said.promises_transfer,
        state=state,
        model_calls=tuple(said.model_calls),
        fallback_reasons=tuple(said.fallback_reasons),
    )


def _read_message(said: Said, message: dict[str, Any]) -> None:
    if (text := message.get("text")) is not None:
        said.texts.append(_text(text, "text"))
    if (image := message.get("image")) is not None:
        said.texts.append(_text(image, "image"))
    for button in _items(message.get("buttons") or [], "buttons"):
        said.buttons.append(Button(_text(button.get("title"), "title"), _text(button.get("payload"), "payload")))
    custom = message.get("custom")
    if isinstance(custom, dict) and custom.get("switchboard") == 1:
        _read_ours(said, custom)


def _read_ours(said: Said, custom: dict[str, Any]) -> None:
    """A payload of `actions/signal.py`; a kind we do not know yet is passed over."""
    match custom.get("kind"):
        case "reply":
            _read_reply(said, custom)
        case "handover":
            said.handover_reason = _text(custom.get("reason"), "reason")
            said.handover = _optional(custom.get("words"), "words") or ""
        case "tool":
            ok, name = custom.get("ok"), _text(custom.get("name"), "name")
            if not isinstance(ok, bool):
                raise _Malformed("ok is not true or false")
            said.tools.append(ToolUse(name, ok, _optional(custom.get("error"), "error")))
            said.facts |= {name: _text(fact, name) for name, fact in _mapping(custom.get("facts")).items()}
        case _:
            pass


def _read_reply(said: Said, custom: dict[str, Any]) -> None:
    said.texts.append(_text(custom.get("text"), "text"))
    for cited in _items(custom.get("citations") or [], "citations"):
        title, url, page = (_text(cited.get(name), name) for name in ("title", "url", "page"))
        said.citations.append(Citation(title, url, page))
    for button in _items(custom.get("buttons") or [], "buttons"):
        payload = "/" + _text(button.get("intent"), "intent").lstrip("/")
        said.buttons.append(Button(_text(button.get("title"), "title"), payload))
    evidence = _mapping(custom.get("evidence"))
    for found in _items(evidence.get("retrieved") or [], "retrieved"):
        page, title, url = (_text(found.get(name), name) for name in ("page", "title", "url"))
        said.retrieved.append(Retrieved(page, title, url, _number(found.get("score"), "score")))
    for claim in _items(evidence.get("claims") or [], "claims"):
        sentence, score = _text(claim.get("sentence"), "sentence"), _number(claim.get("score"), "score")
        source = _optional(claim.get("page"), "page")
        said.claims.append(Claim(sentence, claim.get("supported") is True, score, source))
    said.needs = max(said.needs, _needs(evidence.get("needs")), key=_NEEDS_ORDER.index)
    said.fallback = said.fallback or evidence.get("fallback") is True
    said.promises_transfer = said.promises_transfer or evidence.get("promises_transfer") is True
    said.provider = _optional(evidence.get("provider"), "provider") or said.provider
    said.model_calls += calls_of(evidence.get("model_calls"))
    if isinstance(reason := evidence.get("fallback_reason"), str):
        said.fallback_reasons.append(reason)
        said.fenced = said.fenced or reason == "fenced"


def calls_of(value: object) -> list[ModelCall]:
    """The calls of a model that an action tells of. They are only counted: what is odd is left out, not garbage."""
    found = []
    for call in value if isinstance(value, list) else []:
        match call:
            case {"outcome": str(outcome), "seconds": int() | float() as seconds}:
                first = call.get("first")
                tokens = [n if type(n := call.get(name)) is int else None for name in ("tokens_in", "tokens_out")]
                found.append(ModelCall(outcome, seconds, first if isinstance(first, float) else None, *tokens))
    return found


def _needs(value: object) -> Needs:
    if value is None:
        return Needs.NOTHING
    try:
        return Needs(_text(value, "needs"))
    except ValueError as odd:
        raise _Malformed(f"needs is {value!r}") from odd


def _items(value: object, name: str) -> Iterator[dict[str, Any]]:
    if not isinstance(value, list):
        raise _Malformed(f"{name} is no list")
    for item in value:
        if not isinstance(item, dict):
            raise _Malformed(f"{name} holds something that is no object")
        yield item


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise _Malformed(f"{name} is no text")
    return value


def _optional(value: object, name: str) -> str | None:
    return None if value is None else _text(value, name)


def _number(value: object, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _Malformed(f"{name} is no number")
    return float(value)


def _slot_text(value: object) -> str | None:
    if value is None or value in ("", [], {}):
        return None
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
