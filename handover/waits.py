"""How long a waiting customer will wait: an honest range, or None when there is nothing honest to say. Pure.

Method (docs/waits.md has the sources and how well it does): a customer whom somebody with room can take waits as long
as such customers waited lately until somebody took them. Anybody else waits until enough conversations end before. How
many end within a time is counted from the ages of those that run and from how long such conversations lasted lately
(an age-conditioned renewal count, its spread that of independent endings); those ahead who give up shorten the line.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from handover.entries import ConversationId

# Fewer past cases than this say nothing.
FEWEST = 12
# Beyond this nobody plans by the number; in seconds.
LONGEST = 3 * 3600
# How long an answer takes, in seconds, while we have too few cases to know it.
USUAL_ANSWER = (2.0, 60.0)
# The share of waits that end sooner than the low end, and later than the high end.
TAIL = 0.07
# The normal deviate of TAIL.
_Z = 1.476
# How much the number of agents varies within an hour, as a relative variance: (15 %)², and half as much again.
_COMING_AND_GOING = 0.03
# Points in time, in seconds, that a range is found between: 5 s to LONGEST, each longer by the same part.
_TIMES = tuple(5 * 1.15**n for n in range(math.ceil(math.log(LONGEST / 5, 1.15)) + 1))


class WaitEnd(StrEnum):
    """How a wait ended."""

    TAKEN = "taken"
    GAVE_UP = "gave_up"
    LEFT_MESSAGE = "left_message"
    OTHERWISE = "otherwise"


@dataclass(frozen=True, slots=True)
class WaitRange:
    """From ``low`` to ``high`` whole seconds from now."""

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Staffing:
    """Those who can take a waiting customer now. ``ages`` are the seconds since each conversation they hold began."""

    free: int
    ages: tuple[float, ...]
    agents: int


@dataclass(frozen=True, slots=True)
class Past:
    """What happened lately, each sorted, in seconds; the record keeps it.

    ``answers``: waits of customers whom somebody with room could take. ``handling``: how long people had conversations.
    ``giving_up``: customers who gave up for each second that one waited.
    """

    answers: tuple[float, ...] = ()
    handling: tuple[float, ...] = ()
    giving_up: float = 0.0


@dataclass(frozen=True, slots=True)
class Wait:
    """A wait as it began, what was predicted then, and how it ended. ``place`` is None for one nobody counted.

    ``released_at``: when the person who took it was done.
    """

    conversation: ConversationId
    epoch: int
    made_at: datetime
    place: int | None = None
    free: int = 0
    predicted: WaitRange | None = None
    opens_at: datetime | None = None
    ended_at: datetime | None = None
    how: WaitEnd | None = None
    released_at: datetime | None = None

    @property
    def seconds(self) -> float | None:
        """How long it was; None while it lasts."""
        return None if self.ended_at is None else (self.ended_at - self.made_at).total_seconds()


@dataclass(frozen=True, slots=True)
class InLine:
    """Somebody who waits; their place is where they stand in the list."""

    conversation: ConversationId
    epoch: int
    since: datetime
    feed: int


class Outlook:
    """What the staffing and the past say about waiting from now on; made once, asked for every place in line."""

    def __init__(self, staffing: Staffing, past: Past) -> None:
        self._staffing = staffing
        self._past = past
        self._ends: list[tuple[float, float]] | None = None

    def of(self, place: int, *, waited: float = 0.0) -> WaitRange | None:
        """The range for the customer at ``place`` (1 is next), who has waited ``waited`` seconds already."""
        if self._staffing.agents == 0 or place < 1:
            return None
        found = self._answered(waited) if place <= self._staffing.free else self._after_endings(place)
        if found is None or found[1] > LONGEST:
            return None
        return friendly(*found)

    def _answered(self, waited: float) -> tuple[float, float] | None:
        """Somebody has room: as long as it takes them to say yes, given that they have not yet."""
        answers = self._past.answers
        left = answers[bisect_right(answers, waited) :]
        if len(answers) < FEWEST or len(left) < 4:
            return None
        return quantile(left, TAIL) - waited, quantile(left, 1 - TAIL) - waited

    def _after_endings(self, place: int) -> tuple[float, float] | None:
        # What room there is goes to those ahead, whose conversations begin about now.
        ages = self._staffing.ages + (0.0,) * self._staffing.free
        if len(self._past.handling) < FEWEST or not ages:
            return None
        if self._ends is None:
            self._ends = _endings(ages, self._past.handling)
        needed = place - self._staffing.free
        low = self._reached(needed, _Z)
        high = self._reached(needed, -_Z)
        if high is None:
            return None
        answers = self._past.answers
        known = len(answers) >= FEWEST
        first, last = (quantile(answers, 0.2), quantile(answers, 0.8)) if known else USUAL_ANSWER
        return (low or 0.0) + first, high + last

    def _reached(self, needed: int, deviate: float) -> float | None:
        """When ``needed`` endings (or customers ahead who give up) are reached, ``deviate`` above or below the mean."""
        assert self._ends is not None
        before_t, before_n = 0.0, 0.0
        for t, (mean, spread) in zip(_TIMES, self._ends, strict=True):
            gone = (needed - 1) * -math.expm1(-self._past.giving_up * t / 2)
            count = mean + gone + deviate * math.sqrt(spread + gone)
            # Half an ending more or less: counts are whole, the bell they are taken from is not.
            if count >= needed - 0.5:
                share = (needed - 0.5 - before_n) / (count - before_n)
                return before_t + max(0.0, min(1.0, share)) * (t - before_t)
            before_t, before_n = t, max(count, 0.0)
        return None


def _endings(ages: Sequence[float], handling: Sequence[float]) -> list[tuple[float, float]]:
    """Mean and variance of how many conversations end by each of _TIMES: those of these ages, and those after them."""
    usual = sum(handling) / len(handling)
    variation = sum((seconds - usual) ** 2 for seconds in handling) / len(handling) / usual**2
    size = len(handling)
    outlived = [bisect_right(handling, age) for age in ages]
    found, before_t, before_first, after = [], 0.0, 0.0, 0.0
    for t in _TIMES:
        first = spread = 0.0
        for age, left in zip(ages, outlived, strict=True):
            # One that has lasted longer than all we know of: as if it began anew, which is the most cautious guess.
            ended = (
                (bisect_right(handling, age + t) - left) / (size - left)
                if left < size
                else bisect_right(handling, t) / size
            )
            first += ended
            spread += ended * (1 - ended)
        # A conversation that ended is followed by another, and that one ends at the usual rate from then on.
        after += (first + before_first) / 2 * (t - before_t) / usual
        before_t, before_first = t, first
        mean = first + after
        # The past is a sample, off by about one part in the root of its size; and people come and go meanwhile.
        unsure = variation / size + _COMING_AND_GOING * min(1.0, t / 3600)
        found.append((mean, spread + after * variation + mean * mean * unsure))
    return found


def quantile(values: Sequence[float], share: float) -> float:
    """The value that ``share`` of the sorted ``values`` do not exceed, between two of them if need be."""
    at = share * (len(values) - 1)
    low = math.floor(at)
    high = min(low + 1, len(values) - 1)
    return values[low] + (at - low) * (values[high] - values[low])


def friendly(low: float, high: float) -> WaitRange:
    """The range in steps that people think in, never narrower: quarter minutes, minutes, then five minutes."""
    low, high = max(0.0, low), max(high, 15.0)
    step_low, step_high = _step(low), _step(high)
    return WaitRange(int(low // step_low * step_low), int(math.ceil(high / step_high) * step_high))


def _step(seconds: float) -> int:
    return 15 if seconds < 60 else 60 if seconds < 15 * 60 else 300
