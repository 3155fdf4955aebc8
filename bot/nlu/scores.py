"""What a set of predictions is worth: accuracy, F1, confusions, the price and yield of thresholds, entity F1."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

OUT_OF_SCOPE = "out_of_scope"
Span = tuple[int, int, str]


@dataclass(frozen=True)
class Judged:
    """One message with what it means and what was predicted; `second` is the runner-up's confidence."""

    text: str
    intent: str
    predicted: str | None
    confidence: float
    second: float
    spans: frozenset[Span] = frozenset()
    found: frozenset[Span] = frozenset()

    @property
    def right(self) -> bool:
        """Whether the best guess is the true intent, whatever its confidence."""
        return self.intent == self.predicted

    def answered(self, threshold: float, ambiguity: float) -> bool:
        """Whether Rasa's FallbackClassifier would let the guess stand."""
        return self.confidence >= threshold and self.confidence - self.second >= ambiguity


@dataclass(frozen=True)
class Row:
    """Precision, recall and F1 of one name, and how many messages truly have it."""

    name: str
    precision: float
    recall: float
    f1: float
    support: int


def accuracy(judged: Sequence[Judged]) -> float:
    """Share of right best guesses; 0 for no messages."""
    return sum(each.right for each in judged) / len(judged) if judged else 0.0


def per_intent(judged: Sequence[Judged]) -> list[Row]:
    """A row for every intent that truly occurs, weakest first."""
    true, guessed = Counter(each.intent for each in judged), Counter(each.predicted for each in judged)
    hits = Counter(each.intent for each in judged if each.right)
    return sorted((_row(name, hits[name], guessed[name], true[name]) for name in true), key=lambda row: row.f1)


def macro_f1(judged: Sequence[Judged]) -> float:
    """Mean F1 over the intents that truly occur; 0 for no messages."""
    rows = per_intent(judged)
    return sum(row.f1 for row in rows) / len(rows) if rows else 0.0


def confusions(judged: Sequence[Judged], most: int = 15) -> list[tuple[str, str, int]]:
    """(true, predicted, times), the most frequent first."""
    wrong = Counter((each.intent, str(each.predicted)) for each in judged if not each.right)
    return [(*pair, times) for pair, times in wrong.most_common(most)]


def entity_f1(judged: Sequence[Judged]) -> Row:
    """Exact spans and names, micro average over all messages; perfect when there are none to find."""
    hits = sum(len(each.spans & each.found) for each in judged)
    return _row("entities", hits, sum(len(each.found) for each in judged), sum(len(each.spans) for each in judged))


@dataclass(frozen=True)
class Threshold:
    """One setting of the fallback: right answers thrown away, wrong ones stopped, strangers caught (shares 0 to 1)."""

    threshold: float
    ambiguity: float
    right_lost: float
    wrong_stopped: float
    strangers_caught: float


def threshold_curve(
    known: Sequence[Judged], strangers: Sequence[Judged], settings: Iterable[tuple[float, float]]
) -> list[Threshold]:
    """The effect of each (threshold, ambiguity) on in-scope messages and on ones that no intent fits.

    A stranger is caught when it is called out_of_scope or falls back.
    """
    known = [each for each in known if each.intent != OUT_OF_SCOPE]
    right, wrong = [each for each in known if each.right], [each for each in known if not each.right]
    return [
        Threshold(
            threshold,
            ambiguity,
            _share(not each.answered(threshold, ambiguity) for each in right),
            _share(not each.answered(threshold, ambiguity) for each in wrong),
            _share(each.predicted == OUT_OF_SCOPE or not each.answered(threshold, ambiguity) for each in strangers),
        )
        for threshold, ambiguity in settings
    ]


def _row(name: str, hits: int, guessed: int, true: int) -> Row:
    precision = hits / guessed if guessed else 0.0
    recall = hits / true if true else 0.0
    if not guessed and not true:
        precision = recall = 1.0
    total = precision + recall
    return Row(name, precision, recall, 2 * precision * recall / total if total else 0.0, true)


def _share(facts: Iterable[bool]) -> float:
    every = list(facts)
    return sum(every) / len(every) if every else 0.0
