"""Reads data/policy/calendar.yml and says what is wrong with it in words an editor understands."""

from __future__ import annotations

import re
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from handover.calendar import ALL_DAY, Calendar, Calendars, Span
from handover.errors import BadInput
from handover.policy_settings import POLICY_FOLDER

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SPAN = re.compile(r"(\d{1,2}):(\d{2}) ?- ?(\d{1,2}):(\d{2})")


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f'there is no time zone "{name}"; write one such as Europe/Berlin') from error


def _span(text: object) -> Span:
    found = _SPAN.fullmatch(text.strip()) if isinstance(text, str) else None
    if found is None:
        raise ValueError(f'"{text}" is not a span of time; write one such as "09:00-17:00"')
    begin, end = int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])
    if max(int(found[2]), int(found[4])) > 59 or begin >= 24 * 60 or end > 24 * 60:
        raise ValueError(f'"{text}" has a time that no clock shows; times go from 00:00 to 24:00')
    if begin == end:
        raise ValueError(f'"{text}" begins when it ends; a whole day is "00:00-24:00"')
    return Span(begin, end if end > begin else end + 24 * 60)


def _spans(given: object) -> tuple[Span, ...]:
    match given:
        case "closed":
            return ()
        case list():
            spans = tuple(sorted(map(_span, given)))
        case _:
            raise ValueError('write a list of spans such as ["09:00-12:30", "13:30-17:00"], or closed')
    if any(before.end > after.begin for before, after in pairwise(spans)):
        raise ValueError("two spans of this day overlap")
    return spans


def _spans_of(day: object, given: object) -> tuple[Span, ...]:
    try:
        return _spans(given)
    except ValueError as error:
        raise ValueError(f"{day}: {error}") from error


def _week(given: object) -> tuple[tuple[Span, ...], ...]:
    match given:
        case "always":
            return (ALL_DAY,) * 7
        case dict():
            unknown = [str(day) for day in given if day not in DAYS]
        case _:
            raise ValueError("write always, or the days with their spans")
    if unknown:
        raise ValueError(f"{', '.join(unknown)} is no day of the week; the days are {', '.join(DAYS)}")
    return tuple(_spans_of(day, given.get(day, "closed")) for day in DAYS)


def _exceptions(given: object) -> dict[date, tuple[Span, ...]]:
    match given:
        case dict():
            strange = [str(day) for day in given if type(day) is not date]
        case _:
            raise ValueError('write dates with their spans, such as 2026-12-24: ["09:00-12:00"]')
    if strange:
        raise ValueError(f"{', '.join(strange)} is no date; write one such as 2026-12-24")
    return {day: _spans_of(day, spans) for day, spans in given.items()}


class _Hours(BaseModel):
    """One calendar as an editor writes it."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    time_zone: Annotated[ZoneInfo, BeforeValidator(_zone)]
    week: Annotated[Any, BeforeValidator(_week)]
    holidays: tuple[date, ...] = ()
    exceptions: Annotated[Any, BeforeValidator(_exceptions)] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _makes_sense(self) -> _Hours:
        both = sorted(set(self.holidays) & set(self.exceptions))
        if both:
            raise ValueError(f"{', '.join(map(str, both))} is a holiday and an exception; it can be one of them")
        if not any(self.week) and not any(self.exceptions.values()):
            raise ValueError("the desk never opens; give a day a span, or write week: always")
        return self

    def calendar(self) -> Calendar:
        closed: dict[date, tuple[Span, ...]] = dict.fromkeys(self.holidays, ())
        return Calendar(self.time_zone, self.week, closed | self.exceptions)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    usual: _Hours
    teams: dict[str, _Hours] = Field(default_factory=dict)


class _Loader(yaml.SafeLoader):
    """YAML that refuses a key twice: otherwise the second monday silently wins."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.YAMLError(f"{key.value} stands there twice, again in line {key.start_mark.line + 1}")
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def load_calendars(path: Path = POLICY_FOLDER / "calendar.yml") -> Calendars:
    """The calendars in ``path``. Raises BadInput naming the file, the option, and what to write instead."""
    try:
        read: Any = yaml.load(path.read_text(encoding="utf-8"), _Loader)
    except FileNotFoundError as error:
        raise BadInput(f"The calendar file {path} is missing.") from error
    except yaml.YAMLError as error:
        raise BadInput(f"The calendar file {path} is not YAML: {error}") from error
    try:
        file = _File.model_validate(read)
    except ValidationError as error:
        raise BadInput(f"The calendar file {path} is wrong. {'; '.join(map(_told, error.errors()))}") from error
    return Calendars(file.usual.calendar(), {team: hours.calendar() for team, hours in file.teams.items()})


def _told(error: Any) -> str:
    where = ".".join(str(part) for part in error["loc"] if part != "[key]") or "the file"
    return f"{where}: {str(error['msg']).removeprefix('Value error, ')}"
