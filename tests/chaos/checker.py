"""Judges a finished run: journals of everybody who took part, and the record as it stands. Pure; no run is needed.

Each law is a function from `History` to violations, in `tests.chaos.laws_of_the_record` and `laws_of_the_screens`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.final_record import Record
from tests.chaos.journal import Line


@dataclass(frozen=True, slots=True)
class Violation:
    """``law`` that was broken, ``where`` (a conversation, or who), and ``what`` was found, in words."""

    law: str
    where: str
    what: str


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds. ``outcome``: from an accepted message to its outcome when nothing fails; ``allowance``: on top, for a
    loaded machine; ``overlap``: how long two transactions of one agent may seem to overlap by their clocks.

    ``weight``: slots of capacity that a conversation takes. ``timing`` False: the services' clock was moved, so that
    times of the record say nothing. ``settled`` False: the run was cut short; what is still under way is no violation.
    """

    outcome: float = 20.0
    allowance: float = 20.0
    overlap: float = 6.0
    weight: int = 1
    timing: bool = True
    settled: bool = True


@dataclass
class History:
    """Everything that is judged. ``effects`` are the tools', ``deliveries`` a pushing channel's.

    ``troubles`` are the times (from, to) in which some part was down or disturbed.
    """

    lines: list[Line]
    record: Record
    effects: list[Line] = field(default_factory=list)
    troubles: list[tuple[float, float]] = field(default_factory=list)
    deliveries: list[Line] = field(default_factory=list)
    limits: Limits = field(default_factory=Limits)

    def of_kind(self, *kinds: str) -> Iterator[Line]:
        return (line for line in self.lines if line["what"] in kinds)

    def by_screen(self) -> dict[tuple[str, int, str], list[Line]]:
        """Lines shown, by who showed them, on which screen, of which conversation."""
        found: dict[tuple[str, int, str], list[Line]] = {}
        for line in self.of_kind("shown"):
            found.setdefault((line["who"], line["screen"], line["conversation"]), []).append(line)
        return found

    def trouble_between(self, start: float, end: float) -> float:
        """Seconds of trouble that overlap, each stretch with some time to recover from it."""
        return sum(max(0.0, min(end, b + 4.0) - max(start, a)) for a, b in self.troubles)


Law = Callable[[History], Iterator[Violation]]


def judge(history: History, laws: Sequence[Law]) -> list[Violation]:
    """Every violation of every law."""
    return [violation for law in laws for violation in law(history)]


def counted(violations: Sequence[Violation]) -> dict[str, int]:
    """How often each law was broken."""
    return dict(Counter(violation.law for violation in violations))


def text_of(row: dict[str, Any]) -> str:
    return f"{row['author_kind']} at {row['offset']}: {row['text'][:80]!r}"
