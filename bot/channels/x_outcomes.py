"""What X answers to a direct message, in our words. Source: X API, "Response codes and errors", "Rate limits"."""

from __future__ import annotations

import math
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from bot.channels.channel import Answer, Unanswered
from handover.outcomes import Outcome, SendResult

_LONGEST_WAIT = 86_400.0  # seconds: the longest of X's periods is a day
_ACCESS = "An admin connects the account anew and resumes the inbox; the message goes out then."
_PLAN = "An admin looks at the app's plan and credits at developer.x.com, then resumes the inbox."
_ANOTHER_WAY = "Reach the customer another way."
_OURS = ("client-forbidden", "client-not-enrolled", "unsupported-authentication", "suspended", "oauth")
_BY_STATUS = {
    401: (Outcome.FINAL_ACCOUNT, _ACCESS),
    402: (Outcome.FINAL_ACCOUNT, _PLAN),
    403: (Outcome.FINAL_PERSON, _ANOTHER_WAY),
    404: (Outcome.FINAL_PERSON, _ANOTHER_WAY),
}


def x_result(answer: Answer | Unanswered, now: float) -> SendResult:
    """The outcome of a send; ``now`` in seconds since 1970 where the answer has no date of its own."""
    if isinstance(answer, Unanswered):
        if answer.written:
            return SendResult(Outcome.UNKNOWN, note="X did not answer in time; the message may have been delivered.")
        return SendResult(Outcome.RETRY, note="X could not be reached.")
    body = answer.json if isinstance(answer.json, dict) else {}
    if 200 <= answer.status < 300:
        return _taken(body)
    words = _words(body)
    note = f"X answered: {words}" if words else f"X answered with HTTP {answer.status} and no reason."
    if answer.status == 429:
        return _limited(answer.headers, str(body.get("type", "")) + words, note, now)
    outcome, todo = _refused(answer.status, (str(body.get("type", "")) + words).lower())
    return SendResult(outcome, note=note, todo=todo)


def _refused(status: int, words: str) -> tuple[Outcome, str]:
    if status >= 500 or status < 400:
        return (Outcome.UNKNOWN if status == 504 else Outcome.RETRY), ""
    if status == 403 and any(mark in words for mark in _OURS):
        return Outcome.FINAL_ACCOUNT, _PLAN
    return _BY_STATUS.get(status, (Outcome.FINAL_MESSAGE, "Write it in other words."))


def _taken(body: Mapping[str, Any]) -> SendResult:
    data = body.get("data")
    told = data.get("dm_event_id") if isinstance(data, dict) else None
    if isinstance(told, str) and told:
        return SendResult(Outcome.SENT, provider_id=told)
    return SendResult(Outcome.UNKNOWN, note="X's answer named no message; it may have been delivered.")


def _limited(headers: Mapping[str, str], words: str, note: str, now: float) -> SendResult:
    if "usage" in words.lower():
        return SendResult(Outcome.FINAL_ACCOUNT, note=note, todo=_PLAN)
    named = {name.lower(): value for name, value in headers.items()}
    reset = _number(named.get("x-rate-limit-reset", ""))
    wait = _number(named.get("retry-after", "")) if reset is None else reset - (_date(named.get("date", "")) or now)
    if wait is None:
        return SendResult(Outcome.RETRY, note=note)
    return SendResult(Outcome.RETRY_AFTER, retry_after=min(max(wait, 1.0), _LONGEST_WAIT), note=note)


def _number(told: str) -> float | None:
    try:
        number = float(told)
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _date(told: str) -> float | None:
    try:
        return parsedate_to_datetime(told).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _words(body: Mapping[str, Any]) -> str:
    told = body.get("detail") or body.get("title")
    return told[:200] if isinstance(told, str) else ""
