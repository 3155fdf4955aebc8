"""The help pages are found by those who need them, and not by questions they do not answer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from actions.embedder import open_embedder
from actions.knowledge import open_knowledge
from tests.actions.measure_answers import labelled, search_figures
from tests.support.reply_parts import PAGES, knowledge, knowledge_by_keywords


def test_the_labelled_questions_are_enough_to_choose_a_floor_by() -> None:
    data = labelled("questions.yml")
    pages = {p.page for p in knowledge_by_keywords().passages}
    assert len(data["answerable"]) >= 80
    assert len(data["unanswerable"]) >= 25
    assert {page for row in data["answerable"] for page in row["pages"]} <= pages


def test_customers_questions_find_their_page() -> None:
    figures = search_figures(knowledge())
    assert figures.recall_1 >= 0.89
    assert figures.recall_3 >= 0.95
    assert figures.answered(knowledge().floor) >= 0.93
    assert figures.rejected(knowledge().floor) >= 0.90


def test_questions_never_used_to_choose_by_find_their_page_too() -> None:
    figures = search_figures(knowledge(), held_out=True)
    assert figures.recall_3 >= 0.90
    assert figures.answered(knowledge().floor) >= 0.75
    assert figures.rejected(knowledge().floor) >= 0.90


def test_without_a_model_keywords_still_find_most_pages() -> None:
    known = knowledge_by_keywords()
    figures = search_figures(known)
    assert known.search_kind == "keyword"
    assert figures.recall_3 >= 0.89
    assert figures.rejected(known.floor) >= 0.88


def test_the_index_is_kept_on_disk_and_used_again(tmp_path: Path) -> None:
    class Counting:
        name = "counting"
        asked = 0

        def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
            self.asked += len(texts)
            return np.ones((len(texts), 4), dtype=np.float32)

    embedder = Counting()
    open_knowledge(PAGES, embedder, tmp_path)
    once = embedder.asked
    open_knowledge(PAGES, embedder, tmp_path)
    assert once > 0
    assert embedder.asked == once
    [file] = tmp_path.glob("knowledge-*.npz")
    file.write_bytes(b"broken")
    open_knowledge(PAGES, embedder, tmp_path)
    assert embedder.asked == 2 * once


def test_missing_embedder_files_are_no_error(tmp_path: Path) -> None:
    assert open_embedder(tmp_path) is None


@pytest.mark.parametrize("words", ["", "   ", "??!"])
def test_an_empty_question_finds_nothing_relevant(words: str) -> None:
    assert not any(f.relevant for f in knowledge_by_keywords().search(words))
