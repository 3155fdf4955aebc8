"""Rasa's answers are read strictly where they are ours, and tolerantly where they are not."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.dialogue import DialogueFailed, ModelCall
from bot.rasa_reading import read_messages, read_tracker, result_of
from handover.entries import Button, Citation
from handover.evidence import Claim, Needs, Retrieved, ToolUse
from tests.support.scripted_rasa import heard

REPLY: dict[str, Any] = {
    "switchboard": 1,
    "kind": "reply",
    "text": "You have 30 days.",
    "citations": [{"title": "Returns", "url": "https://shop.example/returns", "page": "returns"}],
    "buttons": [{"title": "Start a return", "intent": "return_request"}],
    "evidence": {
        "provider": "offline",
        "fallback_reason": None,
        "model": None,
        "retrieved": [{"page": "returns", "title": "Returns", "url": "https://shop.example/returns", "score": 0.7}],
        "claims": [{"sentence": "You have 30 days.", "supported": True, "score": 0.9, "page": "returns"}],
        "needs": "knowledge",
        "fallback": False,
        "promises_transfer": True,
        "seconds": 0.2,
    },
}


def changed(**evidence: Any) -> dict[str, Any]:
    return {**REPLY, "evidence": {**REPLY["evidence"], **evidence}}


def test_a_reply_comes_with_its_sources_and_evidence() -> None:
    result = result_of(read_messages([{"recipient_id": "c", "custom": REPLY}]), None)
    assert result.text == "You have 30 days."
    assert result.citations == (Citation("Returns", "https://shop.example/returns", "returns"),)
    assert result.buttons == (Button("Start a return", "/return_request"),)
    assert result.retrieved == (Retrieved("returns", "Returns", "https://shop.example/returns", 0.7),)
    assert result.claims == (Claim("You have 30 days.", True, 0.9, "returns"),)
    assert result.needs is Needs.KNOWLEDGE
    assert result.promises_transfer
    assert result.provider == "offline"


def test_what_the_model_took_comes_along_and_why_it_was_left_out() -> None:
    calls = [{"outcome": "ok", "seconds": 1.5, "first": 0.4, "tokens_in": 12, "tokens_out": 3}]
    messages = [changed(model_calls=calls), changed(model_calls="?", fallback_reason="breaker_open")]
    result = result_of(read_messages([{"custom": each} for each in messages]), None)
    assert result.model_calls == (ModelCall("ok", 1.5, 0.4, 12, 3),)
    assert result.fallback_reasons == ("breaker_open",)


def test_paragraphs_that_rasa_split_are_joined_again() -> None:
    said = read_messages([{"text": "First."}, {"text": "Second."}, {"text": " "}, {"custom": REPLY}])
    assert result_of(said, None).text == "First.\n\nSecond.\n\nYou have 30 days."


def test_plain_rasa_buttons_keep_their_command() -> None:
    said = read_messages([{"text": "Sure?", "buttons": [{"title": "Yes", "payload": "/affirm"}]}])
    assert result_of(said, None).buttons == (Button("Yes", "/affirm"),)


def test_an_action_that_wants_a_person_is_heard_without_any_text() -> None:
    said = read_messages([{"custom": {"switchboard": 1, "kind": "handover", "reason": "asked", "words": None}}])
    result = result_of(said, None)
    assert (result.handover, result.handover_reason) == ("", "asked")


def test_tools_and_their_facts_are_kept() -> None:
    tool = {
        "switchboard": 1,
        "kind": "tool",
        "name": "orders",
        "ok": False,
        "error": "timeout",
        "facts": {"state": "sent"},
    }
    result = result_of(read_messages([{"custom": tool}, {"text": "One moment."}]), None)
    assert result.tools == (ToolUse("orders", False, "timeout"),)
    assert result.slots == {"state": "sent"}


def test_payloads_of_others_and_kinds_of_tomorrow_are_passed_over() -> None:
    messages = [
        {"custom": {"kind": "reply", "text": 5}},
        {"custom": {"switchboard": 1, "kind": "hologram"}},
        {"attachment": {"type": "video"}},
        {"text": "Hello"},
    ]
    assert result_of(read_messages(messages), None).text == "Hello"


@pytest.mark.parametrize(
    "answer",
    [
        {"error": "no"},
        None,
        "text",
        ["text"],
        [{"text": 5}],
        [{"text": "a", "buttons": "b"}],
        [{"text": "a", "buttons": [{"title": "only"}]}],
        [{"custom": {"switchboard": 1, "kind": "reply"}}],
        [{"custom": {"switchboard": 1, "kind": "handover"}}],
        [{"custom": {"switchboard": 1, "kind": "tool", "name": "x", "ok": "yes"}}],
        [{"custom": changed(needs="a holiday")}],
        [{"custom": changed(claims=[{"sentence": "x", "supported": True, "score": "high"}])}],
        [{"custom": changed(retrieved=[{"page": "x"}])}],
        [{"custom": changed(retrieved={"page": "x"})}],
    ],
)
def test_garbage_is_no_answer(answer: object) -> None:
    with pytest.raises(DialogueFailed) as failed:
        read_messages(answer)
    assert failed.value.kind == "garbage"
    assert failed.value.retry


def test_the_tracker_says_what_the_customer_meant_and_what_ran() -> None:
    events = [*heard("t1", "greet", "utter_greet"), *heard("t2", "order_status", "order_status_form")]
    slots = {"order_number": "TT-482913", "email": None, "requested_slot": "email", "tries": 2.0, "known": True}
    understood = read_tracker({"events": events, "slots": slots}, "t2")
    assert understood.found
    assert (understood.intent, understood.confidence) == ("order_status", 0.9)
    assert understood.actions == ("order_status_form",)
    assert understood.slots == {"order_number": "TT-482913", "tries": "2.0", "known": "true"}


@pytest.mark.parametrize(
    ("intent", "action"), [("nlu_fallback", "action_reply"), ("out_of_scope", "action_default_fallback")]
)
def test_a_message_that_was_not_understood_is_marked(intent: str, action: str) -> None:
    understood = read_tracker({"events": heard("t", intent, action)}, "t")
    assert result_of(read_messages([{"text": "Pardon?"}]), understood).fallback


def test_a_message_that_rasa_undid_by_itself_counts_as_not_understood() -> None:
    understood = read_tracker({"events": [*heard("t", "greet"), {"event": "rewind"}]}, "t")
    assert not understood.found
    assert result_of(read_messages([{"text": "Pardon?"}]), understood).fallback


_json = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["text", "custom", "switchboard", "kind", "buttons", "events", "event", "metadata", "slots"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)


@given(answer=_json)
def test_no_answer_whatever_breaks_the_reader(answer: object) -> None:
    with suppress(DialogueFailed):
        read_messages(answer)
    read_tracker(answer, "t")
