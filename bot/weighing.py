"""What a finished turn says about whether a person is needed: everything the policy looks at, put together.

The facts come from the brief, the dialogue and the words themselves; what follows from them is `handover.policy`'s.
"""

from __future__ import annotations

import logging
from dataclasses import replace

from bot.dialogue import DialogueFailed, TurnResult
from bot.repeats import Repeats
from handover.desk import TurnBrief
from handover.evidence import Evidence, Reason
from handover.mood import anger
from handover.policy_settings import PolicySettings
from handover.promises import promises_transfer
from handover.topics import Topic, topics_of

log = logging.getLogger(__name__)

_FAILURES = {"down": "rasa_down"}


async def weigh(
    brief: TurnBrief,
    answer: TurnResult | DialogueFailed,
    *,
    repeats: Repeats,
    topics: tuple[Topic, ...],
    policy: PolicySettings,
) -> Evidence:
    """The evidence of one turn; with a failure instead of an answer, what is known of the words alone."""
    words = Evidence(
        text=brief.text,
        fallbacks_before=brief.fallbacks_before,
        lacking_before=brief.lacking_before,
        repeats=await _repeats(brief, repeats),
        anger=tuple(anger(text) for text in (*brief.stretch_texts, brief.text)),
    )
    if isinstance(answer, DialogueFailed):
        found = topics_of(brief.text, None, 0.0, topics, policy)
        return replace(words, topics=found, failure=_FAILURES.get(answer.kind, answer.kind))
    return replace(
        words,
        intent=answer.intent,
        confidence=answer.confidence,
        asked_for_human=answer.handover_reason == Reason.ASKED,
        fallback=answer.fallback,
        topics=topics_of(brief.text, answer.intent, answer.confidence, topics, policy),
        needs=answer.needs,
        claims=answer.claims,
        retrieved=answer.retrieved,
        tools=answer.tools,
        requested_reason=_requested(answer),
        reply=answer.text or None,
        reply_promises_transfer=answer.promises_transfer or promises_transfer(answer.text),
        provider=answer.provider,
    )


async def _repeats(brief: TurnBrief, repeats: Repeats) -> int:
    """A customer is answered also when nobody can tell whether they ask again."""
    if brief.payload is not None:
        return 0  # buttons are pressed again and again
    try:
        return await repeats.count(brief.text, brief.stretch_texts)
    except Exception:
        log.exception("repeated questions could not be counted")
        return 0


def _requested(answer: TurnResult) -> str | None:
    """Why an action wants a person: one of the named reasons, or its own words where the reason says no more."""
    if answer.handover is None:
        return None
    if answer.handover_reason in (None, Reason.RULE) and answer.handover:
        return answer.handover
    return answer.handover_reason or Reason.RULE
