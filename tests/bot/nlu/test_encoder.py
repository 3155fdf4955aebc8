"""The encoder: agrees with the original model, and a text means the same in any company."""

from pathlib import Path

import numpy as np
import pytest

from bot.nlu.agreement import SENTENCES
from bot.nlu.embedder_files import EmbedderMissing
from bot.nlu.encoder import DIMENSION, Encoder
from tests.support.embedder import exported_embedder


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder(exported_embedder())


def test_vectors_are_unit_length_and_in_the_order_given(encoder: Encoder) -> None:
    vectors = encoder.encode(["where is my order", "hi", "where is my order"])
    assert vectors.shape == (3, DIMENSION)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    assert (vectors[0] == vectors[2]).all()


def test_a_text_has_the_same_vector_alone_and_in_company(encoder: Encoder) -> None:
    together = encoder.encode(SENTENCES)
    alone = np.vstack([encoder.encode([sentence]) for sentence in SENTENCES])
    assert (together == alone).all()


def test_nothing_an_empty_text_and_a_very_long_one_are_served(encoder: Encoder) -> None:
    assert encoder.encode([]).shape == (0, DIMENSION)
    vectors = encoder.encode(["", "tent " * 20_000])
    assert np.isfinite(vectors).all()


def test_a_question_is_nearer_to_its_paraphrase_than_to_another_question(encoder: Encoder) -> None:
    asked, again, other = encoder.encode(
        ["where is my parcel", "my package has not arrived", "how do i wash a down jacket"]
    )
    assert asked @ again > asked @ other + 0.2


def test_a_missing_embedder_says_which_command_makes_it(tmp_path: Path) -> None:
    with pytest.raises(EmbedderMissing, match=r"bot\.nlu\.export --to"):
        Encoder(tmp_path)
