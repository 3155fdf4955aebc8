"""How good the predicted waits were: counts, the share inside the range, errors, by hour of the day. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from handover.waits import Wait, WaitEnd, WaitRange


class WaitFigures(BaseModel):
    """Of some waits. Seconds; None where there is nothing to count.

    ``judged`` were predicted and are decided: taken, or given up after the range had ended, which counts as outside.
    ``median_error`` is the distance between the wait and the middle of its range, ``median_bias`` the same with its
    sign: above zero, people waited longer than they were told.
    """

    waits: int
    taken: int
    gave_up: int
    left_message: int
    still_waiting: int
    predicted: int
    judged: int
    within_range: float | None
    median_wait: float | None
    median_error: float | None
    median_bias: float | None


class HourFigures(WaitFigures):
    """Of the waits that began in this hour of the day, by the desk's own clock."""

    hour: int


class WaitsReport(BaseModel):
    """``complete`` is False when there were more waits than are looked at; the newest are."""

    days: int
    time_zone: str
    complete: bool
    all: WaitFigures
    by_hour: list[HourFigures]


def report(waits: Sequence[Wait], *, days: int, zone: ZoneInfo, complete: bool = True) -> WaitsReport:
    """The report on ``waits``, those of the last ``days`` days."""
    hours: dict[int, list[Wait]] = {}
    for wait in waits:
        hours.setdefault(wait.made_at.astimezone(zone).hour, []).append(wait)
    return WaitsReport(
        days=days,
        time_zone=zone.key,
        complete=complete,
        all=figures(waits),
        by_hour=[HourFigures(hour=hour, **figures(hours[hour]).model_dump()) for hour in sorted(hours)],
    )


def figures(waits: Sequence[Wait]) -> WaitFigures:
    judged = [judgement for wait in waits if (judgement := _judged(wait)) is not None]
    taken = [wait.seconds for wait in waits if wait.how is WaitEnd.TAKEN and wait.seconds is not None]
    errors = [seconds - (shown.low + shown.high) / 2 for seconds, shown, taken_at_all in judged if taken_at_all]
    hits = sum(taken_at_all and shown.low <= seconds <= shown.high for seconds, shown, taken_at_all in judged)
    return WaitFigures(
        waits=len(waits),
        taken=len(taken),
        gave_up=sum(wait.how is WaitEnd.GAVE_UP for wait in waits),
        left_message=sum(wait.how is WaitEnd.LEFT_MESSAGE for wait in waits),
        still_waiting=sum(wait.how is None for wait in waits),
        predicted=sum(wait.predicted is not None for wait in waits),
        judged=len(judged),
        within_range=round(hits / len(judged), 4) if judged else None,
        median_wait=_median(taken),
        median_error=_median([abs(error) for error in errors]),
        median_bias=_median(errors),
    )


def _judged(wait: Wait) -> tuple[float, WaitRange, bool] | None:
    """The wait, what was said of it, and whether somebody came; None when it proves nothing."""
    if wait.predicted is None or wait.seconds is None:
        return None
    taken = wait.how is WaitEnd.TAKEN
    return (wait.seconds, wait.predicted, taken) if taken or wait.seconds > wait.predicted.high else None


def _median(values: Sequence[float]) -> float | None:
    return round(statistics.median(values), 1) if values else None
