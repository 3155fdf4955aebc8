"""A turn's briefing is read from what the service sends; odd or absent metadata never loses the customer's words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.briefing import Line, briefing_from
from actions.question import question_of
from tests.support.reply_parts import asking


@dataclass
class Tracker:
    latest_message: dict[str, Any]
    events: list[dict[str, Any]] = field(default_factory=list)
    slots: dict[str, Any] = field(default_factory=dict)


def row(speaker: str, text: str, name: str = "N") -> dict[str, Any]:
    return {"offset": 1, "speaker": speaker, "name": name, "text": text, "at": "2026-11-21T00:00:00+00:00"}


def test_a_whole_burst_is_the_question_and_the_rest_is_history() -> None:
    history = [
        row("customer", "hi"),
        row("agent", "Done.", "Priya"),
        row("customer", "thanks"),
        row("customer", "and when?"),
    ]
    meta = {
        "history": history,
        "turn": "t1",
        "epoch": 4,
        "deadline": "2026-11-21T00:00:15+00:00",
        "hand_back": {
            "agent": "Priya",
            "outcome": "New lamp",
            "open_promises": ["24 Nov"],
            "leave_alone": None,
            "at": "x",
        },
        "customer": {"name": "Anna"},
    }
    brief = briefing_from(Tracker({"text": "thanks\nand when?", "metadata": meta, "intent": {"name": "order_status"}}))
    assert brief.text == "thanks\nand when?"
    assert brief.history == (Line("customer", "N", "hi"), Line("agent", "Priya", "Done."))
    assert (brief.turn, brief.epoch, brief.intent) == ("t1", 4, "order_status")
    assert brief.hand_back is not None
    assert brief.hand_back.open_promises == ("24 Nov",)
    assert brief.deadline is not None


def test_in_rasa_shell_the_trackers_own_events_are_the_history() -> None:
    tool = {"switchboard": 1, "kind": "tool", "name": "action_order_status", "ok": True, "facts": {"status": "sent"}}
    events = [
        {"event": "user", "text": "where is it"},
        {"event": "bot", "text": None, "data": {"custom": tool}},
        {"event": "bot", "text": "It is sent.", "data": {}},
        {"event": "user", "text": "and when?"},
    ]
    brief = briefing_from(
        Tracker({"text": "and when?"}, events, {"product": "tent", "requested_slot": "email", "n": None})
    )
    assert brief.text == "and when?"
    assert [line.speaker for line in brief.history] == ["customer", "bot"]
    assert brief.tool_facts == ("action order status: status sent",)
    assert dict(brief.slots) == {"product": "tent"}
    assert brief.turn is None


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda x: (
            st.lists(x, max_size=3)
            | st.dictionaries(
                st.sampled_from(["history", "hand_back", "speaker", "text", "outcome", "deadline"]), x, max_size=4
            )
        ),
    )
)
def test_odd_metadata_never_loses_the_words(meta: object) -> None:
    assert briefing_from(Tracker({"text": "hello", "metadata": meta})).text


@pytest.mark.parametrize(
    ("text", "slots", "searched"),
    [
        ("and to norway?", {}, "how much is delivery and to norway?"),
        ("how heavy is it?", {"product": "Lakeside tent"}, "Lakeside tent how much is delivery how heavy is it?"),
        (
            "how long is the warranty on your backpacks",
            {"product": "tent"},
            "how long is the warranty on your backpacks",
        ),
    ],
)
def test_a_fragment_is_searched_with_what_it_hangs_on(text: str, slots: dict[str, str], searched: str) -> None:
    history = (Line("customer", "c", "how much is delivery"), Line("bot", "b", "€4.90"))
    assert question_of(asking(text, history=history, slots=slots)) == searched
