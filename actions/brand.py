"""The brand guidelines: read from a file an editor may change, checked with errors an editor understands.

``python -m actions.brand`` checks the configured file.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from actions.settings import settings_from_env

_TEXTS = ("assistant", "company", "greeting", "disclosure", "unsure", "nothing_found")
_LISTS = ("for", "not_for", "objectives", "voice", "never_say", "offer_person_when", "profile_fields")


class BadBrand(Exception):
    """The brand file cannot be used; the message names the field and what it must be."""


@dataclass(frozen=True, slots=True)
class Example:
    bad: str
    good: str


@dataclass(frozen=True, slots=True)
class Brand:
    """Who speaks, for whom, and how."""

    assistant: str
    company: str
    greeting: str
    disclosure: str
    unsure: str
    nothing_found: str
    is_for: tuple[str, ...]
    not_for: tuple[str, ...]
    objectives: tuple[str, ...]
    voice: tuple[str, ...]
    never_say: tuple[str, ...]
    offer_person_when: tuple[str, ...]
    profile_fields: frozenset[str]
    examples: tuple[Example, ...]


def read_brand(file: Path) -> Brand:
    """The guidelines in ``file``. Raises BadBrand."""
    try:
        data = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadBrand(f"{file}: cannot be read ({error.strerror})") from error
    except yaml.YAMLError as error:
        raise BadBrand(f"{file}: is not YAML: {error}") from error
    if not isinstance(data, dict):
        raise BadBrand(f"{file}: must hold fields such as 'voice:' and 'for:'")
    unknown = sorted(set(data) - {*_TEXTS, *_LISTS, "examples"})
    if unknown:
        raise BadBrand(f"{file}: unknown field '{unknown[0]}'; known are {', '.join((*_TEXTS, *_LISTS, 'examples'))}")
    disclosure = _text(data, "disclosure", file)
    if "automated" not in disclosure.lower():
        raise BadBrand(f"{file}: 'disclosure' must say that the assistant is automated: customers have a right to know")
    return Brand(
        assistant=_text(data, "assistant", file),
        company=_text(data, "company", file),
        greeting=_text(data, "greeting", file),
        disclosure=disclosure,
        unsure=_text(data, "unsure", file),
        nothing_found=_text(data, "nothing_found", file),
        is_for=_texts(data, "for", file),
        not_for=_texts(data, "not_for", file),
        objectives=_texts(data, "objectives", file),
        voice=_texts(data, "voice", file),
        never_say=_texts(data, "never_say", file),
        offer_person_when=_texts(data, "offer_person_when", file),
        profile_fields=frozenset(_texts(data, "profile_fields", file)),
        examples=_examples(data, file),
    )


def _text(data: dict[str, Any], name: str, file: Path) -> str:
    value = data.get(name)
    if not isinstance(value, str) or not value.strip():
        raise BadBrand(f"{file}: '{name}' must be a text")
    return " ".join(value.split())


def _texts(data: dict[str, Any], name: str, file: Path) -> tuple[str, ...]:
    value = data.get(name)
    if not isinstance(value, list) or not value:
        raise BadBrand(f"{file}: '{name}' must be a list with at least one line")
    for number, line in enumerate(value, 1):
        if not isinstance(line, str):
            raise BadBrand(f"{file}: '{name}', line {number}, is not a text; put it in quotes if it holds a colon")
    return tuple(" ".join(line.split()) for line in value)


def _examples(data: dict[str, Any], file: Path) -> tuple[Example, ...]:
    found = []
    for number, example in enumerate(data.get("examples") or [], 1):
        if not isinstance(example, dict) or set(example) != {"bad", "good"}:
            raise BadBrand(f"{file}: 'examples', number {number}, needs exactly 'bad' and 'good'")
        found.append(Example(str(example["bad"]), str(example["good"])))
    return tuple(found)


def main() -> None:
    """Check the configured file."""
    file = settings_from_env().brand
    try:
        brand = read_brand(file)
    except BadBrand as error:
        raise SystemExit(str(error)) from error
    print(f"{file} is good: {brand.assistant} of {brand.company}, {len(brand.voice)} lines on voice.")


if __name__ == "__main__":
    main()
