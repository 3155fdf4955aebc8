"""Trains a Rasa pipeline on some messages and judges it on others; the Rasa half of bot.nlu.evaluate."""

from __future__ import annotations

import asyncio
import csv
import os
import tempfile
import time
from pathlib import Path
from typing import List, Sequence, Tuple

from rasa.core.agent import Agent
from rasa.model_training import train_nlu
from rasa.shared.nlu.training_data.loading import load_data
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.nlu.scores import Judged


def read_messages(place: Path) -> TrainingData:
    """Labelled messages from Rasa files (a file or a folder) or from CSV with the columns text and intent."""
    tables = sorted(place.glob("*.csv")) if place.is_dir() else [place] * (place.suffix == ".csv")
    if not tables:
        return load_data(str(place))
    examples = []
    for table in tables:
        with table.open(encoding="utf-8", newline="") as lines:
            examples += [
                Message.build(text=row["text"], intent=row["intent"]) for row in csv.DictReader(lines) if row["text"]
            ]
    return TrainingData(training_examples=examples)


def labelled(data: TrainingData) -> List[Message]:
    """The messages that have both words and an intent, in a stable order."""
    return sorted(data.intent_examples, key=lambda each: (each.get("intent"), each.get("text")))


def trial(
    config: Path, data: TrainingData, learn: Sequence[Message], judge: Sequence[Message]
) -> Tuple[List[Judged], float]:
    """Train on `learn` (words lists come from `data`), judge on `judge`: (judgements, seconds of training)."""
    with tempfile.TemporaryDirectory() as scratch:
        # A cache of its own: a trial must not be sped up by what was trained before.
        os.environ["RASA_CACHE_DIRECTORY"] = str(Path(scratch) / "cache")
        part = TrainingData(
            training_examples=list(learn),
            entity_synonyms=data.entity_synonyms,
            regex_features=data.regex_features,
            lookup_tables=data.lookup_tables,
        )
        messages = Path(scratch) / "nlu.yml"
        messages.write_text(part.nlu_as_yaml(), encoding="utf-8")
        began = time.monotonic()
        model = train_nlu(str(config), str(messages), scratch, fixed_model_name="trial")
        seconds = time.monotonic() - began
        return asyncio.run(_judged(Agent.load(model), judge)), seconds


async def _judged(agent: Agent, messages: Sequence[Message]) -> List[Judged]:
    return [_judgement(each, await agent.parse_message(each.get("text"))) for each in messages]


def _judgement(message: Message, parsed: dict) -> Judged:
    # The fallback is judged apart, so the best guess beneath it counts here.
    ranking = [each for each in parsed.get("intent_ranking", []) if each["name"] != "nlu_fallback"]
    top = ranking[0] if ranking else {"name": None, "confidence": 0.0}
    return Judged(
        text=message.get("text"),
        intent=message.get("intent"),
        predicted=top["name"],
        confidence=float(top["confidence"]),
        second=float(ranking[1]["confidence"]) if len(ranking) > 1 else 0.0,
        spans=_spans(message.get("entities") or []),
        found=_spans(parsed.get("entities") or []),
    )


def _spans(entities: Sequence[dict]) -> frozenset:
    return frozenset((each["start"], each["end"], each["entity"]) for each in entities)
