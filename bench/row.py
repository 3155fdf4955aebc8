"""What a row of the bench is: samples, figures, goals, and the controls beside them, as plain data."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeVar

_T = TypeVar("_T")
OURS = "switchboard"
Unit = Literal["ms", "µs", "s", "msg/s", "turns/s", "KiB", "µs CPU/s", "times", "messages", "tokens", "%"]


@dataclass(frozen=True, slots=True)
class Bench:
    """How a row is to be measured. ``full``: for figures; otherwise a smoke run, which only shows that it works.

    ``folder``: empty, on a real disk, the row's own; it is removed afterwards. ``say``: one line of progress.
    """

    full: bool
    folder: Path
    say: Callable[[str], None]

    def pick(self, full: _T, smoke: _T) -> _T:
        """``full`` in a run for figures, ``smoke`` otherwise: how long, how many."""
        return full if self.full else smoke


@dataclass(frozen=True, slots=True)
class Samples:
    """Every single measurement of one thing, in the order it was taken; nothing is left out.

    ``of``: who was measured, `OURS` or the control's name. A request that was never answered is no sample: it is
    counted in ``lost``, and a goal on a percentile does not hold when anything was lost.
    """

    of: str
    what: str
    unit: Unit
    values: Sequence[float]
    lost: int = 0

    def percentile(self, share: float) -> float:
        """The value that ``share`` (0 to 1) of all samples do not exceed (nearest rank); inf when there are none."""
        if not self.values:
            return float("inf")
        ranked = sorted(self.values)
        return ranked[max(0, math.ceil(len(ranked) * share) - 1)]


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of a row: of whom, what, in what unit."""

    of: str
    what: str
    value: float
    unit: Unit


@dataclass(frozen=True, slots=True)
class Goal:
    """What was to be reached, and whether it was. ``why`` a miss is as it is belongs to docs/performance.md."""

    words: str
    reached: float
    limit: float
    holds: bool

    @classmethod
    def at_most(cls, words: str, reached: float, limit: float) -> Goal:
        """A goal that holds when ``reached`` is not above ``limit``."""
        return cls(words, reached, limit, reached <= limit)

    @classmethod
    def at_least(cls, words: str, reached: float, limit: float) -> Goal:
        """A goal that holds when ``reached`` is not below ``limit``."""
        return cls(words, reached, limit, reached >= limit)


@dataclass(frozen=True, slots=True)
class Row:
    """What measuring one row gave. ``settings``: what was set otherwise than by default, and sizes; for the record."""

    id: str
    title: str
    figures: Sequence[Figure]
    goals: Sequence[Goal]
    samples: Sequence[Samples] = ()
    notes: Sequence[str] = ()
    settings: dict[str, str | int | float] = field(default_factory=dict)


def latencies(samples: Samples, shares: Sequence[float] = (0.5, 0.99)) -> list[Figure]:
    """The percentiles of ``samples`` as figures: ``p50 of …``."""
    return [
        Figure(samples.of, f"{samples.what}, p{share * 100:g}", samples.percentile(share), samples.unit)
        for share in shares
    ]
