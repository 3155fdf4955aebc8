"""What Rasa's tracker is told to be where it should be; that Rasa agrees is shown in test_rasa_real."""

from datetime import UTC, datetime

from bot.dialogue import HandBackBrief
from bot.rasa_rewinding import events_of_people, events_that_undo
from handover.entries import Author, AuthorKind, ConversationId, Entry, EntryKind
from tests.support.scripted_rasa import heard

AT = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
LOOP = {"event": "active_loop", "name": "order_form"}


def entry(kind: AuthorKind, text: str) -> Entry:
    return Entry(ConversationId("c"), 1, Author(kind, "Ann"), EntryKind.MESSAGE, text, AT, 2)


def test_a_form_of_an_earlier_turn_that_is_over_does_not_count() -> None:
    over = [LOOP, {"event": "active_loop", "name": None}]
    assert events_that_undo([*over, *heard("t", "greet")], "t")[0] == {"event": "rewind"}


def test_only_what_came_since_rasa_last_began_anew_is_told_again() -> None:
    old = [LOOP, {"event": "session_started"}]
    inside = [*heard("t0", "order_status")[:1], LOOP]
    assert events_that_undo([*old, *inside, *heard("t", "inform")], "t") == [{"event": "restart"}, *inside]


def test_nothing_is_undone_that_is_not_there() -> None:
    assert events_that_undo([], "t") == []
    assert events_that_undo(heard("other", "greet"), "t") == []


def test_people_are_told_in_order_with_what_came_of_it() -> None:
    back = HandBackBrief("Ann", "Refund agreed.", ("call",), None, AT)
    told = events_of_people([entry(AuthorKind.AGENT, "Hello."), entry(AuthorKind.CUSTOMER, "Hi")], back)
    assert [event["event"] for event in told] == ["pause", "agent", "agent", "active_loop", "slot", "resume"]
    assert [event["text"] for event in told if event["event"] == "agent"] == ["Hello.", "Refund agreed."]
    assert told[2]["metadata"] == {"name": "Ann", "hand_back": True}


def test_when_no_person_spoke_there_is_nothing_to_tell() -> None:
    assert events_of_people([], None) == []
