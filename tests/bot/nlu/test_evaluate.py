"""The evaluation's own work, with scripted trials in Rasa's place: the same folds for all, and what is written."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bot.nlu.evaluate import compare, told
from bot.nlu.scores import Judged

MESSAGES = [
    {"text": f"{intent} {number}", "intent": intent} for intent in ("greet", "out_of_scope") for number in range(10)
]


class Trials:
    """Judges everything as a greeting, and keeps what it was given."""

    def __init__(self) -> None:
        self.learned: list[list[str]] = []

    def read_messages(self, place: Path) -> list[dict[str, str]]:
        return MESSAGES

    def labelled(self, data: list[dict[str, str]]) -> list[dict[str, str]]:
        return data

    def trial(
        self, config: Path, data: Any, learn: Sequence[dict[str, str]], judge: Sequence[dict[str, str]]
    ) -> tuple[list[Judged], float]:
        self.learned.append([each["text"] for each in learn])
        assert not {each["text"] for each in learn} & {each["text"] for each in judge}
        return [Judged(each["text"], each["intent"], "greet", 0.5, 0.1) for each in judge], 2.0


def chosen(**more: Any) -> argparse.Namespace:
    plain = {"data": Path("x"), "judge": None, "folds": 5, "seed": 7, "strangers": False}
    return argparse.Namespace(**{**plain, **more})


def test_every_message_is_judged_once_and_never_by_a_model_that_learned_it() -> None:
    report = compare(Trials(), Path("config.yml"), chosen())
    assert report["messages"] == 20
    assert report["accuracy"] == 0.5
    assert report["accuracy_in_scope"] == 1.0
    assert report["seconds_per_training"] == 2.0


def test_two_configs_are_given_the_same_folds() -> None:
    one, other = Trials(), Trials()
    compare(one, Path("a.yml"), chosen())
    compare(other, Path("b.yml"), chosen())
    assert one.learned == other.learned


def test_strangers_are_judged_by_a_model_that_never_saw_their_like() -> None:
    trials = Trials()
    report = compare(trials, Path("config.yml"), chosen(strangers=True))
    assert not [text for text in trials.learned[-1] if text.startswith("out_of_scope")]
    caught = {row["threshold"]: row["strangers_caught"] for row in report["curve"] if row["ambiguity"] == 0}
    assert (caught[0.0], caught[0.6]) == (0.0, 1.0)


def test_the_report_is_told_in_words() -> None:
    lines = told(Path("config.yml"), compare(Trials(), Path("config.yml"), chosen()))
    assert "config.yml: 20 messages, accuracy 0.500" in lines
    assert "10 x out_of_scope taken for greet" in lines
