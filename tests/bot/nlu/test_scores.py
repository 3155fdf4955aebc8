"""The arithmetic of evaluation, on numbers that can be checked by hand."""

import pytest

from bot.nlu.scores import Judged, accuracy, confusions, entity_f1, macro_f1, per_intent, threshold_curve

JUDGED = [
    Judged("a", "greet", "greet", 0.9, 0.05),
    Judged("b", "greet", "thanks", 0.3, 0.25),
    Judged("c", "thanks", "thanks", 0.6, 0.2),
    Judged("d", "thanks", "thanks", 0.25, 0.24),
]


def test_accuracy_and_f1_by_hand() -> None:
    assert accuracy(JUDGED) == 0.75
    weakest, best = per_intent(JUDGED)
    assert (weakest.name, weakest.precision, weakest.recall) == ("greet", 1.0, 0.5)
    assert (best.precision, best.recall) == (pytest.approx(2 / 3), 1.0)
    assert macro_f1(JUDGED) == pytest.approx((2 / 3 + 0.8) / 2)
    assert confusions(JUDGED) == [("greet", "thanks", 1)]


def test_a_threshold_costs_right_answers_and_stops_wrong_ones_and_strangers() -> None:
    strangers = [Judged("x", "out_of_scope", "greet", 0.2, 0.1), Judged("y", "out_of_scope", "greet", 0.8, 0.1)]
    free, strict = threshold_curve(JUDGED, strangers, [(0.0, 0.0), (0.35, 0.1)])
    assert (free.right_lost, free.wrong_stopped, free.strangers_caught) == (0.0, 0.0, 0.0)
    assert (strict.right_lost, strict.wrong_stopped, strict.strangers_caught) == (pytest.approx(1 / 3), 1.0, 0.5)


def test_a_stranger_named_out_of_scope_is_caught_whatever_the_confidence() -> None:
    (row,) = threshold_curve([], [Judged("x", "out_of_scope", "out_of_scope", 0.1, 0.0)], [(0.0, 0.0)])
    assert row.strangers_caught == 1.0


def test_entities_count_only_when_span_and_name_are_exact() -> None:
    good = Judged("a", "i", "i", 1, 0, frozenset({(0, 9, "order_number")}), frozenset({(0, 9, "order_number")}))
    off = Judged("b", "i", "i", 1, 0, frozenset({(0, 4, "date")}), frozenset({(0, 5, "date")}))
    assert entity_f1([good, off]).f1 == 0.5
    assert entity_f1([Judged("c", "i", "i", 1, 0)]).f1 == 1.0


def test_no_messages_is_not_an_error() -> None:
    assert accuracy([]) == 0.0
    assert macro_f1([]) == 0.0
