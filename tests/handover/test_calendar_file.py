"""The calendar's file: what it may say, and that every mistake is named in words an editor understands."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from handover.calendar import ALL_DAY, Span
from handover.calendar_file import load_calendars
from handover.errors import BadInput

OFFICE = """
usual:
  time_zone: Europe/Berlin
  week:
    monday: ["09:00-12:30", "13:30-17:00"]
    friday: ["22:00-02:00"]
    sunday: closed
  holidays: [2026-12-25]
  exceptions:
    2026-12-24: ["9:00 - 12:00"]
    2026-12-31: closed
teams:
  repairs:
    time_zone: UTC
    week: always
"""


def loaded(folder: Path, text: str) -> object:
    path = folder / "calendar.yml"
    path.write_text(text, encoding="utf-8")
    return load_calendars(path)


def test_hours_holidays_exceptions_and_teams_are_read(tmp_path: Path) -> None:
    (tmp_path / "c.yml").write_text(OFFICE, encoding="utf-8")
    calendars = load_calendars(tmp_path / "c.yml")
    usual = calendars.usual
    assert usual.zone == ZoneInfo("Europe/Berlin")
    assert usual.week[0] == (Span(540, 750), Span(810, 1020))
    assert usual.week[4] == (Span(1320, 1560),)
    assert usual.week[1] == usual.week[6] == ()
    assert usual.dates == {date(2026, 12, 25): (), date(2026, 12, 24): (Span(540, 720),), date(2026, 12, 31): ()}
    assert calendars.of("repairs").week == (ALL_DAY,) * 7


def test_the_calendar_we_ship_is_always_open_so_that_the_demo_works_at_any_hour() -> None:
    assert load_calendars().usual.open_until(datetime(2026, 11, 22, 3, tzinfo=UTC)) is None
    assert load_calendars().usual.is_open(datetime(2026, 12, 25, 3, tzinfo=UTC))


def test_the_example_in_the_calendar_we_ship_is_right(tmp_path: Path) -> None:
    shipped = (Path(__file__).parents[2] / "data/policy/calendar.yml").read_text(encoding="utf-8")
    example = shipped.partition("for instance:")[2].partition("\n  week: always")[0]
    path = tmp_path / "calendar.yml"
    example = example.replace("\n  # ", "\n  ")
    path.write_text(f"usual:\n  time_zone: Europe/Berlin{example}\n", encoding="utf-8")
    usual = load_calendars(path).usual
    assert usual.week[4] == (Span(540, 780), Span(1320, 1560))
    assert usual.dates[date(2026, 12, 31)] == usual.dates[date(2027, 1, 1)] == ()


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("Europe/Berlin", "Europe/Berlinn", 'usual.time_zone: there is no time zone "Europe/Berlinn"'),
        ("Europe/Berlin", "../../etc/passwd", "usual.time_zone: there is no time zone"),
        ('"09:00-12:30"', "9-17", 'usual.week: monday: "9-17" is not a span of time; write one such as'),
        ('"09:00-12:30"', '"09:00-12:75"', 'monday: "09:00-12:75" has a time that no clock shows'),
        ('"09:00-12:30"', '"09:00-25:00"', "times go from 00:00 to 24:00"),
        ('"09:00-12:30"', '"09:00-09:00"', 'a whole day is "00:00-24:00"'),
        ('"09:00-12:30"', '"09:00-14:00"', "monday: two spans of this day overlap"),
        ('["22:00-02:00"]', "22:00-02:00", "friday: write a list of spans"),
        ("monday:", "munday:", "munday is no day of the week; the days are monday, tuesday"),
        ("sunday: closed", 'monday: ["08:00-09:00"]', "monday stands there twice, again in line 7"),
        ("[2026-12-25]", "[2026-12-24]", "2026-12-24 is a holiday and an exception"),
        ("[2026-12-25]", "[25.12.2026]", "usual.holidays.0: Input should be a valid date"),
        ("2026-12-31: closed", '2026-12-31: "12-13"', "usual.exceptions: 2026-12-31: write a list of spans"),
        ("2026-12-31: closed", "silvester: closed", "usual.exceptions: silvester is no date; write one such as"),
        ("week: always", "week: {}", "teams.repairs: the desk never opens"),
        ("week: always", "week: sometimes", "teams.repairs.week: write always, or the days with their spans"),
        ("week: always", "week: always\n    exceptions: closed", "repairs.exceptions: write dates with their spans"),
        ("usual:", "default:", "usual: Field required"),
        ("  holidays", "  hollidays", "usual.hollidays: Extra inputs are not permitted"),
    ],
)
def test_a_mistake_is_named_where_it_stands(tmp_path: Path, old: str, new: str, told: str) -> None:
    with pytest.raises(BadInput) as refused:
        loaded(tmp_path, OFFICE.replace(old, new, 1))
    assert told in refused.value.message
    assert "calendar.yml" in refused.value.message


def test_a_file_that_is_missing_or_no_yaml_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is missing"):
        load_calendars(tmp_path / "none.yml")
    with pytest.raises(BadInput, match="is not YAML"):
        loaded(tmp_path, "usual: [")
    with pytest.raises(BadInput, match="the file: "):
        loaded(tmp_path, "")
