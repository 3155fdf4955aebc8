"""What Rasa's tracker is given and what is kept of it; that Rasa agrees is shown in test_rasa_real."""

import json
from datetime import UTC, datetime
from typing import Any

from bot.dialogue import HandBackBrief
from bot.rasa_feeding import events_of_people, fed, kept_of, lost
from bot.rasa_reading import turn_of
from handover.entries import Author, AuthorKind, ConversationId, Entry, EntryKind
from tests.support.scripted_rasa import heard

AT = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
LOOP = {"event": "active_loop", "name": "order_form"}
ASKS = {"event": "slot", "name": "requested_slot", "value": "email"}
Events = list[dict[str, Any]]


def entry(kind: AuthorKind, text: str) -> Entry:
    return Entry(ConversationId("c"), 1, Author(kind, "Ann"), EntryKind.MESSAGE, text, AT, 2)


def a_tool(name: str) -> dict[str, Any]:
    custom = {"switchboard": 1, "kind": "tool", "name": name, "ok": True, "facts": {"state": "sent"}}
    return {"event": "bot", "text": None, "data": {"custom": custom, "buttons": None}, "metadata": {"model_id": "m"}}


def talk(turns: int, *, first: int = 0) -> Events:
    return [event for number in range(first, first + turns) for event in heard(f"t{number}", "greet", "utter_greet")]


def kept(events: Events, turn: str, **slots: Any) -> Events:
    found = kept_of({"events": events, "slots": slots}, turn)
    assert found is not None
    return list(found["events"])


def turns_in(events: Events) -> list[str]:
    return [turn for event in events if (turn := turn_of(event))]


def test_what_is_kept_does_not_grow_with_the_conversation() -> None:
    events: Events = []
    for number in range(60):
        events = kept([*events, *heard(f"t{number}", "greet", "utter_greet"), a_tool("track")], f"t{number}")
        assert len(json.dumps(events)) < 8_000
    assert turns_in(events) == [f"t{number}" for number in range(54, 60)]


def test_the_history_beside_a_message_is_not_kept() -> None:
    user, *rest = heard("t0", "greet")
    user["metadata"]["history"] = [{"text": "x" * 12_000}]
    user["parse_data"]["intent_ranking"] = [{"name": "greet", "confidence": 0.9}] * 50
    (said,) = (event for event in kept([user, *rest], "t0") if event["event"] == "user")
    assert said["metadata"] == {"turn": "t0"}
    assert set(said["parse_data"]) == {"intent", "entities"}


def test_turns_of_many_words_make_the_window_shorter_but_never_empty() -> None:
    long = [{**event, "text": "x" * 10_000} for event in talk(3)]
    assert turns_in(kept(long, "t2")) == ["t2"]


def test_slots_set_long_ago_are_told_at_the_beginning() -> None:
    events = [{"event": "slot", "name": "product", "value": "tent"}, *talk(9)]
    held = kept(events, "t8", product="tent", city=None, session_started_metadata={"history": []})
    assert [event for event in held if event["event"] == "slot"] == [
        {"event": "slot", "name": "product", "value": "tent"}
    ]


def test_a_slot_that_changed_in_the_window_begins_with_what_it_was_before() -> None:
    was, now = ({"event": "slot", "name": "city", "value": value} for value in ("Oslo", None))
    held = kept([was, *talk(7), now, *talk(1, first=7)], "t7")
    assert [event["value"] for event in held if event["event"] == "slot"] == ["Oslo", None]


def test_when_all_slots_were_emptied_in_the_window_none_comes_back() -> None:
    was, emptied = {"event": "slot", "name": "city", "value": "Oslo"}, {"event": "reset_slots"}
    assert [e["event"] for e in kept([was, emptied, *talk(7)], "t6") if e["event"] == "slot"] == []
    held = kept([was, *talk(7), emptied, *talk(1, first=7)], "t7")
    assert [e["event"] for e in held if e["event"] in ("slot", "reset_slots")] == ["slot", "reset_slots"]


def test_a_form_that_has_been_open_for_longer_than_the_window_stays_open() -> None:
    held = kept([*talk(1), LOOP, ASKS, *talk(9, first=1)], "t9", requested_slot="email")
    opened = held.index(LOOP)
    assert held[opened - 1] == {"event": "action", "name": "order_form"}
    assert held[opened + 1] == ASKS
    closed = [*talk(1), LOOP, {"event": "active_loop", "name": None}, *talk(9, first=1)]
    assert LOOP not in kept(closed, "t9")


def test_what_tools_found_long_ago_stays_known() -> None:
    held = kept([a_tool("track"), *talk(9)], "t8")
    (tool,) = (event for event in held if event["event"] == "bot")
    assert tool["data"]["custom"]["facts"] == {"state": "sent"}


def test_the_evidence_of_a_reply_is_not_kept() -> None:
    custom = {"switchboard": 1, "kind": "reply", "text": "Yes.", "evidence": {"retrieved": ["x" * 1_000]}}
    held = kept([*talk(1), {"event": "bot", "text": None, "data": {"custom": custom}}], "t0")
    assert held[-1]["data"]["custom"] == {"switchboard": 1, "kind": "reply", "text": "Yes."}


def test_only_what_came_since_rasa_last_began_anew_counts() -> None:
    held = kept([LOOP, *talk(1), {"event": "session_started"}, *talk(1, first=1)], "t1")
    assert turns_in(held) == ["t1"]
    assert LOOP not in held


def test_a_tracker_without_the_turn_is_not_kept() -> None:
    for tracker in ({"events": talk(1)}, {"events": [*talk(2), {"event": "rewind"}]}, None, "nonsense", {}):
        assert kept_of(tracker, "t1") is None


def test_a_pause_is_not_kept_for_who_may_speak_is_not_rasa_s_to_say() -> None:
    assert {"event": "pause"} not in kept([*talk(1), {"event": "pause"}], "t0")


def test_a_dialogue_that_has_not_begun_is_begun_by_rasa() -> None:
    assert fed(None, (), None) == []
    assert fed({"another engine": True}, (), None) == []


def test_what_people_said_comes_after_what_was_kept() -> None:
    state = kept_of({"events": talk(1), "slots": {}}, "t0")
    events = fed(state, [entry(AuthorKind.AGENT, "Hello.")], None)
    assert [event["event"] for event in events[-5:]] == ["pause", "agent", "active_loop", "slot", "resume"]
    first = fed(None, [entry(AuthorKind.AGENT, "Hello.")], None)
    assert [event["event"] for event in first[:3]] == ["action", "session_started", "action"]


def test_rasa_has_lost_what_it_was_given_when_turns_of_it_are_missing() -> None:
    given = talk(2)
    assert not lost(given, {"events": talk(3)}, "t2")
    assert lost(given, {"events": heard("t2", "greet")}, "t2")
    assert not lost(given, {"events": []}, "t2"), "Rasa began anew by itself: its own affair"
    assert not lost(given, None, "t2")


def test_people_are_told_in_order_with_what_came_of_it() -> None:
    back = HandBackBrief("Ann", "Refund agreed.", ("call",), None, AT)
    told = events_of_people([entry(AuthorKind.AGENT, "Hello."), entry(AuthorKind.CUSTOMER, "Hi")], back)
    assert [event["event"] for event in told] == ["pause", "agent", "agent", "active_loop", "slot", "resume"]
    assert [event["text"] for event in told if event["event"] == "agent"] == ["Hello.", "Refund agreed."]
    assert told[2]["metadata"] == {"name": "Ann", "hand_back": True}


def test_when_no_person_spoke_there_is_nothing_to_tell() -> None:
    assert events_of_people([], None) == []
