"""How the bench's clients come back is how the widget's pages do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bench.p13_recovery import _delay

WIDGET = Path(__file__).resolve().parents[2] / "bot" / "widget" / "src" / "shared" / "reconnect.ts"


@pytest.mark.parametrize(("attempt", "least", "most"), [(0, 0, 0.8), (1, 0.5, 1), (3, 2, 4), (9, 15, 30), (99, 15, 30)])
def test_each_try_waits_longer_and_no_two_pages_the_same(attempt: int, least: float, most: float) -> None:
    assert _delay(attempt, 0) == pytest.approx(least)
    assert _delay(attempt, 1) == pytest.approx(most)


def test_the_widget_waits_just_so() -> None:
    told = dict(re.findall(r"^const (AT_ONCE|FIRST|LONGEST) = ([\d_]+);", WIDGET.read_text(), re.MULTILINE))
    assert {name: int(value) / 1_000 for name, value in told.items()} == {"AT_ONCE": 0.8, "FIRST": 0.5, "LONGEST": 30}
