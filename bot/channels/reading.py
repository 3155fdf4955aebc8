"""Reading what a platform posted without believing any of it: JSON, ids, moments, and what is broken in one event.

A reader raises `Broken` for a field whose type makes its event unreadable; what is merely missing is None. Nothing here
raises anything but `Broken` and BadInput.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from bot.channels.channel import Event
from handover.entries import keepable
from handover.errors import BadInput

MOST_EVENTS = 10_000  # of one webhook; Meta promises at most 1000, and a million empty ones would hold everybody up
DEEPEST = 64  # levels of nesting that are kept of an event; no platform needs more than ten
LONGEST_KEY = 200  # characters of a key: the platforms' own ids are shorter, and the record keeps keys in an index
_LONGEST_ID = 500
_LONGEST_NUMBER = 30  # digits; Meta's app ids have 18
_FIRST_MILLISECONDS = 1e11  # 1973 in milliseconds, the year 5138 in seconds
_LAST_SECONDS = 7_258_118_400  # the year 2200: a platform that says more is wrong
_NUMBER = re.compile(r"\d{1,20}(?:\.\d{1,9})?")


class Broken(Exception):
    """An event, or a field that it cannot do without, is not what the platform's documentation says."""


# What a reader may raise for one event. The last ones would be faults of ours, and cost no neighbour either.
UNREADABLE = (Broken, TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RecursionError)


def why(failed: Exception) -> str:
    """The reason for an ERROR event, in words."""
    return str(failed) if isinstance(failed, Broken) else f"our reader failed: {type(failed).__name__}"


def read_json(body: bytes) -> dict[str, Any]:
    """The object in a webhook's body. Raises BadInput for anything that is no JSON object, or nested without end.

    Bytes that are no UTF-8 become U+FFFD; numbers that no record keeps (NaN, 1e999) become None and endless ones text,
    so that they spoil only their own event.
    """
    try:
        value = json.loads(
            body.decode("utf-8-sig", errors="replace"),
            parse_int=_whole_number,
            parse_float=_finite,
            parse_constant=_nothing,
        )
    except (ValueError, RecursionError) as unreadable:
        raise BadInput(f"The webhook is not readable JSON: {type(unreadable).__name__}.") from None
    if not isinstance(value, dict):
        raise BadInput("The webhook is not a JSON object.")
    return value


def _whole_number(digits: str) -> int | str:
    return int(digits) if len(digits) <= _LONGEST_NUMBER else digits


def _finite(digits: str) -> float | None:
    number = float(digits)
    return number if math.isfinite(number) else None


def _nothing(_name: str) -> None:
    return None


def bounded(events: Iterable[Event]) -> list[Event]:
    """The events of one webhook, read one after the other. Raises BadInput when there are more than `MOST_EVENTS`."""
    read = list(islice(events, MOST_EVENTS + 1))
    if len(read) > MOST_EVENTS:
        raise BadInput(f"The webhook holds more than {MOST_EVENTS} events.")
    return read


def kept(value: Any, levels: int = DEEPEST) -> Any:
    """``value`` as the record can keep it: no NUL, no half of a surrogate pair, and "…" for what is nested deeper."""
    if isinstance(value, str):
        return keepable(value)
    if not isinstance(value, dict | list):
        return value
    if levels == 0:
        return "…"
    if isinstance(value, dict):
        return {keepable(name): kept(inner, levels - 1) for name, inner in value.items()}
    return [kept(inner, levels - 1) for inner in value]


def key_of(*parts: object) -> str:
    """One key for what identifies an event; the same parts give the same key. At most `LONGEST_KEY` characters."""
    whole = "|".join("" if part is None else str(part) for part in parts)
    if len(whole) <= LONGEST_KEY:
        return whole
    return "sha256:" + hashlib.sha256(whole.encode(errors="backslashreplace")).hexdigest()


def digest_of(raw: Any) -> str:
    """A key for an event that has nothing to tell it by: the same words are the same event."""
    written = json.dumps(raw, sort_keys=True, ensure_ascii=True, default=str)
    return "sha256:" + hashlib.sha256(written.encode()).hexdigest()


def object_in(source: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The object under ``name``, empty when there is none; Broken when something else is there."""
    value = source.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Broken(f"{name} is not an object")
    return value


def list_in(source: Mapping[str, Any], name: str) -> list[Any]:
    """The list under ``name``, empty when there is none; Broken when something else is there."""
    value = source.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise Broken(f"{name} is not a list")
    return value


def objects_in(source: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """The objects of the list under ``name``; what else stands in it, or instead of it, is passed over."""
    value = source.get(name)
    return [inner for inner in value if isinstance(inner, dict)] if isinstance(value, list) else []


def text_in(source: Mapping[str, Any], name: str) -> str | None:
    """The words under ``name``, None when there are none; Broken when something else is there."""
    value = source.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise Broken(f"{name} is not text")
    return value


def words_in(source: Mapping[str, Any], name: str) -> str | None:
    """Like `text_in` for what an event can do without: anything that is not text counts as missing."""
    value = source.get(name)
    return value if isinstance(value, str) and value else None


def id_in(source: Mapping[str, Any], name: str) -> str | None:
    """The id under ``name`` as text: some platforms write the same id as a number and as text. Broken for the rest."""
    value = source.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, str | int) or len(str(value)) > _LONGEST_ID:
        raise Broken(f"{name} is not an id")
    return str(value)


def moment(value: Any) -> datetime | None:
    """A platform's time: seconds or milliseconds as a number or in text, or ISO 8601. None for anything else."""
    if isinstance(value, str):
        return _spelled(value) if not _NUMBER.fullmatch(value) else moment(float(value))
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < _LAST_SECONDS * 1000:
        return None
    seconds = value / 1000 if value >= _FIRST_MILLISECONDS else value
    return datetime.fromtimestamp(seconds, UTC) if seconds < _LAST_SECONDS else None


def _spelled(value: str) -> datetime | None:
    try:
        told = datetime.fromisoformat(value)
        at = told.replace(tzinfo=UTC) if told.tzinfo is None else told.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return at if 0 < at.timestamp() < _LAST_SECONDS else None
