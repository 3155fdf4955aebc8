"""Searches the help pages: embeddings and keywords together, in memory. ``python -m actions.knowledge`` indexes them.

Without embedder files the search goes by keywords alone, and says so in ``Knowledge.search``.
"""

from __future__ import annotations

import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from actions.embedder import Embedder, open_embedder
from actions.keywords import Keywords
from actions.pages import Passage, passages, read_pages
from actions.settings import settings_from_env

# How much word coverage counts beside the cosine, and the least score that counts as found.
# Chosen on tests/actions/questions.yml; figures and command in docs/answers.md.
KEYWORD_SHARE = 0.3
FLOOR_HYBRID = 0.42
FLOOR_KEYWORDS = 0.45


@dataclass(frozen=True, slots=True)
class Found:
    """A passage and how well it fits the question, about 0..1. Below the floor it must not be answered from."""

    passage: Passage
    score: float
    relevant: bool


class Knowledge:
    """The passages, ready to be searched. Build it with `open_knowledge`."""

    def __init__(self, kept: list[Passage], embedder: Embedder | None, vectors: NDArray[np.float32] | None) -> None:
        self.passages = kept
        self.embedder = embedder
        self._vectors = vectors
        self._keywords = Keywords([p.searched for p in kept])
        self.search_kind = "hybrid" if embedder else "keyword"

    @property
    def floor(self) -> float:
        return FLOOR_HYBRID if self.embedder else FLOOR_KEYWORDS

    def weight(self, word: str) -> float:
        """How telling a stem is among the help pages."""
        return self._keywords.weight(word)

    def search(self, question: str, limit: int = 5) -> list[Found]:
        """The best passages, best first, at most ``limit`` and at most two of one page."""
        if not question.strip():
            return []
        scores = self._scores(question)
        found: list[Found] = []
        of_page: dict[str, int] = {}
        for place in np.argsort(-scores, kind="stable"):
            passage = self.passages[int(place)]
            if of_page.get(passage.page, 0) < 2:
                of_page[passage.page] = of_page.get(passage.page, 0) + 1
                score = round(float(scores[place]), 4)
                found.append(Found(passage, score, score >= self.floor))
            if len(found) == limit:
                break
        return found

    def _scores(self, question: str) -> NDArray[np.float64]:
        coverage = self._keywords.coverage(question)
        bm25 = self._keywords.scores(question)
        # BM25 breaks ties between passages that hold the same words; its height says nothing across questions.
        ranked = coverage + 0.1 * bm25 / (bm25.max() or 1.0)
        if self.embedder is None or self._vectors is None:
            return np.asarray(ranked / 1.1)
        meaning = (self._vectors @ self.embedder.encode([question])[0]).astype(np.float64)
        return np.asarray((1 - KEYWORD_SHARE) * meaning + KEYWORD_SHARE * ranked / 1.1)


def open_knowledge(folder: Path, embedder: Embedder | None, cache: Path | None = None) -> Knowledge:
    """Read the pages in ``folder`` and embed them, or take the vectors from ``cache`` when nothing changed.

    Raises BadPage. A cache that cannot be read or written only costs time.
    """
    kept = passages(read_pages(folder))
    if embedder is None:
        return Knowledge(kept, None, None)
    texts = [p.searched for p in kept]
    key = hashlib.sha256("\x00".join([embedder.name, *texts]).encode()).hexdigest()[:16]
    file = cache / f"knowledge-{key}.npz" if cache else None
    vectors = _cached(file, len(texts))
    if vectors is None:
        vectors = embedder.encode(texts)
        _keep(file, vectors)
    return Knowledge(kept, embedder, vectors)


def _cached(file: Path | None, rows: int) -> NDArray[np.float32] | None:
    if file is None or not file.is_file():
        return None
    try:
        with np.load(file) as stored:
            vectors = np.asarray(stored["vectors"], dtype=np.float32)
    except (OSError, ValueError, KeyError, EOFError):
        return None
    return vectors if len(vectors) == rows else None


def _keep(file: Path | None, vectors: NDArray[np.float32]) -> None:
    if file is None:
        return
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        partial = file.with_suffix(".part.npz")
        np.savez(partial, vectors=vectors)
        partial.replace(file)  # Two processes may index at once; readers never see half a file.
    except OSError as error:
        print(f"The knowledge index could not be kept ({error}); it is made again at the next start.", file=sys.stderr)


def main() -> None:
    """Index the configured pages, so that the first customer does not wait for it."""
    settings = settings_from_env()
    known = open_knowledge(settings.knowledge, open_embedder(settings.embedder_dir), settings.cache)
    print(f"{len({p.page for p in known.passages})} pages, {len(known.passages)} passages, search: {known.search_kind}")


if __name__ == "__main__":
    main()
