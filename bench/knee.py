"""Finds the knee: the highest rate at which everything arrives, and 99 % of it soon enough."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from bench.open_loop import Heard
from bench.row import Samples

RunAt = Callable[[float], Awaitable[Heard]]
_FINE = 1.25
_SLOWEST = 10.0


@dataclass
class Knee:
    """``rate`` is the highest that held, in messages a second (0: none did); ``best`` that run; ``steps`` all."""

    limit_ms: float
    rate: float = 0.0
    best: Heard | None = None
    steps: list[Heard] = field(default_factory=list)

    def holds(self, heard: Heard) -> bool:
        """Everything arrived, 99 % within the limit."""
        return heard.lost == 0 and Samples("", "", "ms", heard.arrived).percentile(0.99) <= self.limit_ms


async def find_knee(run_at: RunAt, *, start: float, limit_ms: float, steps: int = 24) -> Knee:
    """Double from ``start`` (or halve, when that is too much already), then go up by quarters until two runs fail.

    A rate that fails once is tried again, for a machine has bad moments; while doubling only when all did arrive. At
    most ``steps`` runs.
    """
    knee = Knee(limit_ms)

    async def holds(rate: float) -> bool:
        heard = await run_at(rate)
        knee.steps.append(heard)
        good = knee.holds(heard)
        if good and rate > knee.rate:
            knee.rate, knee.best = rate, heard
        return good

    async def nearly_holds(rate: float) -> bool:
        return await holds(rate) or (knee.steps[-1].lost == 0 and len(knee.steps) < steps and await holds(rate))

    rate = start
    while len(knee.steps) < steps and await nearly_holds(rate):
        rate *= 2
    while knee.rate == 0 and rate > _SLOWEST and len(knee.steps) < steps:
        rate /= 2
        await nearly_holds(rate)
    rate = knee.rate * _FINE
    while knee.rate and len(knee.steps) < steps and (await holds(rate) or await holds(rate)):
        rate *= _FINE
    return knee
