"""Events as the record keeps them between being read and being applied: to JSON values and back."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import datetime
from typing import Any

from bot.channels.channel import Attachment, Event, EventKind
from bot.channels.reading import kept
from handover.entries import keepable

# Of these people want to see what the platform wrote; of all others no copy is kept.
_SHOWN_RAW = frozenset({EventKind.UNKNOWN, EventKind.UNSUPPORTED, EventKind.ERROR})
_LONGEST_RAW = 16_000  # characters
_MOMENTS = ("at", "watermark")
_TUPLES = ("aliases", "targets")


def to_data(event: Event) -> dict[str, Any]:
    """Every field that says something, as JSON values that any database takes."""
    data: dict[str, Any] = {"kind": str(event.kind)}
    for field in fields(Event):
        value = getattr(event, field.name)
        if field.name in ("kind", "raw") or value == field.default:
            continue
        if field.name in _MOMENTS:
            value = value.isoformat()
        elif field.name == "attachments":
            value = [_attachment(one) for one in value]
        data[field.name] = list(value) if isinstance(value, tuple) else value
    if event.kind in _SHOWN_RAW:
        data["raw"] = keepable(json.dumps(kept(dict(event.raw)), ensure_ascii=False, default=str))[:_LONGEST_RAW]
    whole: dict[str, Any] = kept(data)
    return whole


def from_data(data: dict[str, Any]) -> Event:
    """The event that `to_data` was given, without ``raw``."""
    values = {name: value for name, value in data.items() if name != "raw"}
    values["kind"] = EventKind(values["kind"])
    for name in _MOMENTS:
        if name in values:
            values[name] = datetime.fromisoformat(values[name])
    for name in _TUPLES:
        if name in values:
            values[name] = tuple(values[name])
    values["attachments"] = tuple(Attachment(**one) for one in values.get("attachments", ()))
    return Event(**values)


def _attachment(one: Attachment) -> dict[str, Any]:
    return {
        field.name: getattr(one, field.name)
        for field in fields(Attachment)
        if field.name == "kind" or getattr(one, field.name) != field.default
    }
