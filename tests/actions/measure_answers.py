"""Measures search and the support check on our own labels: ``python -m tests.actions.measure_answers``.

Prints the table in docs/answers.md; the tests hold the figures to their floors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from actions.claims import Checker, Source
from actions.knowledge import Knowledge
from tests.support.reply_parts import knowledge, knowledge_by_keywords

_HERE = Path(__file__).parent


@dataclass(frozen=True)
class SearchFigures:
    """``best`` are the best scores of answerable questions, ``stray`` those of unanswerable ones."""

    recall_1: float
    recall_3: float
    best: tuple[float, ...]
    stray: tuple[float, ...]

    def answered(self, floor: float) -> float:
        return sum(s >= floor for s in self.best) / len(self.best)

    def rejected(self, floor: float) -> float:
        return sum(s < floor for s in self.stray) / len(self.stray)


@dataclass(frozen=True)
class ClaimFigures:
    """Shares 0..1: true sentences let through as supported (or as no claim), false ones caught."""

    supported: float
    caught: float


def labelled(name: str) -> dict[str, list[Any]]:
    return dict(yaml.safe_load((_HERE / name).read_text(encoding="utf-8")))


def search_figures(known: Knowledge, *, held_out: bool = False) -> SearchFigures:
    """Over the questions used to choose by, or over those never looked at while choosing."""
    data = labelled("questions.yml")
    asks, strays = ("held_out", "held_out_unanswerable") if held_out else ("answerable", "unanswerable")
    first = third = 0
    best = []
    for row in data[asks]:
        found = known.search(row["ask"], limit=8)
        pages = list(dict.fromkeys(f.passage.page for f in found))
        first += pages[0] in row["pages"]
        third += any(page in row["pages"] for page in pages[:3])
        best.append(found[0].score)
    stray = tuple(known.search(ask)[0].score for ask in data[strays])
    count = len(data[asks])
    return SearchFigures(first / count, third / count, tuple(best), stray)


def claim_figures(known: Knowledge) -> ClaimFigures:
    data = labelled("claims.yml")
    good = [_passes(known, row) for row in data["supported"]]
    bad = [_passes(known, row) for row in data["unsupported"]]
    return ClaimFigures(sum(good) / len(good), 1 - sum(bad) / len(bad))


def checker_over(known: Knowledge, pages: Sequence[str]) -> Checker:
    sources = [Source(f"{p.title}. {p.heading}. {p.text}", "page", p.page) for p in known.passages if p.page in pages]
    return Checker(sources, "", embedder=known.embedder, weight=known.weight)


def _passes(known: Knowledge, row: dict[str, Any]) -> bool:
    verdict = checker_over(known, row["pages"]).check(row["say"])
    return verdict is None or verdict.supported


def main() -> None:
    for known in (knowledge(), knowledge_by_keywords()):
        search, claims = search_figures(known), claim_figures(known)
        print(
            f"{known.search_kind}: recall@1 {search.recall_1:.2f}, recall@3 {search.recall_3:.2f}; floor {known.floor}"
        )
        for floor in (0.30, 0.35, 0.40, 0.42, 0.45, 0.50, 0.55, 0.60):
            print(f"  floor {floor:.2f}: answered {search.answered(floor):.2f}, rejected {search.rejected(floor):.2f}")
        unseen = search_figures(known, held_out=True)
        print(f"  held out: recall@1 {unseen.recall_1:.2f}, recall@3 {unseen.recall_3:.2f}, ", end="")
        print(f"answered {unseen.answered(known.floor):.2f}, rejected {unseen.rejected(known.floor):.2f}")
        print(f"  claims: true ones let through {claims.supported:.2f}, false ones caught {claims.caught:.2f}")


if __name__ == "__main__":
    main()
