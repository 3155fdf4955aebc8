"""Reads the report of `rasa test nlu` and says whether the language understanding is good enough to ship."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

# Floors, a little below what docs/nlu.md measures; a change that falls through one of them is looked at by a person.
LEAST_ACCURACY = 0.88
LEAST_PER_INTENT = 0.55
# Missing a customer who asks for a person is the worst mistake this bot can make.
LEAST_RECALL = {"human_handoff": 0.95}


def failures(report: Mapping[str, object]) -> list[str]:
    """Sentences about every floor that Rasa's intent_report.json falls through; an empty list is a pass."""
    found: list[str] = []
    accuracy = report.get("accuracy")
    if not isinstance(accuracy, float) or accuracy < LEAST_ACCURACY:
        found.append(f"accuracy is {accuracy}, at least {LEAST_ACCURACY} is asked for")
    intents = {name: scores for name, scores in report.items() if isinstance(scores, dict) and " avg" not in name}
    for name, least in LEAST_RECALL.items():
        recall = intents.get(name, {}).get("recall", 0.0)
        if recall < least:
            found.append(f"recall of {name} is {recall:.2f}, at least {least} is asked for")
    for name, scores in intents.items():
        if scores.get("support", 0) and scores["f1-score"] < LEAST_PER_INTENT:
            found.append(f"f1 of {name} is {scores['f1-score']:.2f}, at least {LEAST_PER_INTENT} is asked for")
    return found


def read_report(folder: Path) -> Mapping[str, object]:
    """Rasa's own report from a results folder."""
    loaded = json.loads((folder / "intent_report.json").read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    return loaded
