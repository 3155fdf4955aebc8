"""The page of results: whole, escaped, without anything from elsewhere, and honest about smoke runs and misses."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from bench.page import page_of, write_page
from bench.plots import bars, curves, limits_in, nines, number, places
from bench.results import keep
from bench.row import OURS, Figure, Goal, Row, Samples, latencies

EVIL = '<script>alert("x")</script> & co'


def kept(folder: Path, *rows: Row, full: bool = True) -> str:
    for row in rows:
        keep(row, folder, full=full, seconds=2)
    return write_page(folder).read_text()


def a_row(id: str = "P1", words: str = "fast") -> Row:
    ours = Samples(OURS, f"answer {words}", "ms", [1.0, 2.0, 4.0])
    theirs = Samples(f"peer {words}", f"answer {words}", "ms", [100.0, 2000.0], lost=1)
    return Row(
        id=id,
        title=f"title {words}",
        figures=[*latencies(ours), *latencies(theirs)],
        goals=[Goal.at_most(f"p99 at most 3 ms {words}", 4.0, 3.0)],
        samples=[ours, theirs],
        notes=[f"note {words}"],
        settings={f"setting {words}": f"value {words}"},
    )


def test_whatever_a_result_says_is_text(tmp_path: Path) -> None:
    page = kept(tmp_path, a_row(words=EVIL))
    assert "<script" not in page
    assert page.count("&lt;script&gt;") >= 8


def test_the_page_needs_nothing_from_elsewhere(tmp_path: Path) -> None:
    page = kept(tmp_path, a_row())
    for what in ("http://", "https://", "src=", "@import", "url("):
        assert what not in page


def test_rows_stand_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    page = kept(tmp_path, a_row("P10"), a_row("P2"), a_row("P1"))
    assert page.index('id="P1"') < page.index('id="P2"') < page.index('id="P10"')
    assert "3 rows, 3 goals, 0 held, 3 missed" in page


def test_misses_losses_and_counts_are_shown(tmp_path: Path) -> None:
    page = kept(tmp_path, a_row())
    assert '<span class="badge missed">missed</span> p99 at most 3 ms fast: 4.00' in page
    assert "peer fast: 2 samples, <span" in page
    assert "1 lost" in page
    assert f"{OURS}: 3 samples, none lost" in page


def test_a_smoke_run_says_that_its_figures_mean_nothing(tmp_path: Path) -> None:
    assert "smoke run" not in kept(tmp_path / "full", a_row())
    assert "its figures mean nothing" in kept(tmp_path / "smoke", a_row(), full=False)


def test_no_results_are_a_page_too() -> None:
    assert "0 rows" in page_of([])


def test_curves_are_well_formed_and_inside_the_picture(tmp_path: Path) -> None:
    page = kept(tmp_path, a_row(words=EVIL))
    picture = ET.fromstring(page[page.index("<svg") : page.index("</svg>") + 6])
    width, height = map(float, picture.attrib["viewBox"].split()[2:])
    lines = [line.attrib["points"] for line in picture.iter("polyline")]
    assert len(lines) == 2
    for point in (pair for line in lines for pair in line.split()):
        x, y = map(float, point.split(","))
        assert 0 <= x <= width
        assert 0 <= y <= height
    assert [line.attrib["class"] for line in picture.iter("line")].count("goal") == 1


def test_figures_without_samples_are_bars() -> None:
    figures = [
        {"of": OURS, "what": "memory", "value": 20.0, "unit": "KiB"},
        {"of": "bare", "what": "memory", "value": 0.0, "unit": "KiB"},
        {"of": OURS, "what": "nothing", "value": None, "unit": "s"},
    ]
    drawn = bars(figures)
    assert drawn.count("<rect") == 2
    assert drawn.count("<figure") == 1
    assert curves([{"of": OURS, "what": "x", "unit": "ms", "count": 0, "lost": 1, "at": []}], []) == ""


@pytest.mark.parametrize(("share", "place"), [(0, 0.0), (0.9, 1.0), (0.99, 2.0), (0.999, 3.0)])
def test_the_tail_has_as_much_room_as_the_middle(share: float, place: float) -> None:
    assert nines(share) == pytest.approx(place)
    assert nines(share) < nines(1.0) < 4


def test_a_goal_is_drawn_where_its_unit_is() -> None:
    goals: list[dict[str, Any]] = [
        {"words": "p99 at most 10 ms", "limit": 10.0},
        {"words": "at least 5000 msg/s", "limit": 5000.0},
        {"words": "never measured, at most 3 ms", "limit": None},
    ]
    assert limits_in("ms", "relay", goals, alone=True) == [10.0]
    assert limits_in("ms", "relay", goals, alone=False) == []
    assert limits_in("KiB", "relay", goals, alone=True) == []
    both = [{"words": "open, p95 at most 50 ms", "limit": 50.0}, {"words": "list, p95 at most 20 ms", "limit": 20.0}]
    assert limits_in("ms", "list, 100 lines", both, alone=False) == [20.0]


def test_numbers_have_three_digits_and_ours_is_always_the_first_colour() -> None:
    assert [number(value) for value in (None, 0.0, 0.01234, 1.0, 47.26, 999.4, 1234567.0)] == [
        "–", "0", "0.0123", "1.00", "47.3", "999", "1,234,567",
    ]  # fmt: skip
    assert places(["a", OURS, "b", "a"]) == {OURS: 0, "a": 1, "b": 2}


def test_zero_everywhere_can_be_drawn() -> None:
    row = Row("P1", "zero", [Figure(OURS, "x", 0.0, "ms")], [], [Samples(OURS, "x", "ms", [0.0, 0.0])])
    one = {"of": OURS, "what": "x", "unit": "ms", "count": 2, "lost": 0, "at": [[0, 0.0], [1, 0.0]]}
    assert "<polyline" in curves([one], [])
    assert row.samples
