"""The training messages: enough of each intent, none twice, none leaked into the held-out set, entities in shape."""

import re
from collections import Counter
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
ENTITIES = {"order_number", "product", "email", "date", "amount", "postcode"}
MARKED = re.compile(r"\[(?P<value>[^\]]*)\](?:\((?P<name>[^)]*)\)|(?P<more>\{[^}]*\}))")


def examples(file: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for block in yaml.safe_load(file.read_text(encoding="utf-8"))["nlu"]:
        if "intent" in block:
            lines = [line.removeprefix("- ").strip() for line in block["examples"].splitlines()]
            found.setdefault(block["intent"], []).extend(line for line in lines if line)
    return found


def plain(example: str) -> str:
    return re.sub(r"[^\w]+", " ", MARKED.sub(lambda hit: hit["value"], example).lower()).strip()


@pytest.fixture(scope="module")
def training() -> dict[str, list[str]]:
    whole: dict[str, list[str]] = {}
    for file in sorted((ROOT / "data" / "nlu").glob("*.yml")):
        for intent, lines in examples(file).items():
            assert intent not in whole, f"{intent} is written in two files"
            whole[intent] = lines
    return whole


@pytest.fixture(scope="module")
def heldout() -> dict[str, list[str]]:
    return examples(ROOT / "tests" / "nlu" / "heldout.yml")


def test_every_intent_has_enough_different_examples(training: dict[str, list[str]]) -> None:
    assert len(training) >= 30
    few = {intent: len({plain(line) for line in lines}) for intent, lines in training.items()}
    assert {intent: count for intent, count in few.items() if count < 25} == {}


def test_the_wish_for_a_person_comes_in_at_least_sixty_phrasings(training: dict[str, list[str]]) -> None:
    assert len({plain(line) for line in training["human_handoff"]}) >= 60


def test_no_message_is_there_twice_not_even_under_two_intents(training: dict[str, list[str]]) -> None:
    seen = Counter(plain(line) or line for lines in training.values() for line in lines)
    assert [text for text, times in seen.items() if times > 1] == []


def test_few_messages_are_another_with_a_word_more(training: dict[str, list[str]]) -> None:
    for intent, lines in training.items():
        bags = [frozenset(plain(line).split()) for line in lines]
        near = sum(any(len(one) > 3 and len(one ^ other) <= 1 for other in bags[:row]) for row, one in enumerate(bags))
        assert near <= len(lines) * 0.05, intent


def test_the_held_out_messages_are_many_and_none_is_trained_on(
    training: dict[str, list[str]], heldout: dict[str, list[str]]
) -> None:
    known = {plain(line) for lines in training.values() for line in lines}
    apart = [plain(line) for lines in heldout.values() for line in lines]
    assert len(apart) >= 300
    assert len(heldout["out_of_scope"]) >= 40
    assert set(heldout) == set(training)
    assert sorted(known.intersection(apart)) == []


def test_entities_are_named_as_agreed_and_marked_without_loose_ends(
    training: dict[str, list[str]], heldout: dict[str, list[str]]
) -> None:
    names: Counter[str] = Counter()
    for line in (line for each in (training, heldout) for lines in each.values() for line in lines):
        for hit in MARKED.finditer(line):
            name = hit["name"] or yaml.safe_load(hit["more"])["entity"]
            assert hit["value"] == hit["value"].strip() != "", line
            names[name] += 1
        assert not re.search(r"[\[\]{}]", MARKED.sub("", line)), line
    assert set(names) == ENTITIES
    assert min(names.values()) >= 5


def test_only_example_addresses_are_used(training: dict[str, list[str]]) -> None:
    for line in (line for lines in training.values() for line in lines):
        for domain in re.findall(r"@([\w.-]+)", line):
            assert domain.endswith(".example"), line
