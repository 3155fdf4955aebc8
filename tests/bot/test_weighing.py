"""Everything that may call for a person is put before the policy."""

from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pytest

from bot.dialogue import DialogueFailed, TurnResult
from bot.repeats import LexicalRepeats
from bot.weighing import weigh
from handover.conversation import Control, Conversation, Lifecycle
from handover.desk import Customer, TurnBrief
from handover.entries import ConversationId, CustomerId, TurnId
from handover.evidence import Claim, Evidence, Needs, Outcome, Reason, ToolUse
from handover.policy import decide
from handover.policy_settings import load_policy
from handover.topics import load_topics

AT = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
POLICY, TOPICS = load_policy(), load_topics()
CONVERSATION = Conversation(ConversationId("c"), "web", CustomerId("b"), Lifecycle.ACTIVE, Control.BOT, 1, 1, 1, AT, AT)


def a_brief(text: str, *earlier: str, **more: Any) -> TurnBrief:
    values: dict[str, Any] = {
        "turn": TurnId("t"),
        "conversation": CONVERSATION,
        "epoch": 1,
        "text": text,
        "payload": None,
        "first_offset": 1,
        "last_offset": 1,
        "deadline": AT + timedelta(seconds=15),
        "history": (),
        "stretch_texts": earlier,
        "fallbacks_before": 0,
        "lacking_before": 0,
        "hand_back": None,
        "untold": (),
        "customer": Customer(CustomerId("b")),
        "started_at": AT,
        **more,
    }
    return TurnBrief(**values)


async def weighed(brief: TurnBrief, answer: TurnResult | DialogueFailed) -> Evidence:
    return await weigh(brief, answer, repeats=LexicalRepeats(), topics=TOPICS, policy=POLICY)


async def reason_of(brief: TurnBrief, answer: TurnResult | DialogueFailed) -> tuple[Outcome, Reason | None]:
    decision = decide(await weighed(brief, answer), POLICY)
    return decision.outcome, decision.reason


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (TurnResult("", handover="", handover_reason="asked"), Reason.ASKED),
        (TurnResult("One moment.", intent="human_handoff", confidence=0.95), Reason.ASKED),
        (TurnResult("", handover="the parcel is lost", handover_reason="rule"), Reason.RULE),
        (TurnResult("", handover="", handover_reason="tool_failed"), Reason.TOOL_FAILED),
        (TurnResult("I'll transfer you to a colleague now."), Reason.PROMISED),
        (TurnResult("Done.", promises_transfer=True), Reason.PROMISED),
        (TurnResult("Hm.", tools=(ToolUse("orders", False, "timeout"),)), Reason.TOOL_FAILED),
        (TurnResult("Hm.", needs=Needs.HUMAN), Reason.NO_KNOWLEDGE),
        (TurnResult("A. B.", claims=(Claim("A.", False, 0.1), Claim("B.", False, 0.1))), Reason.UNSUPPORTED),
        (DialogueFailed("timeout", "slow", retry=False), Reason.BOT_STALLED),
        (DialogueFailed("down", "away", retry=True), Reason.BOT_FAILED),
        (DialogueFailed("overloaded", "full", retry=False), Reason.BOT_FAILED),
    ],
)
async def test_what_the_dialogue_reports_reaches_the_policy(
    answer: TurnResult | DialogueFailed, reason: Reason
) -> None:
    assert await reason_of(a_brief("How are things?"), answer) == (Outcome.HAND_OVER, reason)


async def test_a_plain_answer_is_an_answer() -> None:
    assert await reason_of(a_brief("How long may I send it back?"), TurnResult("30 days.")) == (Outcome.ANSWER, None)


async def test_the_second_misunderstanding_in_a_row_needs_a_person() -> None:
    again = a_brief("qwertz", fallbacks_before=1)
    assert await reason_of(again, TurnResult("Pardon?", fallback=True)) == (Outcome.HAND_OVER, Reason.MISUNDERSTOOD)


async def test_the_second_lack_of_knowledge_in_a_row_needs_a_person() -> None:
    lacks = TurnResult("I cannot find that.", needs=Needs.KNOWLEDGE)
    assert await reason_of(a_brief("Is it vegan?"), lacks) == (Outcome.OFFER, Reason.NO_KNOWLEDGE)
    again = a_brief("And the glue?", lacking_before=1)
    assert await reason_of(again, lacks) == (Outcome.HAND_OVER, Reason.NO_KNOWLEDGE)


async def test_the_third_asking_of_the_same_needs_a_person() -> None:
    brief = a_brief("So where is my order now?", "where is my order", "thanks", "I asked: where is my order?")
    assert await reason_of(brief, TurnResult("On its way.")) == (Outcome.HAND_OVER, Reason.REPEATED)


async def test_a_button_pressed_again_and_again_is_no_repeated_question() -> None:
    title = "Where is my order?"
    evidence = await weighed(a_brief(title, title, title, payload="b1.x.y"), TurnResult("On its way."))
    assert evidence.repeats == 0


@pytest.mark.parametrize("failed", [False, True])
async def test_a_legal_threat_needs_a_person_also_when_the_bot_fails(failed: bool) -> None:
    answer = DialogueFailed("down", "away", retry=True) if failed else TurnResult("Well.")
    brief = a_brief("You will hear from my lawyer.")
    assert await reason_of(brief, answer) == (Outcome.HAND_OVER, Reason.TOPIC)


async def test_anger_is_measured_over_the_stretch_oldest_first() -> None:
    brief = a_brief("THIS IS A DAMN JOKE, you idiots!!!", "Hello, where is my parcel?")
    evidence = await weighed(brief, TurnResult("I see."))
    assert len(evidence.anger) == 2
    assert evidence.anger[0] < evidence.anger[1]


class BrokenRepeats:
    kind: Literal["embedding", "lexical"] = "embedding"

    async def count(self, text: str, earlier: object) -> int:
        raise RuntimeError("the model is broken")


async def test_a_broken_embedder_costs_the_customer_nothing(caplog: pytest.LogCaptureFixture) -> None:
    brief = a_brief("Where is it?")
    evidence = await weigh(brief, TurnResult("There."), repeats=BrokenRepeats(), topics=TOPICS, policy=POLICY)
    assert evidence.repeats == 0
    assert "could not be counted" in caplog.text
