"""The search for the knee, over servers whose knee is known."""

from __future__ import annotations

import pytest

from bench.knee import find_knee
from bench.open_loop import Heard


class Server:
    """Holds up to ``most`` messages a second; ``moments`` are the runs that fail whatever was asked."""

    def __init__(self, most: float, moments: tuple[int, ...] = ()) -> None:
        self.most = most
        self.moments = moments
        self.asked: list[float] = []

    async def run(self, rate: float) -> Heard:
        self.asked.append(rate)
        good = rate <= self.most and len(self.asked) not in self.moments
        return Heard(rate, 1.0, 100, [5.0] * 100 if good else [5.0] * 98 + [900.0] * 2, (), ())


@pytest.mark.parametrize("most", [10, 30, 499, 500, 777, 5_000, 12_345])
async def test_it_is_found_within_a_quarter(most: float) -> None:
    server = Server(most)
    knee = await find_knee(server.run, start=500, limit_ms=50)
    assert most / 1.25 <= knee.rate <= most
    assert knee.best is not None
    assert knee.best.rate == knee.rate
    assert [run.rate for run in knee.steps] == server.asked


async def test_a_bad_moment_does_not_end_the_search() -> None:
    assert (await find_knee(Server(5_000, moments=(3,)).run, start=500, limit_ms=50)).rate > 4_000


async def test_a_server_that_never_holds_has_none() -> None:
    knee = await find_knee(Server(0).run, start=500, limit_ms=50)
    assert (knee.rate, knee.best) == (0, None)


async def test_lost_messages_fail_a_rate_that_was_quick() -> None:
    async def loses(rate: float) -> Heard:
        return Heard(rate, 1.0, 100, [1.0] * 99, (), ())

    assert (await find_knee(loses, start=500, limit_ms=50)).rate == 0


async def test_the_number_of_runs_is_bounded() -> None:
    server = Server(1e12)
    await find_knee(server.run, start=500, limit_ms=50, steps=7)
    assert len(server.asked) == 7
