"""Ways to spoil a good history, each breaking one law and named with it: what the checker must see."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.chaos.checker import History
from tests.chaos.made_history import ADA, ANNA, BEN, C

Spoil = Callable[[History], None]


def _entry(history: History, offset: int) -> dict[str, Any]:
    return next(entry for entry in history.record.entries if entry["offset"] == offset)


def _seen(history: History, who: str, what: str) -> list[dict[str, Any]]:
    return [line for line in history.lines if (line["who"], line["what"]) == (who, what)]


def _acked_but_gone(history: History) -> None:
    history.record.entries[8] |= {"client_id": None, "author_kind": "system", "kind": "notice", "text": "Nothing."}


def _acked_at_another_offset(history: History) -> None:
    _seen(history, ANNA, "acked")[0]["offset"] = 3


def _never_answered(history: History) -> None:
    history.lines.append({"who": ANNA, "what": "invoke", "verb": "say", "client_id": "customer:1-9", "text": "lost"})


def _other_words(history: History) -> None:
    _entry(history, 2)["text"] = "tell [customer:1-1"


def _same_key_twice(history: History) -> None:
    _entry(history, 9)["client_id"] = "customer:1-2"


def _same_words_twice(history: History) -> None:
    _entry(history, 10)["text"] = "reply t1 to: tell [customer:1-1]"


def _two_conversations(history: History) -> None:
    history.record.conversations.append({**history.record.conversations[0], "id": "other", "last_offset": 0})


def _hole_in_the_record(history: History) -> None:
    history.record.entries.remove(_entry(history, 5))


def _epoch_goes_back(history: History) -> None:
    _entry(history, 10)["epoch"] = 3


def _written_order_changed(history: History) -> None:
    first, second = _entry(history, 2), _entry(history, 4)
    for name in ("client_id", "text"):
        first[name], second[name] = second[name], first[name]


def _no_outcome(history: History) -> None:
    history.record.turns[2]["state"] = "fenced"


def two_outcomes(history: History) -> None:
    history.record.turns.append({**history.record.turns[0], "id": "t1b", "entry_offset": None})
    history.record.decisions.append({**history.record.decisions[0], "turn": "t1b"})


def too_late(history: History) -> None:
    history.record.decisions[1]["at"] = 120.0


def _a_turn_is_left(history: History) -> None:
    history.record.turns[1]["state"] = "live"


def _somebody_is_left(history: History) -> None:
    history.record.conversations[0]["answered"] = 4


def bot_under_a_person(history: History) -> None:
    _entry(history, 7).update(author_kind="bot", author_id=None)


def _bot_without_a_turn(history: History) -> None:
    history.record.turns[2]["entry_offset"] = None


def _words_of_a_fenced_turn(history: History) -> None:
    _entry(history, 10)["text"] = "reply t2 to: slow [customer:1-2]"


def _agent_who_does_not_hold(history: History) -> None:
    _entry(history, 7)["author_id"] = BEN


def _said_after_its_epoch(history: History) -> None:
    history.record.stretches[3]["after_offset"] = 6


def _offer_taken_by_another(history: History) -> None:
    history.record.offers[0]["taken_by"] = BEN


def _nobody_was_offered(history: History) -> None:
    history.record.offers.clear()


def _two_believe_they_have_it(history: History) -> None:
    line = _seen(history, "agent:ada", "control")[0]
    history.lines.append({**line, "who": "agent:ben", "agent": BEN})


def _an_epoch_that_never_was(history: History) -> None:
    _seen(history, ANNA, "control")[0]["epoch"] = 9


def _another_story_of_control(history: History) -> None:
    _seen(history, ANNA, "control")[0]["control"] = "human"


def _above_capacity(history: History) -> None:
    other = {"conversation": "c2", "epoch": 1, "control": "human", "agent": ADA, "after_offset": 0, "began_at": 103.0}
    history.record.stretches.append(other)
    state = {
        **history.record.conversations[0],
        "id": "c2",
        "epoch": 1,
        "customer": "bob",
        "last_offset": 0,
        "answered": 9,
    }
    history.record.conversations.append(state)


def _too_many_slots(history: History) -> None:
    history.record.conversations[0] |= {"agent": ADA, "slots": 2}


def _waits_and_nobody_sees(history: History) -> None:
    history.record.conversations[0]["control"] = "offered"


def _waits_and_is_forgotten(history: History) -> None:
    history.record.conversations[0]["control"] = "offered"
    history.record.offers.append({**history.record.offers[0], "epoch": 4, "closed_at": None, "expires_at": 90.0})
    history.record.read_at = 100.0


def _list_stays_behind(history: History) -> None:
    history.lines.remove(_seen(history, "agent:ada", "control")[-1])


def _effect_after_the_fence(history: History) -> None:
    history.effects.append({"what": "effect", "turn": "t2", "conversation": C, "asked_at": 107.0})


def _effect_of_nobody(history: History) -> None:
    history.effects[0]["turn"] = "t9"


def _screen_skips(history: History) -> None:
    history.lines.remove(_seen(history, "agent:ada", "shown")[3])


def _screen_repeats(history: History) -> None:
    shown = _seen(history, "agent:ada", "shown")
    history.lines.append(dict(shown[-1]))


def _screen_shows_other_words(history: History) -> None:
    _seen(history, "agent:ada", "shown")[2]["text"] = "reply t1 to: something else"


def _line_changes(history: History) -> None:
    history.lines.append({"who": ANNA, "what": "changed", "offset": 3, "before": "a", "now": "b"})


def _screen_stays_behind(history: History) -> None:
    history.lines.remove(_seen(history, ANNA, "shown")[-1])


def _screen_believes_an_old_state(history: History) -> None:
    history.lines.remove(_seen(history, ANNA, "control")[-1])


def _forgotten(history: History) -> None:
    history.lines.append({"who": ANNA, "what": "forgot", "why": "not signed in"})


def _sent_but_never_got(history: History) -> None:
    del history.deliveries[1]


def _still_queued(history: History) -> None:
    history.record.outbox[1]["state"] = "queued"


def _a_persons_line_withdrawn(history: History) -> None:
    history.record.outbox[1]["state"] = "withdrawn"


def _delivered_other_words(history: History) -> None:
    history.deliveries[1]["text"] = "as a bot"


def _delivered_out_of_order(history: History) -> None:
    history.deliveries[1]["t"] = 103.0


def _delivered_after_its_epoch(history: History) -> None:
    history.deliveries[2]["t"] = 106.5


SPOILT: list[tuple[Spoil, str]] = [
    (_acked_but_gone, "lost"),
    (_acked_at_another_offset, "lost"),
    (_never_answered, "lost"),
    (_other_words, "lost"),
    (_same_key_twice, "doubled"),
    (_same_words_twice, "doubled"),
    (_two_conversations, "doubled"),
    (_hole_in_the_record, "reordered"),
    (_epoch_goes_back, "reordered"),
    (_written_order_changed, "reordered"),
    (_no_outcome, "outcomes"),
    (two_outcomes, "outcomes"),
    (too_late, "outcomes"),
    (_a_turn_is_left, "left lying"),
    (_somebody_is_left, "left lying"),
    (bot_under_a_person, "two voices"),
    (_bot_without_a_turn, "two voices"),
    (_words_of_a_fenced_turn, "two voices"),
    (_agent_who_does_not_hold, "two voices"),
    (_said_after_its_epoch, "two voices"),
    (_offer_taken_by_another, "two winners"),
    (_nobody_was_offered, "two winners"),
    (_two_believe_they_have_it, "two winners"),
    (_an_epoch_that_never_was, "one story"),
    (_another_story_of_control, "one story"),
    (_above_capacity, "above capacity"),
    (_too_many_slots, "above capacity"),
    (_waits_and_nobody_sees, "unseen"),
    (_waits_and_is_forgotten, "unseen"),
    (_list_stays_behind, "screens"),
    (_effect_after_the_fence, "effects"),
    (_effect_of_nobody, "effects"),
    (_screen_skips, "screens"),
    (_screen_repeats, "screens"),
    (_screen_shows_other_words, "screens"),
    (_line_changes, "screens"),
    (_screen_stays_behind, "screens"),
    (_screen_believes_an_old_state, "screens"),
    (_forgotten, "forgotten"),
    (_sent_but_never_got, "undelivered"),
    (_still_queued, "undelivered"),
    (_a_persons_line_withdrawn, "undelivered"),
    (_delivered_other_words, "undelivered"),
    (_delivered_out_of_order, "reordered"),
    (_delivered_after_its_epoch, "two voices"),
]
