"""The one place that decides whether a person is needed. Pure: evidence and settings in, decision out."""

from __future__ import annotations

from collections.abc import Callable

from handover.evidence import Decision, Evidence, Needs, Outcome, Reason
from handover.policy_settings import DecideSettings, PolicySettings

_Rule = Callable[[Evidence, DecideSettings], Decision | None]

# A model's own words are not said where they may do harm: without sources, or on a topic that is a person's.
_MODEL_STAYS_SILENT = frozenset({Reason.UNSUPPORTED, Reason.TOPIC})


def decide(evidence: Evidence, settings: PolicySettings) -> Decision:
    """Answer, offer a person, or hand over. The first rule that hands over wins, else the first that offers."""
    offer = None
    for rule in _RULES:
        decision = rule(evidence, settings.decide)
        if decision is None or decision.outcome is Outcome.ANSWER:
            continue
        if decision.outcome is Outcome.HAND_OVER:
            return decision
        offer = offer or decision
    return offer or Decision(Outcome.ANSWER)


def withholds_reply(decision: Decision, evidence: Evidence) -> bool:
    """Is the bot's reply kept from the customer (agents get it as a draft).

    Written answers of the domain are said. A reply that only says that the bot cannot help, and would the customer
    like a person, is not: the person is on the way already.
    """
    if decision.outcome is not Outcome.HAND_OVER:
        return False
    cannot_help = evidence.needs is Needs.KNOWLEDGE or evidence.fallback
    return cannot_help or (decision.reason in _MODEL_STAYS_SILENT and evidence.provider is not None)


def _hand_over(reason: Reason, because: str) -> Decision:
    return Decision(Outcome.HAND_OVER, reason, because)


def _topic(evidence: Evidence, settings: DecideSettings) -> Decision | None:
    if not evidence.topics:
        return None
    named = ", ".join(topic.replace("_", " ") for topic in evidence.topics)
    return _hand_over(Reason.TOPIC, f"A topic that is a person's by rule: {named}.")


def _asked(evidence: Evidence, settings: DecideSettings) -> Decision | None:
    if evidence.asked_for_human:
        return _hand_over(Reason.ASKED, "The customer asked for a person.")
    if evidence.intent in settings.asked_intents and evidence.confidence >= settings.asked_confidence:
        return _hand_over(Reason.ASKED, f"The words ask for a person ({evidence.confidence:.2f} sure).")
    return None


def _requested(evidence: Evidence, settings: DecideSettings) -> Decision | None:
    wish = evidence.requested_reason
    if wish is None:
        return None
    if wish in {str(reason) for reason in Reason}:
        return _hand_over(Reason(wish), "A rule of the dialogue passes this to a person.")
    return _hand_over(Reason.RULE, wish)


def _failed(evidence: Evidence, settings: DecideSettings) -> Decision | None:
    if evidence.failure is None:
        return None
    if evidence.failure in ("timeout", "stalled"):
        return _hand_over(Reason.BOT_STALLED, "The bot gave no answer in time.")
    return _hand_over(Reason.BOT_FAILED, f"The bot failed: {evidence.failure}.")


def _tools(evidence: Evidence, settings: DecideSettings) -> Decision | None:
    failed = [tool for tool in evidence.tools if not tool.ok]
    if not failed:
        return None
    named = "; ".join(f"{tool.name}: {tool.error or 'no answer'}" for tool in failed)
    return Decision(settings.tool_failed, Reason.TOOL_FAILED, f"A system did not work ({named}).")


def _anger(evidence: Evidence, settings: DecideSettings) -> Decision | None:
    if not evidence.anger:
        return None
    now = evidence.anger[-1]
    if now >= settings.anger_at_once:
        return _hand_over(Reason.ANGER, "The customer is angry.")
    if len(evidence.anger) < 2:
        return None
    before = evidence.anger[-2]
    if settings.anger_rising <= before <= now:
        return _hand_over(Reason.ANGER, "The customer is getting angrier.")
    return None


def _misunderstood(evidence: Evidence, settings: DecideSettings) -> Decision | None:
    turns = evidence.fallbacks_before + 1
    if evidence.fallback and turns >= settings.misunderstood_turns:
        return _hand_over(Reason.MISUNDERSTOOD, f"The bot did not understand {turns} turns in a row.")
    return None


def _repeated(evidence: Evidence, settings: DecideSettings) -> Decision | None:
    if evidence.repeats >= settings.repeats:
        return _hand_over(Reason.REPEATED, f"The customer asks the same for the {evidence.repeats + 1}. time.")
    return None


def _unsupported(evidence: Evidence, settings: DecideSettings) -> Decision | None:
    bare = [claim for claim in evidence.claims if not claim.supported]
    if not bare:
        return None
    because = f"{len(bare)} of {len(evidence.claims)} claims have no support in the sources."
    share = len(bare) / len(evidence.claims)
    if len(bare) >= settings.unsupported_claims and share >= settings.unsupported_share:
        return _hand_over(Reason.UNSUPPORTED, because)
    return Decision(settings.some_unsupported, Reason.UNSUPPORTED, because)


def _promised(evidence: Evidence, settings: DecideSettings) -> Decision | None:
    if evidence.reply_promises_transfer:
        return _hand_over(Reason.PROMISED, "The reply promises a person.")
    return None


def _needs(evidence: Evidence, settings: DecideSettings) -> Decision | None:
    if evidence.needs is Needs.HUMAN:
        return _hand_over(Reason.NO_KNOWLEDGE, "The model says that this needs a person.")
    if evidence.needs is Needs.KNOWLEDGE:
        again = evidence.lacking_before > 0
        outcome = settings.lacks_knowledge_again if again else settings.lacks_knowledge_first
        because = "The model lacks the knowledge, again." if again else "The model lacks the knowledge."
        return Decision(outcome, Reason.NO_KNOWLEDGE, because)
    return None


# In the order in which agents want to hear of them: what the matter is, before what the bot could not do.
_RULES: tuple[_Rule, ...] = (
    _topic,
    _asked,
    _failed,
    _tools,
    _anger,
    _requested,
    _misunderstood,
    _repeated,
    _unsupported,
    _promised,
    _needs,
)
