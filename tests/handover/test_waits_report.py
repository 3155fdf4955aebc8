"""The report on waits: what counts as inside the range, what proves nothing, and who may read it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from handover.entries import ConversationId
from handover.waits import Wait, WaitEnd, WaitRange
from handover.waits_report import figures, report

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


def wait(seconds: float | None, how: WaitEnd | None = WaitEnd.TAKEN, *, low: int = 60, at: datetime = NOON) -> Wait:
    ended = None if seconds is None else at + timedelta(seconds=seconds)
    return Wait(ConversationId("c"), 2, at, 1, 0, WaitRange(low, low + 120), None, ended, how)


def test_the_share_inside_counts_those_taken_and_those_who_gave_up_after_the_range() -> None:
    found = figures([
        wait(60), wait(180), wait(240), wait(30),
        wait(400, WaitEnd.GAVE_UP),
        wait(90, WaitEnd.GAVE_UP),  # before the range ended: nobody knows
        wait(None, None),
    ])  # fmt: skip
    assert (found.waits, found.taken, found.gave_up, found.still_waiting) == (7, 4, 2, 1)
    assert (found.predicted, found.judged, found.within_range) == (7, 5, 0.4)
    assert (found.median_wait, found.median_error, found.median_bias) == (120.0, 75.0, 0.0)


def test_nothing_to_count_is_none_and_not_zero() -> None:
    found = figures([])
    assert (found.waits, found.within_range, found.median_error) == (0, None, None)


def test_hours_are_those_of_the_desk_s_own_clock() -> None:
    later = NOON + timedelta(hours=2)
    made = report([wait(90), wait(100, at=later), wait(110, at=later)], days=7, zone=ZoneInfo("Europe/Berlin"))
    assert [(hour.hour, hour.waits) for hour in made.by_hour] == [(14, 1), (16, 2)]
    assert (made.all.waits, made.days, made.time_zone, made.complete) == (3, 7, "Europe/Berlin", True)
