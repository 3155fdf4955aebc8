"""Where the time of our turns goes: the sums of the service's own `/metrics`, between two looks."""

from __future__ import annotations

import re
from collections.abc import Mapping

from bench.plain_http import Pool

_LINE = re.compile(r'^switchboard_turn_seconds_(sum|count)\{stage="([a-z_]+)"\} (\S+)$', re.MULTILINE)


async def stage_sums(service: Pool) -> dict[str, tuple[float, float]]:
    """For each stage of a turn: seconds in all, and how many."""
    _, body = await service.get("/metrics")
    return read_sums(body.decode())


def read_sums(text: str) -> dict[str, tuple[float, float]]:
    """The same from the text of `/metrics`."""
    found: dict[str, dict[str, float]] = {}
    for kind, stage, value in _LINE.findall(text):
        found.setdefault(stage, {})[kind] = float(value)
    return {stage: (one["sum"], one["count"]) for stage, one in found.items() if len(one) == 2}


def means(before: Mapping[str, tuple[float, float]], after: Mapping[str, tuple[float, float]]) -> dict[str, float]:
    """Milliseconds of each stage on average, of the turns between two looks."""
    found = {}
    for stage, (seconds, count) in after.items():
        seconds_before, count_before = before.get(stage, (0.0, 0.0))
        if count > count_before:
            found[stage] = (seconds - seconds_before) / (count - count_before) * 1000
    return found
