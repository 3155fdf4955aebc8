"""The calendar: openings over weeks, holidays, midnights and both changes of the clock, against brute force."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from handover.calendar import ALL_DAY, ALWAYS_OPEN, Calendar, Calendars, Span

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = Calendar(
    BERLIN,
    ((Span(540, 1020),),) * 4 + ((Span(540, 780), Span(1320, 1560)), (), ()),
    {date(2026, 12, 25): (), date(2026, 12, 24): (Span(540, 720),)},
)


def berlin(*when: int) -> datetime:
    return datetime(*when, tzinfo=BERLIN).astimezone(UTC)


def brute_openings(calendar: Calendar, first: datetime, minutes: int) -> set[datetime]:
    """The open minutes, found by watching the wall clock minute by minute, span by span."""
    walls = [
        (at, at.astimezone(calendar.zone).replace(tzinfo=None))
        for at in (first + timedelta(minutes=n) for n in range(minutes))
    ]
    days = {wall.date() + timedelta(days=shift) for _, wall in walls for shift in (-1, 0, 1)}
    found: set[datetime] = set()
    for day in days:
        for span in calendar.dates.get(day, calendar.week[day.weekday()]):
            midnight = datetime.combine(day, time())
            begin, end = midnight + timedelta(minutes=span.begin), midnight + timedelta(minutes=span.end)
            begun = ended = False
            for at, wall in walls:
                begun, ended = begun or wall >= begin, ended or wall >= end
                if begun and not ended:
                    found.add(at)
    return found


spans = st.builds(lambda begin, length: Span(begin, begin + length), st.integers(0, 1439), st.integers(1, 1440))
ZONES = ("Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "America/Havana", "Asia/Kathmandu", "UTC")
# Both changes of the clock in the north, and nothing.
STARTS = [
    datetime(2026, month, day, tzinfo=UTC) for month, day in ((3, 7), (3, 28), (10, 24), (10, 31), (4, 4), (6, 1))
]


@settings(max_examples=60, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    start=st.sampled_from(STARTS),
    week=st.lists(st.lists(spans, max_size=2).map(lambda s: tuple(sorted(s))), min_size=7, max_size=7),
    holiday=st.integers(-1, 3),
)
@example(zone="Europe/Berlin", start=STARTS[1], week=[(Span(135, 200),)] * 7, holiday=-1)  # begins in a skip
@example(zone="Europe/Berlin", start=STARTS[2], week=[(Span(90, 150),)] * 7, holiday=-1)  # ends in an hour that repeats
def test_openings_are_what_a_watched_wall_clock_says(
    zone: str, start: datetime, week: list[tuple[Span, ...]], holiday: int
) -> None:
    dates = {start.date() + timedelta(days=holiday): ()} if holiday >= 0 else {}
    calendar = Calendar(ZoneInfo(zone), tuple(week), dates)
    # Watched for a day and a half before, so that spans which have begun are known as such.
    watched, asked = start - timedelta(hours=60), 60 * 48
    expected = brute_openings(calendar, watched, 60 * 60 + asked)
    moments = [start + timedelta(minutes=n) for n in range(asked)]
    following = None
    for at in reversed(moments):
        following = at if at in expected else following
        if at.minute % 5 == 0 or at.minute in (1, 59) or (following == at):
            assert calendar.is_open(at) == (at in expected), at
        if following is not None and at.minute % 15 == 0:
            assert calendar.next_opening(at) == following, at


def test_nights_holidays_and_other_hours() -> None:
    assert OFFICE.is_open(berlin(2026, 11, 27, 23, 30))
    assert OFFICE.is_open(berlin(2026, 11, 28, 1, 59))
    assert OFFICE.next_opening(berlin(2026, 11, 28, 2, 0)) == berlin(2026, 11, 30, 9)
    assert OFFICE.next_opening(berlin(2026, 12, 24, 12, 0)) == berlin(2026, 12, 28, 9)
    assert OFFICE.open_until(berlin(2026, 12, 24, 10)) == berlin(2026, 12, 24, 12)
    assert OFFICE.open_until(berlin(2026, 12, 24, 13)) is None


def test_an_hour_that_the_clock_skips_opens_with_the_skip() -> None:
    night = Calendar(BERLIN, ((Span(150, 240),),) * 7)
    assert night.next_opening(berlin(2026, 3, 29, 0, 0)) == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    assert night.open_until(datetime(2026, 3, 29, 1, 0, tzinfo=UTC)) == datetime(2026, 3, 29, 2, 0, tzinfo=UTC)


def test_an_hour_that_comes_twice_counts_once() -> None:
    night = Calendar(BERLIN, ((Span(90, 150),),) * 7)
    assert night.is_open(datetime(2026, 10, 25, 0, 29, tzinfo=UTC))
    assert not night.is_open(datetime(2026, 10, 25, 0, 30, tzinfo=UTC))
    assert not night.is_open(datetime(2026, 10, 25, 1, 15, tzinfo=UTC))  # 02:15 for the second time


def test_a_day_that_a_country_left_out_has_no_opening() -> None:
    samoa = Calendar(ZoneInfo("Pacific/Apia"), ((Span(540, 1020),),) * 7)
    thursday_evening = datetime(2011, 12, 30, 5, tzinfo=UTC)
    assert samoa.next_opening(thursday_evening) == datetime(2011, 12, 30, 19, tzinfo=UTC)  # Saturday, 09:00


def test_always_open_never_closes_and_never_open_says_so() -> None:
    at = datetime(2026, 7, 1, 12, 34, 56, tzinfo=UTC)
    assert ALWAYS_OPEN.is_open(at)
    assert ALWAYS_OPEN.open_until(at) is None
    assert Calendar(BERLIN, (ALL_DAY, (), (), (), (), (), ())).open_until(berlin(2026, 11, 23, 5)) == berlin(
        2026, 11, 24
    )
    assert Calendar(BERLIN, ((),) * 7).next_opening(at) is None


def test_a_team_without_a_calendar_keeps_the_usual_hours() -> None:
    calendars = Calendars(OFFICE, {"nights": ALWAYS_OPEN})
    assert calendars.of("nights") is ALWAYS_OPEN
    assert calendars.of("repairs") is calendars.of(None) is OFFICE


def test_a_span_that_is_none_is_refused() -> None:
    for begin, end in ((60, 60), (1440, 1500), (0, 1441), (-1, 10)):
        with pytest.raises(ValueError, match="is none"):
            Span(begin, end)
