"""The stored classifier: probabilities, calibration, folds, and a file that cannot run code."""

from pathlib import Path

import numpy as np
import pytest

from bot.nlu.intent_model import IntentModel, best_temperature, folds, surprise

MODEL = IntentModel(("greet", "thanks"), np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([0.0, 0.5]), 0.5)


def test_confidences_are_probabilities_in_the_order_of_the_labels() -> None:
    confidences = MODEL.confidences(np.array([[3.0, 0.0], [0.0, 3.0]]))
    assert np.allclose(confidences.sum(axis=1), 1.0)
    assert confidences.argmax(axis=1).tolist() == [0, 1]


def test_a_stored_model_answers_the_same(tmp_path: Path) -> None:
    MODEL.save(tmp_path / "intents.npz")
    again = IntentModel.read(tmp_path / "intents.npz")
    vectors = np.array([[0.2, 0.1]])
    assert again.labels == MODEL.labels
    assert (again.confidences(vectors) == MODEL.confidences(vectors)).all()


def test_a_file_with_a_pickle_inside_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "bad.npz", labels=np.array([object()], dtype=object))
    with pytest.raises(ValueError, match="pickle"):
        IntentModel.read(tmp_path / "bad.npz")


def test_an_overconfident_model_is_cooled() -> None:
    draw = np.random.default_rng(3)
    truth = draw.integers(2, size=2_000)
    # Scores that boast: right four times in five, yet always by ten.
    says = np.where(draw.random(2_000) < 0.8, truth, 1 - truth)
    scores = np.where(says[:, None] == np.arange(2), 10.0, 0.0)
    temperature = best_temperature(scores, truth)
    assert temperature > 3
    assert surprise(scores, truth, temperature) < surprise(scores, truth, 1.0)


def test_folds_are_the_same_each_time_and_spread_every_intent() -> None:
    labels = ["a"] * 10 + ["b"] * 7
    numbers = folds(labels, 5, 7)
    assert (numbers == folds(labels, 5, 7)).all()
    assert sorted(np.bincount(numbers[:10])) == [2] * 5
    assert np.bincount(numbers[10:], minlength=5).max() == 2
