"""What Meta's Graph API answers to a send, in our words. The body's code decides, never the HTTP status.

Sources: Meta, Messenger Platform "Error codes" (March 2026); Instagram Platform "Error codes"; Graph API "Handling
errors" and "Rate limits". The rules for WhatsApp's own codes are in `bot.channels.whatsapp_outcomes`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.channels.channel import Answer, Unanswered
from handover.outcomes import Outcome, SendResult

_LONGEST_WAIT = 86_400.0  # seconds; a platform that asks for more than a day is not waited for
_SECRET_LIKE = re.compile(r"[A-Za-z0-9_|\-]{25,}")  # access tokens are longer than any word


@dataclass(frozen=True, slots=True)
class GraphError:
    """The ``error`` object of an answer; ``subcode`` is 0 when there is none."""

    code: int
    subcode: int = 0
    transient: bool = False
    message: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a code means: the outcome, what happened, what a person can do, and how the pauses of a retry grow."""

    outcome: Outcome
    note: str
    todo: str = ""
    growth: float = 2.0


def graph_error(body: Any) -> GraphError | None:
    """The error in an answer, None when it holds none."""
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return None
    details = error.get("error_data")
    words = [error.get("message"), details.get("details") if isinstance(details, dict) else None]
    return GraphError(
        code=_number(error.get("code")),
        subcode=_number(error.get("error_subcode")),
        transient=error.get("is_transient") is True,
        message=" ".join(word for word in words if isinstance(word, str)),
    )


def _number(value: Any) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 12:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def graph_result(
    answer: Answer | Unanswered,
    judge: Callable[[GraphError], Verdict | None],
    sent_id: Callable[[Mapping[str, Any]], str | None],
) -> SendResult:
    """The outcome of a send. ``judge`` knows the product's codes, ``sent_id`` finds the id of what was taken."""
    if isinstance(answer, Unanswered):
        return _unanswered(answer)
    error = graph_error(answer.json)
    if error is not None:
        return _failed(answer, error, judge(error))
    if 200 <= answer.status < 300:
        return _taken(answer, sent_id)
    return _without_words(answer)


def _unanswered(answer: Unanswered) -> SendResult:
    if answer.written:
        return SendResult(Outcome.UNKNOWN, note="Meta did not answer in time; the message may have been delivered.")
    return SendResult(Outcome.RETRY, note="Meta could not be reached.")


def _taken(answer: Answer, sent_id: Callable[[Mapping[str, Any]], str | None]) -> SendResult:
    if not isinstance(answer.json, dict):
        return SendResult(Outcome.UNKNOWN, note="Meta's answer could not be read; the message may have been delivered.")
    return SendResult(Outcome.SENT, provider_id=sent_id(answer.json))


def _failed(answer: Answer, error: GraphError, known: Verdict | None) -> SendResult:
    verdict = known or _default(answer.status, error)
    named = f"{error.code}/{error.subcode}" if error.subcode else f"{error.code}"
    note = f"{verdict.note} (Meta error {named})"
    if verdict.outcome is Outcome.RETRY and (wait := told_to_wait(answer.headers)) is not None:
        return SendResult(Outcome.RETRY_AFTER, retry_after=wait, note=note, todo=verdict.todo)
    return SendResult(verdict.outcome, growth=verdict.growth, note=note, todo=verdict.todo)


def _default(status: int, error: GraphError) -> Verdict:
    if error.transient or status >= 500 or status == 429:
        return Verdict(Outcome.RETRY, "Meta could not take the message just now.")
    told = _SECRET_LIKE.sub("…", error.message)[:200].strip()
    return Verdict(
        Outcome.FINAL_MESSAGE,
        f"Meta refused the message: {told}" if told else "Meta refused the message.",
        "Write it in other words, or reach the customer another way.",
    )


def _without_words(answer: Answer) -> SendResult:
    """An answer with no error object: a proxy or a load balancer spoke, not the API."""
    note = f"Meta answered with HTTP {answer.status} and no reason."
    if answer.status == 504:
        return SendResult(Outcome.UNKNOWN, note=note + " The message may have been delivered.")
    if answer.status == 401:
        return SendResult(Outcome.FINAL_ACCOUNT, note=note, todo=NEW_TOKEN)
    if answer.status == 429 or answer.status >= 500 or answer.status < 400:
        wait = told_to_wait(answer.headers)
        return SendResult(Outcome.RETRY if wait is None else Outcome.RETRY_AFTER, retry_after=wait, note=note)
    return SendResult(Outcome.FINAL_MESSAGE, note=note, todo="Try again later, or reach the customer another way.")


