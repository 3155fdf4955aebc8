"""Topics that are a person's by rule: which of data/policy/topics.yml are in a customer's words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from handover.errors import BadInput
from handover.policy_settings import POLICY_FOLDER, PolicySettings


class _Written(BaseModel):
    """One topic as the file has it."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    intents: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic ready to be looked for. ``unless`` are looked away from: what they match is taken out first."""

    name: str
    intents: frozenset[str]
    patterns: tuple[re.Pattern[str], ...]
    unless: tuple[re.Pattern[str], ...]

    def is_in(self, text: str) -> bool:
        """Do the words speak of it, by pattern."""
        for pattern in self.unless:
            text = pattern.sub(" ", text)
        return any(pattern.search(text) for pattern in self.patterns)


def load_topics(path: Path = POLICY_FOLDER / "topics.yml") -> tuple[Topic, ...]:
    """The topics of ``path``. Raises BadInput naming the topic and the pattern that is wrong."""
    try:
        read: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BadInput(f"The topics file {path} is missing.") from error
    except yaml.YAMLError as error:
        raise BadInput(f"The topics file {path} is not YAML: {error}") from error
    if not isinstance(read, dict):
        raise BadInput(f"The topics file {path} must hold topics by name.")
    return tuple(_topic(path, str(name), body) for name, body in read.items())


def _topic(path: Path, name: str, body: Any) -> Topic:
    if isinstance(body, dict) and "not" in body:
        body = {**body, "silent": body["not"]}
        del body["not"]
    try:
        written = _Written.model_validate(body)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise BadInput(f"The topics file {path} is wrong at {name}. {wrong}") from error
    patterns = tuple(_compile(path, name, each) for each in written.patterns)
    unless = tuple(_compile(path, name, each) for each in written.silent)
    return Topic(name, frozenset(written.intents), patterns, unless)


def _compile(path: Path, name: str, pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE)
    except re.error as error:
        raise BadInput(f"The topics file {path} has a wrong pattern at {name}: {pattern!r} ({error}).") from error


def topics_of(
    text: str, intent: str | None, confidence: float, topics: tuple[Topic, ...], settings: PolicySettings
) -> tuple[str, ...]:
    """The names of the topics that ``text`` or its intent speak of, in the file's order."""
    straight = " ".join(text.replace("’", "'").split())
    sure = confidence >= settings.decide.topic_confidence
    return tuple(t.name for t in topics if (sure and intent in t.intents) or t.is_in(straight))
