"""What WhatsApp's error codes mean, in an answer to a send and in a failed status alike.

Source: Meta, WhatsApp Cloud API "Error codes" (2026). Only ``code`` counts: subcodes are no longer sent since v16.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.channels.meta_outcomes import NEW_TOKEN, GraphError, Verdict
from handover.outcomes import Outcome

_ANOTHER_WAY = "Reach the customer another way."
_SETTINGS = "An admin looks at this number in WhatsApp Manager, then resumes the inbox."
_BUSY = Verdict(Outcome.RETRY, "WhatsApp is busy or limits how fast we send.")
_MAYBE = Verdict(
    Outcome.UNKNOWN,
    "WhatsApp answered with an error although the message may have been delivered.",
    "Ask the customer whether it arrived before sending it again.",
)
_ACCESS = Verdict(Outcome.FINAL_ACCOUNT, "WhatsApp refuses our access to this number.", _SETTINGS)
_OURS = Verdict(Outcome.FINAL_MESSAGE, "WhatsApp does not accept this message as it is.", "Write it in other words.")
_TEMPLATE = Verdict(
    Outcome.FINAL_MESSAGE,
    "WhatsApp does not accept this template: it is missing, paused, or its parameters do not fit.",
    "Choose another template, or an admin looks at it in WhatsApp Manager.",
)
_NOT_NOW = Verdict(
    Outcome.FINAL_MESSAGE, "WhatsApp keeps this kind of message from this person just now.", _ANOTHER_WAY
)

_BY_CODE = {
    **dict.fromkeys((2, 4, 80007, 130429, 131016, 131057, 133004), _BUSY),
    # Cloud API, "Pair rate limits": come again after 4^n seconds, n from 0; other people are not concerned.
    131056: Verdict(Outcome.RETRY, "WhatsApp limits how fast we write to this one person.", growth=4.0),
    **dict.fromkeys((1, 131000), _MAYBE),
    **dict.fromkeys((0, 190), Verdict(Outcome.FINAL_ACCOUNT, "Our access token is no longer good.", NEW_TOKEN)),
    **dict.fromkeys((3, 10, 131005, 131045, 133010), _ACCESS),
    131048: Verdict(
        Outcome.FINAL_ACCOUNT, "Too many people reported this number's messages: it may not send.", _SETTINGS
    ),
    368: Verdict(Outcome.FINAL_ACCOUNT, "Meta has blocked this account for a while because of its rules.", _SETTINGS),
    131031: Verdict(Outcome.FINAL_ACCOUNT, "Meta has locked this account.", _SETTINGS),
    131042: Verdict(Outcome.FINAL_ACCOUNT, "WhatsApp wants the account's payment settled first.", _SETTINGS),
    130497: Verdict(Outcome.FINAL_PERSON, "This account may not write to people in that country.", _ANOTHER_WAY),
    131047: Verdict(
        Outcome.FINAL_WINDOW,
        "More than 24 hours since the customer wrote: WhatsApp takes only templates.",
        "Send a template, or wait until the customer writes again.",
    ),
    131026: Verdict(
        Outcome.FINAL_PERSON,
        "WhatsApp cannot deliver to this person: not on WhatsApp, an old app, or they blocked us.",
        _ANOTHER_WAY,
    ),
    131030: Verdict(
        Outcome.FINAL_PERSON,
        "This is a test number, and the person is not on its list.",
        "An admin adds them to the number's list at Meta.",
    ),
    **dict.fromkeys((131049, 130472), _NOT_NOW),
    131050: Verdict(Outcome.FINAL_MESSAGE, "The customer wants no marketing messages.", "Send no marketing to them."),
    **dict.fromkeys((33, 100, 131008, 131009, 131051, 131052, 131053), _OURS),
    131021: Verdict(Outcome.FINAL_MESSAGE, "The number would write to itself.", _ANOTHER_WAY),
    131062: Verdict(
        Outcome.FINAL_MESSAGE,
        "This kind of message needs the person's phone number, which WhatsApp does not tell us.",
        "Ask the customer for their phone number.",
    ),
}


def judge_whatsapp(error: GraphError) -> Verdict | None:
    """What a code means; None for one that WhatsApp does not document."""
    if error.transient and error.code not in {1, 131000}:
        return _BY_CODE.get(error.code, _BUSY)
    if 200 <= error.code <= 299:
        return _ACCESS
    if 132000 <= error.code <= 132999:
        return _TEMPLATE
    return _BY_CODE.get(error.code)


def words_for(code: str) -> str:
    """What a failed status's code means and what to do, for agents."""
    verdict = judge_whatsapp(GraphError(int(code))) if code.isascii() and code.isdigit() else None
    if verdict is None:
        return f"WhatsApp did not deliver the message. (Meta error {code})"
    return " ".join(word for word in (verdict.note, f"(Meta error {code})", verdict.todo) if word)


def whatsapp_id(body: Mapping[str, Any]) -> str | None:
    """The id of the message that was taken: acceptance, not delivery."""
    messages = body.get("messages")
    first = messages[0] if isinstance(messages, list) and messages else None
    given = first.get("id") if isinstance(first, dict) else None
    return given if isinstance(given, str) and given else None