def told_to_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds until Meta takes more: ``Retry-After``, else the minutes in ``X-Business-Use-Case-Usage``.

    Source: Graph API "Rate limits": estimated_time_to_regain_access is in minutes and 0 when nothing is throttled.
    """
    named = {name.lower(): value for name, value in headers.items()}
    try:
        wait = float(named.get("retry-after", ""))
    except ValueError:
        wait = 60.0 * _minutes(named.get("x-business-use-case-usage", ""))
    return wait if math.isfinite(wait) and 0 < wait <= _LONGEST_WAIT else None


def _minutes(usage: str) -> float:
    try:
        told = json.loads(usage)
    except (ValueError, RecursionError):
        return 0.0
    uses = [use for uses in told.values() if isinstance(uses, list) for use in uses] if isinstance(told, dict) else []
    return float(
        max((_number(use.get("estimated_time_to_regain_access")) for use in uses if isinstance(use, dict)), default=0)
    )


NEW_TOKEN = "An admin puts a new access token into the inbox and resumes it; the message goes out then."
_PERMISSIONS = "An admin checks the app's permissions in Meta's dashboard, then resumes the inbox."
_ANOTHER_WAY = "Reach the customer another way."
_THEY_FIRST = "Wait until the customer writes again; their next message opens the conversation."

_BUSY = Verdict(Outcome.RETRY, "Meta is busy or limits how fast we send.")
_MAYBE = Verdict(
    Outcome.UNKNOWN,
    "Meta answered with an error although the message may have been delivered.",
    "Look in the page's own inbox whether it arrived before sending it again.",
)
_WINDOW = Verdict(Outcome.FINAL_WINDOW, "Too long since the customer wrote: Meta takes no more messages.", _THEY_FIRST)
_GONE = Verdict(Outcome.FINAL_PERSON, "This person cannot be reached: they blocked us or left.", _ANOTHER_WAY)
_OURS = Verdict(
    Outcome.FINAL_MESSAGE,
    "Meta does not accept this message as it is.",
    "Write it in other words, without attachments.",
)
_ACCESS = Verdict(Outcome.FINAL_ACCOUNT, "Meta refuses our access to this account.", _PERMISSIONS)

_BY_SUBCODE = {
    1357046: _MAYBE,
    2018278: _WINDOW,
    2534022: _WINDOW,
    2018065: _WINDOW,
    2018300: Verdict(
        Outcome.FINAL_THREAD,
        "Another app, or a person in Meta's own inbox, has this conversation.",
        "Take the conversation back in the page's inbox, or wait until the other app gives it up.",
    ),
    1545041: _GONE,
    2018108: Verdict(Outcome.FINAL_PERSON, "This person takes no messages from us.", _ANOTHER_WAY),
    2534040: _BUSY,
    2534014: Verdict(Outcome.FINAL_MESSAGE, "Instagram knows no such person for this account.", _ANOTHER_WAY),
    2018047: Verdict(Outcome.FINAL_MESSAGE, "Meta could not take the attachment.", "Send it as a link, or again."),
    9000001: Verdict(Outcome.FINAL_MESSAGE, "The message that this one answers is gone.", "Send it as a new message."),
    1893063: _ACCESS,
    2534029: Verdict(
        Outcome.FINAL_ACCOUNT,
        "The account's owner switched off access to direct messages.",
        "The owner allows access to messages in Instagram's settings, then an admin resumes the inbox.",
    ),
    2534041: Verdict(
        Outcome.FINAL_ACCOUNT,
        "The account's owner switched off access to direct messages.",
        "The owner allows access to messages in Instagram's settings, then an admin resumes the inbox.",
    ),
    463: Verdict(Outcome.FINAL_ACCOUNT, "Our access token has expired.", NEW_TOKEN),
    460: Verdict(Outcome.FINAL_ACCOUNT, "Our access token is no longer good: its owner changed a password.", NEW_TOKEN),
    458: Verdict(Outcome.FINAL_ACCOUNT, "The account's owner removed our app.", NEW_TOKEN),
}
_BY_CODE = {
    1: _MAYBE,
    **dict.fromkeys((2, 4, 17, 32, 613, 1200, 80006), _BUSY),
    10: _ACCESS,
    100: _OURS,
    190: Verdict(Outcome.FINAL_ACCOUNT, "Our access token is no longer good.", NEW_TOKEN),
    200: _ACCESS,
    230: Verdict(Outcome.FINAL_PERSON, "This person has not allowed us to write.", _ANOTHER_WAY),
    368: Verdict(
        Outcome.FINAL_ACCOUNT,
        "Meta has blocked this account for a while because of its rules.",
        "An admin reads the account's quality page at Meta, then resumes the inbox.",
    ),
    551: _GONE,
    10900: _BY_SUBCODE[9000001],
    9000001: _BY_SUBCODE[9000001],
}
_SUBCODES_OF = {  # where a subcode counts only under its own code: the small numbers are reused
    463: 190,
    460: 190,
    458: 190,
}


def judge_messaging(error: GraphError) -> Verdict | None:
    """What an error of Messenger or Instagram means; None for one that neither documents."""
    if error.subcode in _BY_SUBCODE and _SUBCODES_OF.get(error.subcode, error.code) == error.code:
        return _BY_SUBCODE[error.subcode]
    if error.transient and error.code != 1:
        return _BUSY
    return _BY_CODE.get(error.code)


def messaging_id(body: Mapping[str, Any]) -> str | None:
    """The ``message_id`` of a send that was taken."""
    given = body.get("message_id")
    return given if isinstance(given, str) and given else None
