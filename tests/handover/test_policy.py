"""What decides a handover: each reason, its thresholds, and that a stored decision can be replayed."""

from __future__ import annotations

from pathlib import Path

import pytest

from handover.errors import BadInput
from handover.evidence import Claim, Decision, Evidence, Needs, Outcome, Reason, ToolUse
from handover.policy import decide, withholds_reply
from handover.policy_settings import POLICY_FOLDER, load_policy
from tests.support.desk_world import POLICY, open_world

H, F, A = Outcome.HAND_OVER, Outcome.OFFER, Outcome.ANSWER
BARE = Claim("It floats.", supported=False, score=0.1)
HELD = Claim("It is red.", supported=True, score=0.9)

CASES = [
    (Evidence("hi"), A, None),
    (Evidence("x", asked_for_human=True), H, Reason.ASKED),
    (Evidence("x", intent="human_handoff", confidence=0.6), H, Reason.ASKED),
    (Evidence("x", intent="human_handoff", confidence=0.59), A, None),
    (Evidence("x", fallback=True), A, None),
    (Evidence("x", fallback=True, fallbacks_before=1), H, Reason.MISUNDERSTOOD),
    (Evidence("x", fallbacks_before=3), A, None),
    (Evidence("x", repeats=1), A, None),
    (Evidence("x", repeats=2), H, Reason.REPEATED),
    (Evidence("x", anger=(0.8,)), H, Reason.ANGER),
    (Evidence("x", anger=(0.6,)), A, None),
    (Evidence("x", anger=(0.45, 0.6)), H, Reason.ANGER),
    (Evidence("x", anger=(0.7, 0.5)), A, None),
    (Evidence("x", anger=(0.7, 0.7, 0.0)), A, None),
    (Evidence("x", topics=("bereavement",), asked_for_human=True), H, Reason.TOPIC),
    (Evidence("x", needs=Needs.KNOWLEDGE), F, Reason.NO_KNOWLEDGE),
    (Evidence("x", needs=Needs.KNOWLEDGE, lacking_before=1), H, Reason.NO_KNOWLEDGE),
    (Evidence("x", needs=Needs.HUMAN), H, Reason.NO_KNOWLEDGE),
    (Evidence("x", claims=(BARE, HELD, HELD)), F, Reason.UNSUPPORTED),
    (Evidence("x", claims=(BARE, BARE, HELD)), H, Reason.UNSUPPORTED),
    (Evidence("x", claims=(HELD,)), A, None),
    (Evidence("x", tools=(ToolUse("orders", ok=False, error="down"),)), H, Reason.TOOL_FAILED),
    (Evidence("x", tools=(ToolUse("orders", ok=True),)), A, None),
    (Evidence("x", failure="timeout"), H, Reason.BOT_STALLED),
    (Evidence("x", failure="rasa_down"), H, Reason.BOT_FAILED),
    (Evidence("x", requested_reason="tool_failed"), H, Reason.TOOL_FAILED),
    (Evidence("x", requested_reason="the order cannot be cancelled"), H, Reason.RULE),
    (Evidence("x", reply_promises_transfer=True), H, Reason.PROMISED),
]


@pytest.mark.parametrize(("evidence", "outcome", "reason"), CASES)
def test_each_reason_fires_at_its_threshold_and_not_below(
    evidence: Evidence, outcome: Outcome, reason: Reason | None
) -> None:
    decision = decide(evidence, POLICY)
    assert (decision.outcome, decision.reason) == (outcome, reason)
    assert bool(decision.because) == (reason is not None)


def test_a_handover_outranks_an_offer_whatever_comes_first() -> None:
    both = Evidence("x", claims=(BARE, HELD, HELD), needs=Needs.HUMAN)
    assert decide(both, POLICY).outcome is Outcome.HAND_OVER


def test_written_answers_are_said_and_a_model_s_are_kept_back_on_a_person_s_topic() -> None:
    topic = Decision(H, Reason.TOPIC, "x")
    assert withholds_reply(topic, Evidence("x", provider="openai"))
    assert not withholds_reply(topic, Evidence("x"))
    assert not withholds_reply(Decision(H, Reason.ANGER, "x"), Evidence("x", provider="openai"))


@pytest.mark.parametrize("cannot", [Evidence("x", needs=Needs.KNOWLEDGE), Evidence("x", fallback=True)])
def test_who_is_passed_on_is_not_asked_whether_they_would_like_that(cannot: Evidence) -> None:
    assert withholds_reply(Decision(H, Reason.MISUNDERSTOOD, "x"), cannot)
    assert not withholds_reply(Decision(Outcome.OFFER, Reason.NO_KNOWLEDGE, "x"), cannot)


async def test_a_stored_decision_can_be_replayed(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        for evidence, _, _ in CASES:
            conversation = await world.conversation(evidence.text)
            await world.bot_turn(conversation.id, "An answer.", decide(evidence, POLICY), evidence)
            (stored,) = await world.desk.reading.decisions(conversation.id)
            assert stored.evidence == evidence
            assert decide(stored.evidence, POLICY) == stored.decision


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (("misunderstood_turns: 2", "misunderstood_turns: none"), "decide.misunderstood_turns"),
        (("asked_confidence: 0.6", "asked_confidence: 6"), "decide.asked_confidence"),
        (("  repeats: 2", "  repetas: 2"), "decide.repetas"),
        (("tool_failed: hand_over", "tool_failed: shout"), "decide.tool_failed"),
        (("outbox:", "outbox: ["), "not YAML"),
        (("{anger: [complaints]}", "{anger: [complants]}"), "anger needs complants, which is not among the skills"),
        (("teams: [service,", "teams: [service, service,"), "matching.teams: .* service stands there twice"),
        (("weight_by_inbox: {web: 2}", "weight_by_inbox: {web: 0}"), "matching.weight_by_inbox.web"),
        (("ring_at: 3", "ring_at: few"), "offers.ring_at"),
        (("    anger: ", "    wrath: "), "words.why"),
    ],
)
def test_a_wrong_setting_stops_the_start_and_is_named(tmp_path: Path, change: tuple[str, str], named: str) -> None:
    text = (POLICY_FOLDER / "policy.yml").read_text()
    assert change[0] in text
    path = tmp_path / "policy.yml"
    path.write_text(text.replace(*change))
    with pytest.raises(BadInput, match=named):
        load_policy(path)


def test_a_missing_policy_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="missing"):
        load_policy(tmp_path / "policy.yml")


def test_every_option_is_explained_by_a_comment_above_it() -> None:
    lines = (POLICY_FOLDER / "policy.yml").read_text().splitlines()
    words = lines.index("words:")
    explained = False
    shared = ("unsupported_claims", "first_pause_seconds", "longest_pause_seconds", "stretch_entries")
    for line in lines[:words]:
        if line.startswith("  ") and not line.startswith("  #"):
            assert explained or line.strip().startswith(shared), line
        explained = line.startswith("  #")
