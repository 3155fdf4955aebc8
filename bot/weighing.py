"""What a finished turn says about whether a person is needed: everything the policy looks at, put together.

The facts come from the brief, the dialogue and the words themselves; what follows from them is `handover.policy`'s.
"""

from __future__ import annotations

import logging

from bot.dialogue import DialogueFailed, TurnResult
from bot.rasa_reading import FALLBACK_INTENT
from bot.repeats import Repeats
from handover.desk_for_bot import TurnBrief
from handover.evidence import Evidence
from handover.mood import anger
from handover.promises import promises_transfer
from handover.topics import Topics

log = logging.getLogger(__name__)

# What an action calls a wish of the customer, not of a rule or a tool.
_ASKED = "asked"
_FAILURES = {"down": "rasa_down"}


async def weigh(brief: TurnBrief, answer: TurnResult | DialogueFailed, *, repeats: Repeats, topics: Topics) -> Evidence:
    """The evidence of one turn; with a failure instead of an answer, what is known of the words alone."""
    intent, confidence = (None, 0.0) if isinstance(answer, DialogueFailed) else (answer.intent, answer.confidence)
    words = Evidence(
        text=brief.text,
        intent=None if intent == FALLBACK_INTENT else intent,
        confidence=confidence,
        fallbacks_before=brief.fallbacks_before,
        lacking_before=brief.lacking_before,
        repeats=await _repeats(brief, repeats),
        anger=tuple(anger(text) for text in (*brief.stretch_texts, brief.text)),
        topics=topics.found(brief.text),
    )
