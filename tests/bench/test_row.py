"""Percentiles, goals and figures: what every row of the bench is judged by."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.row import OURS, Bench, Goal, Samples, latencies

VALUES = st.lists(st.floats(0, 1e6), min_size=1, max_size=200)


def samples(*values: float, lost: int = 0) -> Samples:
    return Samples(OURS, "answer", "ms", values, lost)


@pytest.mark.parametrize(
    ("share", "found"), [(0, 1.0), (0.25, 1.0), (0.26, 2.0), (0.5, 2.0), (0.75, 3.0), (0.99, 4.0), (1, 4.0)]
)
def test_a_percentile_is_a_value_that_was_measured_by_nearest_rank(share: float, found: float) -> None:
    assert samples(4.0, 1.0, 3.0, 2.0).percentile(share) == found


def test_of_a_hundred_the_99th_is_the_one_before_the_last() -> None:
    hundred = samples(*map(float, range(1, 101)))
    assert [hundred.percentile(share) for share in (0.01, 0.5, 0.99, 1)] == [1.0, 50.0, 99.0, 100.0]
    assert samples(*map(float, range(1, 102))).percentile(0.99) == 100.0


def test_one_sample_is_every_percentile_and_none_is_endless() -> None:
    assert {samples(7.0).percentile(share) for share in (0, 0.5, 1)} == {7.0}
    assert samples().percentile(0.5) == math.inf


@given(VALUES, st.floats(0, 1))
def test_at_least_the_share_is_not_above_it_and_fewer_are_below_it(values: list[float], share: float) -> None:
    found = samples(*values).percentile(share)
    assert found in values
    # A product that should be a whole number may come out a little above it.
    assert sum(value <= found for value in values) >= math.floor(share * len(values))
    assert sum(value < found for value in values) <= share * len(values)


@given(VALUES, st.floats(0, 1), st.floats(0, 1))
def test_a_larger_share_is_never_a_smaller_value(values: list[float], one: float, other: float) -> None:
    found = samples(*values)
    assert found.percentile(min(one, other)) <= found.percentile(max(one, other))


def test_a_goal_holds_at_its_limit() -> None:
    assert Goal.at_most("p99", 10.0, 10.0).holds
    assert not Goal.at_most("p99", 10.1, 10.0).holds
    assert Goal.at_least("rate", 5000, 5000).holds
    assert not Goal.at_least("rate", 4999, 5000).holds
    assert not Goal.at_most("p99 of nothing", samples().percentile(0.99), 10.0).holds


def test_latencies_are_named_by_their_percentile() -> None:
    assert [(f.of, f.what, f.value, f.unit) for f in latencies(samples(1.0, 2.0), (0.5, 0.999))] == [
        (OURS, "answer, p50", 1.0, "ms"),
        (OURS, "answer, p99.9", 2.0, "ms"),
    ]


def test_a_bench_picks_by_how_it_is_run(tmp_path: Path) -> None:
    assert [Bench(full, tmp_path, print).pick(full="many", smoke="few") for full in (True, False)] == ["many", "few"]
