"""Draws what a row gave as SVG: percentile curves where there are samples, bars where there are only figures."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bench.row import OURS

_WIDE, _HIGH = 560, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 72, 18, 22, 34
# Percentiles are drawn by how few are above them: the tail, which people notice, gets as much room as the middle.
_SHARES = ((0.0, "0"), (0.5, "p50"), (0.9, "p90"), (0.99, "p99"), (0.999, "p99.9"))
_MOST_NINES = 3.35
# From this ratio of the largest to the smallest value on the scale is logarithmic.
_WIDE_APART = 40

Json = Mapping[str, Any]


def curves(samples: Sequence[Json], goals: Sequence[Json]) -> str:
    """One plot for each thing that was measured: a curve for ours and each control, the goal as a dashed line."""
    groups: dict[tuple[str, str], list[Json]] = {}
    for one in samples:
        if any(value is not None for _, value in one["at"]):
            groups.setdefault((one["what"], one["unit"]), []).append(one)
    return "".join(
        _curves(what, unit, group, limits_in(unit, what, goals, alone=len(groups) == 1))
        for (what, unit), group in groups.items()
    )


def bars(figures: Sequence[Json]) -> str:
    """A bar for each figure, one plot for each unit."""
    groups: dict[str, list[Json]] = {}
    for figure in figures:
        if figure["value"] is not None:
            groups.setdefault(figure["unit"], []).append(figure)
    return "".join(_bars(unit, group) for unit, group in groups.items())


def number(value: float | None) -> str:
    """Three digits that count; a dash where there is none."""
    if value is None:
        return "–"
    if value == 0 or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.{max(0, 2 - math.floor(math.log10(abs(value))))}f}"


def nines(share: float) -> float:
    """Where a percentile stands on its axis: 0 for 0, 1 for 0.9, 2 for 0.99; the largest value comes last."""
    return _MOST_NINES if share >= 1 else min(_MOST_NINES, -math.log10(1 - share))


def limits_in(unit: str, what: str, goals: Sequence[Json], *, alone: bool) -> list[float]:
    """The limits that belong into a plot of ``what``: of goals in its unit that name it (up to its first comma).

    ``alone``: the row has no other plot, so every goal in its unit (``p99 at most 10 ms``) is about it.
    """
    named = [goal for goal in goals if goal["limit"] is not None and unit in goal["words"].split()]
    head = what.partition(",")[0]
    return sorted({float(goal["limit"]) for goal in named if alone or head in goal["words"]})


def places(names: Sequence[str]) -> dict[str, int]:
    """The colour of each who was measured: 0 is ours, the controls follow in the order they come."""
    others = list(dict.fromkeys(name for name in names if name != OURS))
    return {OURS: 0, **{name: 1 + place % 4 for place, name in enumerate(others)}}


def _curves(what: str, unit: str, group: Sequence[Json], limits: Sequence[float]) -> str:
    values = [value for one in group for _, value in one["at"] if value is not None]
    up, ticks = _scale([*values, *limits])
    colour = places([one["of"] for one in group])
    drawn = [_axis(ticks, up), *(_goal(limit, unit, up) for limit in limits)]
    for share, words in (*_SHARES, (1.0, "max")):
        x = _x(share)
        drawn.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{_HIGH - _BOTTOM}"/>')
        drawn.append(f'<text x="{x:.1f}" y="{_HIGH - 12}" text-anchor="middle">{words}</text>')
    for one in group:
        points = " ".join(f"{_x(share):.1f},{up(value):.1f}" for share, value in one["at"] if value is not None)
        drawn.append(f'<polyline class="curve of-{colour[one["of"]]}" points="{points}"/>')
    keys = "".join(f'<li class="of-{colour[one["of"]]}">{_counted(one)}</li>' for one in group)
    caption = f"{html.escape(what)}, in {html.escape(unit)}"
    return _figure(caption, drawn, f'<ul class="legend">{keys}</ul>')


def _counted(one: Json) -> str:
    lost = f', <span class="lost">{one["lost"]:,} lost</span>' if one["lost"] else ", none lost"
    return f"{html.escape(one['of'])}: {one['count']:,} samples{lost}"


def _bars(unit: str, group: Sequence[Json]) -> str:
    colour = places([figure["of"] for figure in group])
    most = max([*(abs(figure["value"]) for figure in group), 1e-9])
    drawn, high = [], 44
    for place, figure in enumerate(group):
        top = place * high + 4
        long = max(2.0, (_WIDE - 90) * abs(figure["value"]) / most)
        words = html.escape(f"{figure['of']}: {figure['what']}")
        drawn.append(f'<text x="0" y="{top + 12}">{words}</text>')
        drawn.append(
            f'<rect class="bar of-{colour[figure["of"]]}" x="0" y="{top + 18}" width="{long:.1f}" height="14" rx="2"/>'
            f'<text x="{long + 6:.1f}" y="{top + 30}">{number(figure["value"])}</text>'
        )
    return _figure(f"in {html.escape(unit)}", drawn, "", high=len(group) * high + 8)


def _figure(caption: str, drawn: Sequence[str], under: str, *, high: int = _HIGH) -> str:
    picture = f'<svg viewBox="0 0 {_WIDE} {high}" role="img" aria-label="{caption}">{"".join(drawn)}</svg>'
    return f"<figure><figcaption>{caption}</figcaption>{picture}{under}</figure>"


def _x(share: float) -> float:
    return _LEFT + (_WIDE - _LEFT - _RIGHT) * nines(share) / _MOST_NINES


def _scale(values: Sequence[float]) -> tuple[Callable[[float], float], list[float]]:
    """Where a value stands, and the values that are marked at the side."""
    above = [value for value in values if value > 0]
    low, top = (min(above), max(above)) if above else (1.0, 1.0)
    span = _HIGH - _TOP - _BOTTOM
    if top < low * _WIDE_APART:
        step = _step(top / 5)
        most = step * math.ceil(top / step)
        return (lambda value: _HIGH - _BOTTOM - span * max(value, 0.0) / most), [
            step * place for place in range(math.ceil(top / step) + 1)
        ]
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(top))
    ticks = [10.0**power for power in range(first, last + 1)]
    return (lambda value: _HIGH - _BOTTOM - span * (math.log10(max(value, ticks[0])) - first) / (last - first)), ticks


def _step(rough: float) -> float:
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * times for times in (1, 2, 5, 10) if power * times >= rough * 0.999)


def _axis(ticks: Sequence[float], up: Callable[[float], float]) -> str:
    lines = (
        f'<line class="grid" x1="{_LEFT}" x2="{_WIDE - _RIGHT}" y1="{up(tick):.1f}" y2="{up(tick):.1f}"/>'
        f'<text x="{_LEFT - 6}" y="{up(tick) + 4:.1f}" text-anchor="end">{_short(tick)}</text>'
        for tick in ticks
    )
    return "".join(lines)


def _short(tick: float) -> str:
    return f"{tick:,.0f}" if tick >= 1000 else f"{tick:g}"


def _goal(limit: float, unit: str, up: Callable[[float], float]) -> str:
    y = up(limit)
    return (
        f'<line class="goal" x1="{_LEFT}" x2="{_WIDE - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<text class="goal-words" x="{_LEFT + 6}" y="{y - 5:.1f}">goal {number(limit)} {html.escape(unit)}</text>'
    )
