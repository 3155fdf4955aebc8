"""Keyword search over passages: BM25 with our own crude stems. Works with no model at all."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from actions.sentences import content_words

# The usual BM25 constants: how fast repeats saturate, and how much long passages are discounted.
_K1, _B = 1.2, 0.6


class Keywords:
    """An index of texts. ``scores`` ranks them for a question; ``coverage`` says how much of it they speak of."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._counts = [Counter(content_words(text)) for text in texts]
        self._lengths = np.array([sum(c.values()) for c in self._counts], dtype=np.float64)
        self._average = float(self._lengths.mean()) if len(texts) else 1.0
        self._found_in: Counter[str] = Counter(word for count in self._counts for word in count)

    def weight(self, word: str) -> float:
        """How telling a word is (inverse document frequency): rare words weigh more, unknown ones most."""
        n, found = len(self._counts), self._found_in[word]
        return math.log(1 + (n - found + 0.5) / (found + 0.5))

    def scores(self, question: str) -> NDArray[np.float64]:
        """BM25 of each text, 0 upwards."""
        total = np.zeros(len(self._counts))
        discount = _K1 * (1 - _B + _B * self._lengths / self._average)
        for word in set(content_words(question)):
            if word in self._found_in:
                times = np.array([count[word] for count in self._counts], dtype=np.float64)
                total += self.weight(word) * times * (_K1 + 1) / (times + discount)
        return total

    def coverage(self, question: str) -> NDArray[np.float64]:
        """For each text the weighted share 0..1 of the question's words that it holds."""
        words = set(content_words(question))
        whole = sum(self.weight(word) for word in words)
        if not whole:
            return np.zeros(len(self._counts))
        held = [sum(self.weight(word) for word in words if word in count) for count in self._counts]
        return np.array(held) / whole
