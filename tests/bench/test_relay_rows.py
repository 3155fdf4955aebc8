"""What the relay rows compute from what they saw: percentiles that count what was lost, costs, rates."""

from __future__ import annotations

import pytest

from bench.commits import rate_in
from bench.p03_idle import State, each
from bench.row import Samples
from bench.targets import reached


def test_what_never_arrived_took_for_ever() -> None:
    values = [1.0] * 98
    assert reached(Samples("x", "y", "ms", values, lost=2), 0.99) == float("inf")
    assert reached(Samples("x", "y", "ms", values, lost=2), 0.5) == 1.0
    assert reached(Samples("x", "y", "ms", values), 0.99) == 1.0


def test_a_connection_costs_the_difference_over_how_many_more_there_are() -> None:
    few, many = State(100, 50_000, 0.01), State(1_100, 70_000, 0.015)
    assert each(few, many) == (20.0, pytest.approx(5.0))


def test_the_rate_is_read_from_what_pgbench_says() -> None:
    assert rate_in("latency average = 0.4 ms\ntps = 2370.113 (without initial connection time)\n") == 2370.113
    with pytest.raises(RuntimeError, match="no rate"):
        rate_in("pgbench: error: connection refused")
