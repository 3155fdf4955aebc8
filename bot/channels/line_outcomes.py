"""What LINE answers to a push, in our words. Source: Messaging API reference, "Status codes" and "Error responses"."""

from __future__ import annotations

from typing import Any

from bot.channels.channel import Answer, Unanswered
from handover.outcomes import Outcome, SendResult

_TOKEN = "An admin puts a new channel access token into the inbox and resumes it; the message goes out then."
_QUOTA = "An admin raises the account's monthly message limit at LINE, then resumes the inbox."
_BY_STATUS = {
    401: (Outcome.FINAL_ACCOUNT, _TOKEN),
    403: (Outcome.FINAL_ACCOUNT, "An admin checks the account's plan and permissions at LINE, then resumes the inbox."),
    404: (Outcome.FINAL_PERSON, "Reach the customer another way."),
    408: (Outcome.RETRY, ""),
}


def line_result(answer: Answer | Unanswered) -> SendResult:
    """The outcome of a push. 409 says that the same key was taken before: the message is there."""
    if isinstance(answer, Unanswered):
        if answer.written:
            return SendResult(Outcome.UNKNOWN, note="LINE did not answer in time; the message may have been delivered.")
        return SendResult(Outcome.RETRY, note="LINE could not be reached.")
    if 200 <= answer.status < 300 or answer.status == 409:
        return SendResult(Outcome.SENT, provider_id=_sent_id(answer.json))
    words = _words(answer.json)
    note = f"LINE answered: {words}" if words else f"LINE answered with HTTP {answer.status} and no reason."
    outcome, todo = _refused(answer.status, words)
    return SendResult(outcome, note=note, todo=todo)


def _refused(status: int, words: str) -> tuple[Outcome, str]:
    if status == 429 and "monthly" in words.lower():
        return Outcome.FINAL_ACCOUNT, _QUOTA
    if status == 429 or status >= 500 or status < 400:
        return Outcome.RETRY, ""
    if status == 400 and "'to'" in words:
        return Outcome.FINAL_PERSON, "Reach the customer another way."
    return _BY_STATUS.get(status, (Outcome.FINAL_MESSAGE, "Write it in other words."))


def _words(body: Any) -> str:
    told = body.get("message") if isinstance(body, dict) else None
    return told[:200] if isinstance(told, str) else ""


def _sent_id(body: Any) -> str | None:
    sent = body.get("sentMessages") if isinstance(body, dict) else None
    first = sent[0] if isinstance(sent, list) and sent and isinstance(sent[0], dict) else {}
    told = first.get("id")
    return told if isinstance(told, str) and told else None
