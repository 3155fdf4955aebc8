"""The same question again is noticed; answers that come again are not questions."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from bot.repeats import EmbeddedRepeats, LexicalRepeats, is_wish, open_repeats


class TableEncoder:
    """Vectors from a table; keeps what it was asked."""

    def __init__(self, **angles: float) -> None:
        self._angles = angles
        self.asked: list[list[str]] = []

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked.append(list(texts))
        angles = [self._angles[text.split()[0]] for text in texts]
        return np.array([[np.cos(angle), np.sin(angle)] for angle in angles], dtype=np.float32)


async def test_similar_questions_are_counted_by_their_vectors() -> None:
    encoder = TableEncoder(where=0.0, when=0.1, refund=1.5)
    repeats = EmbeddedRepeats(encoder, threshold=0.9)
    earlier = ["when does it arrive", "refund my money please", "where is my tent"]
    assert await repeats.count("where is my parcel", earlier) == 2


async def test_a_message_is_encoded_once() -> None:
    encoder = TableEncoder(where=0.0, when=0.1)
    repeats = EmbeddedRepeats(encoder, threshold=0.9)
    await repeats.count("where is my parcel", ["when does it arrive"])
    await repeats.count("where is it now", ["when does it arrive", "where is my parcel", "where is my parcel"])
    assert encoder.asked == [["where is my parcel", "when does it arrive"], ["where is it now"]]


@pytest.mark.parametrize(
    "text",
    ["yes", "ok", "ok thanks", "TT-482913", "anna@example.com", "it is TT-482913", "my email is anna@example.com", "?"],
)
async def test_an_answer_that_comes_again_is_no_repeated_question(text: str) -> None:
    assert not is_wish(text)
    assert await LexicalRepeats().count(text, [text, text]) == 0
    assert await EmbeddedRepeats(TableEncoder(), threshold=0.1).count(text, [text, text]) == 0


@pytest.mark.parametrize("text", ["where is it", "where is TT-482913", "I want my money back", "cancel my order"])
def test_a_wish_is_one_with_and_without_a_number(text: str) -> None:
    assert is_wish(text)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("where is my order", "Where is my order?", True),
        ("where is my order", "I asked: where is my order", True),
        ("when will my parcel arrive", "when does the parcel arrive", True),
        ("how do I return the tent", "how can I return my tent", True),
        ("where is my order", "where is your shop", False),
        ("how do I return the tent", "how do I pay by card", False),
        ("where is my order", "So where is my order now?", True),
        ("where is my order", "cancel my order please", False),
        ("do you have this in red", "do you ship to Norway", False),
    ],
)
async def test_without_the_model_words_in_common_decide(one: str, other: str, same: bool) -> None:
    assert await LexicalRepeats().count(other, [one]) == int(same)


def test_without_the_files_of_the_model_it_says_so(tmp_path: Path) -> None:
    assert open_repeats(tmp_path, threshold=0.8).kind == "lexical"


async def test_a_model_that_cannot_be_loaded_leaves_it_to_the_words(tmp_path: Path) -> None:
    for name in ("model.onnx", "tokenizer.json", "manifest.json"):
        (tmp_path / name).write_bytes(b"broken")
    repeats = open_repeats(tmp_path)
    assert repeats.kind == "embedding", "nothing is loaded by a start"
    assert await repeats.count("where is my order please", ["where is my order"]) == 1
    assert repeats.kind == "lexical"
