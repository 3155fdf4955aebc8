"""The intent classifier at work: a linear layer over sentence vectors, numpy alone, stored without pickles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class IntentModel:
    """labels (k,), weights (k, d), bias (k,); temperature divides the scores so that confidences mean what they say."""

    labels: tuple[str, ...]
    weights: Floats
    bias: Floats
    temperature: float

    def scores(self, vectors: NDArray[Any]) -> Floats:
        """Raw scores, float64 of shape (n, k)."""
        return np.asarray(vectors @ self.weights.T + self.bias, dtype=np.float64)

    def confidences(self, vectors: NDArray[Any]) -> Floats:
        """Probabilities, rows sum to one, columns in the order of labels."""
        return softened(self.scores(vectors), self.temperature)

    def save(self, file: Path) -> None:
        """Write as .npz: plain arrays, nothing that runs when read."""
        np.savez(
            file,
            labels=np.array(self.labels),
            weights=self.weights,
            bias=self.bias,
            temperature=np.array(self.temperature),
        )

    @classmethod
    def read(cls, file: Path) -> IntentModel:
        """The model in `file`; raises OSError or ValueError when it is not one."""
        with np.load(file, allow_pickle=False) as stored:
            labels = tuple(str(label) for label in stored["labels"])
            return cls(labels, stored["weights"], stored["bias"], float(stored["temperature"]))


def softened(scores: Floats, temperature: float) -> Floats:
    """Softmax of scores / temperature, row by row."""
    cooled = scores / temperature
    exponents = np.exp(cooled - cooled.max(axis=1, keepdims=True))
    return np.asarray(exponents / exponents.sum(axis=1, keepdims=True), dtype=np.float64)


def surprise(scores: Floats, truth: NDArray[np.int64], temperature: float) -> float:
    """Mean negative log-likelihood of the true columns: lower is better calibrated."""
    right = softened(scores, temperature)[np.arange(len(truth)), truth]
    return float(-np.log(np.maximum(right, 1e-12)).mean())


def best_temperature(scores: Floats, truth: NDArray[np.int64]) -> float:
    """The temperature with the least surprise on scores of messages that the model had not seen."""
    candidates = np.geomspace(0.2, 5.0, 81)
    return float(min(candidates, key=lambda candidate: surprise(scores, truth, float(candidate))))


def folds(labels: Sequence[str], count: int, seed: int) -> NDArray[np.int64]:
    """A fold number for each message, spread evenly within each label; the same for the same arguments."""
    numbers = np.zeros(len(labels), dtype=np.int64)
    shuffler = np.random.default_rng(seed)
    names = np.array(labels)
    for label in sorted(set(labels)):
        rows = np.flatnonzero(names == label)
        numbers[shuffler.permutation(rows)] = (np.arange(len(rows)) + shuffler.integers(count)) % count
    return numbers
