"""When the desk is staffed by plan: weekly hours in a time zone, holidays, days with other hours. Pure.

Hours are what a clock on the wall shows. A span opens when that clock first reaches its beginning and closes when it
first reaches its end, so an hour that summer time skips opens with the skip, and one that comes twice counts once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

# A calendar that has no opening this far ahead says None: nobody plans a desk further than this.
FURTHEST_DAYS = 400
_DAY = 24 * 60


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Minutes from midnight of the day it begins on. ``end`` beyond 24 hours reaches into the next day."""

    begin: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.begin < _DAY or not self.begin < self.end <= self.begin + _DAY:
            raise ValueError(f"a span of {self.begin} to {self.end} minutes is none")


ALL_DAY = (Span(0, _DAY),)


@dataclass(frozen=True, slots=True)
class Calendar:
    """``week`` holds the spans of each weekday, Monday first; ``dates`` those of single days, instead of the week's.

    A holiday is a date without spans. A span belongs to the day it begins on: a holiday does not end the night before.
    """

    zone: ZoneInfo
    week: tuple[tuple[Span, ...], ...]
    dates: Mapping[date, tuple[Span, ...]] = field(default_factory=dict)

    def is_open(self, at: datetime) -> bool:
        """Is the desk staffed by plan at ``at`` (aware)?"""
        return self.next_opening(at, days=1) == at

    def next_opening(self, at: datetime, *, days: int = FURTHEST_DAYS) -> datetime | None:
        """The first staffed moment from ``at`` on, in UTC; ``at`` itself while open, None when there is none."""
        for begin, end in self._openings(at, days):
            if end > at:
                return max(begin, at.astimezone(UTC))
        return None

    def open_until(self, at: datetime) -> datetime | None:
        """When the opening that is running ends; None when closed, or when it runs on for more than a week."""
        until: datetime | None = None
        for begin, end in self._openings(at, 8):
            if until is None:
                until = end if begin <= at < end else None
            elif begin > until:
                return until
            else:
                until = max(until, end)
        return until if until is not None and until < at + timedelta(days=7) else None

    def _openings(self, at: datetime, days: int) -> Iterator[tuple[datetime, datetime]]:
        """Spans as moments, the earliest beginning first, from the day before ``at`` on: it may reach past midnight."""
        first = at.astimezone(self.zone).date() - timedelta(days=1)
        for ahead in range(days + 3):
            day = first + timedelta(days=ahead)
            for span in self.dates.get(day, self.week[day.weekday()]):
                begin, end = self._reached(day, span.begin), self._reached(day, span.end)
                if begin < end:
                    yield begin, end

    def _reached(self, day: date, minutes: int) -> datetime:
        """The first moment at which the wall clock shows at least ``minutes`` after midnight of ``day``."""
        wall = datetime.combine(day, time()) + timedelta(minutes=minutes)
        moment = wall.replace(tzinfo=self.zone).astimezone(UTC)
        if moment.astimezone(self.zone).replace(tzinfo=None) == wall:
            return moment
        # The clock never shows it: it jumps over it. Find the jump, to the second.
        low = wall.replace(tzinfo=self.zone, fold=1).astimezone(UTC)
        high = moment
        while high - low > timedelta(seconds=1):
            middle = low + (high - low) // 2
            before = middle.astimezone(self.zone).replace(tzinfo=None) < wall
            low, high = (middle, high) if before else (low, middle)
        return high.replace(microsecond=0)


ALWAYS_OPEN = Calendar(ZoneInfo("UTC"), (ALL_DAY,) * 7)


@dataclass(frozen=True, slots=True)
class Calendars:
    """One calendar for everybody, and another for each team that has its own."""

    usual: Calendar = ALWAYS_OPEN
    teams: Mapping[str, Calendar] = field(default_factory=dict)

    def of(self, team: str | None = None) -> Calendar:
        """The calendar of ``team``; the usual one when it has none of its own."""
        return self.usual if team is None else self.teams.get(team, self.usual)
