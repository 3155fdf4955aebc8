"""What Telegram answers to a send, in our words. Source: Telegram Bot API 10.1, "Making requests", ResponseParameters.

The body's ``error_code`` decides; Telegram has no finer codes, so the words of its description are read for the rest.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from bot.channels.channel import Answer, Unanswered
from bot.channels.reading import Broken
from bot.channels.telegram_events import message_id
from handover.outcomes import Outcome, SendResult

_ANOTHER_WAY = "Reach the customer another way."
_OTHER_WORDS = "Write it in other words."
_NEW_TOKEN = "An admin puts the bot's token from @BotFather into the inbox and resumes it; the message goes out then."
_NOBODY = ("chat not found", "user not found", "user is deactivated", "peer_id_invalid", "bot can't initiate")
_NO_PLACE = ("business_connection", "business_peer", "message thread not found", "topic_closed", "topic_deleted")


def telegram_result(answer: Answer | Unanswered) -> SendResult:
    """The outcome of a sendMessage."""
    if isinstance(answer, Unanswered):
        if answer.written:
            note = "Telegram did not answer in time; the message may have been delivered."
            return SendResult(Outcome.UNKNOWN, note=note)
        return SendResult(Outcome.RETRY, note="Telegram could not be reached.")
    body = answer.json if isinstance(answer.json, dict) else {}
    if body.get("ok") is True:
        return SendResult(Outcome.SENT, provider_id=_sent_id(body.get("result")))
    code, described = _code(body, answer.status), body.get("description")
    if code < 300:
        return SendResult(Outcome.UNKNOWN, note="Telegram's answer could not be read; the message may be there.")
    words = described[:200] if isinstance(described, str) else f"HTTP {answer.status}"
    return _refused(code, words, body.get("parameters"))


def _refused(code: int, words: str, parameters: Any) -> SendResult:
    note, lower = f"Telegram answered: {words}", words.lower()
    more = parameters if isinstance(parameters, dict) else {}
    if code == 429:
        wait = _seconds(more)
        return SendResult(Outcome.RETRY if wait is None else Outcome.RETRY_AFTER, retry_after=wait, note=note)
    if code >= 500:
        maybe = code == 504
        return SendResult(Outcome.UNKNOWN if maybe else Outcome.RETRY, note=note)
    if code in {401, 404}:
        return SendResult(Outcome.FINAL_ACCOUNT, note=note, todo=_NEW_TOKEN)
    outcome, todo = _final(code, lower, more)
    return SendResult(outcome, note=note, todo=todo)


def _final(code: int, lower: str, more: Mapping[str, Any]) -> tuple[Outcome, str]:
    if "migrate_to_chat_id" in more:
        return Outcome.FINAL_PERSON, "Answer in the conversation of the new group, once somebody has written there."
    if any(mark in lower for mark in _NO_PLACE):
        return Outcome.FINAL_THREAD, "The connection or topic is gone: wait until the customer writes again."
    if code == 403 or any(mark in lower for mark in _NOBODY):
        return Outcome.FINAL_PERSON, _ANOTHER_WAY
    return Outcome.FINAL_MESSAGE, _OTHER_WORDS


def _code(body: Mapping[str, Any], status: int) -> int:
    told = body.get("error_code")
    return told if isinstance(told, int) and not isinstance(told, bool) and 100 <= told < 600 else status


def _seconds(parameters: Mapping[str, Any]) -> float | None:
    told = parameters.get("retry_after")
    if isinstance(told, bool) or not isinstance(told, int | float) or not math.isfinite(told) or told < 0:
        return None
    return float(told)


def _sent_id(result: Any) -> str | None:
    try:
        return message_id(result) if isinstance(result, dict) else None
    except Broken:
        return None
