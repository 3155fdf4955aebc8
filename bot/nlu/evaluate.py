"""Compares Rasa pipelines on labelled messages, with the same folds for each; run it in the Rasa environment.

`python -m bot.nlu.evaluate --data data/nlu --configs config.yml` cross-validates; with `--judge` it trains on all of
`--data` and judges on the other messages. Both take Rasa files, or CSV with the columns text and intent.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

from bot.nlu.intent_model import folds
from bot.nlu.scores import (
    OUT_OF_SCOPE,
    Judged,
    accuracy,
    confusions,
    entity_f1,
    macro_f1,
    per_intent,
    threshold_curve,
)

SETTINGS = [(threshold / 100, 0.0) for threshold in range(0, 65, 5)] + [
    (threshold / 100, ambiguity / 100) for threshold in (15, 20, 25, 30) for ambiguity in (2, 5, 10)
]


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line: prints a report for each config and writes it as JSON beside; 0 unless a file is missing."""
    chosen = _parser().parse_args(arguments)
    # Rasa is imported only here, so that the arithmetic above can be used and checked without it.
    trials = import_module("bot.nlu.trial_component")
    chosen.to.mkdir(parents=True, exist_ok=True)
    for config in chosen.configs:
        report = compare(trials, config, chosen)
        (chosen.to / f"{config.stem}.json").write_text(json.dumps(report, indent=1), encoding="utf-8")
        print(told(config, report), flush=True)
    return 0


def compare(trials: Any, config: Path, chosen: argparse.Namespace) -> dict[str, Any]:
    """The figures of one config: over folds, or on other messages; and on strangers when asked."""
    data = trials.read_messages(chosen.data)
    messages = trials.labelled(data)
    judged: list[Judged] = []
    seconds: list[float] = []
    if chosen.judge:
        judged, took = trials.trial(config, data, messages, trials.labelled(trials.read_messages(chosen.judge)))
        seconds.append(took)
    else:
        numbers = folds([each.get("intent") for each in messages], chosen.folds, chosen.seed)
        for fold in range(chosen.folds):
            learn = [each for each, number in zip(messages, numbers, strict=True) if number != fold]
            apart = [each for each, number in zip(messages, numbers, strict=True) if number == fold]
            part, took = trials.trial(config, data, learn, apart)
            judged += part
            seconds.append(took)
    strangers = [each for each in judged if each.intent == OUT_OF_SCOPE]
    if chosen.strangers:
        # The hard case: nothing like these was ever in training.
        known = [each for each in messages if each.get("intent") != OUT_OF_SCOPE]
        unknown = [each for each in messages if each.get("intent") == OUT_OF_SCOPE]
        strangers, _ = trials.trial(config, data, known, unknown)
    return figures(judged, strangers, seconds)


def figures(judged: Sequence[Judged], strangers: Sequence[Judged], seconds: Sequence[float]) -> dict[str, Any]:
    """Everything the report says, as plain JSON values."""
    inside = [each for each in judged if each.intent != OUT_OF_SCOPE]
    return {
        "messages": len(judged),
        "accuracy": accuracy(judged),
        "accuracy_in_scope": accuracy(inside),
        "macro_f1": macro_f1(judged),
        "entities": asdict(entity_f1(judged)),
        "seconds_per_training": sum(seconds) / len(seconds),
        "curve": [asdict(each) for each in threshold_curve(inside, strangers, SETTINGS)],
        "intents": [asdict(row) for row in per_intent(judged)],
        "confusions": confusions(judged),
        "mistakes": [[each.text, each.intent, each.predicted, each.confidence] for each in judged if not each.right],
    }


def told(config: Path, report: dict[str, Any]) -> str:
    """The report as lines of text."""
    lines = [
        f"{config}: {report['messages']} messages, accuracy {report['accuracy']:.3f} "
        f"(in scope {report['accuracy_in_scope']:.3f}), macro-F1 {report['macro_f1']:.3f}, "
        f"entity F1 {report['entities']['f1']:.3f}, {report['seconds_per_training']:.0f} s a training",
        "threshold ambiguity | right lost | wrong stopped | strangers caught",
    ]
    lines += [
        f"{row['threshold']:9.2f} {row['ambiguity']:9.2f} | {row['right_lost']:10.3f} | "
        f"{row['wrong_stopped']:13.3f} | {row['strangers_caught']:16.3f}"
        for row in report["curve"]
    ]
    lines += [f"{row['f1']:.2f} {row['name']} ({row['support']})" for row in report["intents"]]
    lines += [f"{times:3d} x {true} taken for {guess}" for true, guess, times in report["confusions"]]
    return "\n".join(lines)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bot.nlu.evaluate", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("data/nlu"), help="labelled messages to train on")
    parser.add_argument("--configs", type=Path, nargs="+", default=[Path("config.yml")], help="pipelines to compare")
    parser.add_argument("--judge", type=Path, help="labelled messages to judge on, instead of folds")
    parser.add_argument("--strangers", action="store_true", help="also train without out_of_scope and judge on it")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=7, help="of the folds; the same for every config")
    parser.add_argument("--to", type=Path, default=Path("results/comparison"), help="folder for the JSON reports")
    return parser


if __name__ == "__main__":
    sys.exit(main())
