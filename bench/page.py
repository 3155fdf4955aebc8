"""The page over all results: one table with goals held and missed, and plots for each row. No script, one file."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.plots import bars, curves, number
from bench.row import OURS

_STYLE = Path(__file__).with_name("page.css")
# Figures of one party in the table; all of them stand below.
_SHOWN = 3

Json = Mapping[str, Any]


def write_page(folder: Path) -> Path:
    """Write ``index.html`` over the ``P*.json`` in ``folder``; returns its path."""
    rows = sorted((json.loads(file.read_text()) for file in folder.glob("P*.json")), key=lambda row: int(row["id"][1:]))
    page = folder / "index.html"
    page.write_text(page_of(rows))
    return page


def page_of(rows: Sequence[Json]) -> str:
    """The whole page; every text that comes from a result is escaped."""
    head = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Switchboard: the bench</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_STYLE.read_text()}</style></head>"
    )
    inside = _intro(rows) + _table(rows) + "".join(_section(row) for row in rows)
    return f"{head}<body><main>{inside}</main></body></html>\n"


def _intro(rows: Sequence[Json]) -> str:
    goals = [goal for row in rows for goal in row["goals"]]
    missed = sum(not goal["holds"] for goal in goals)
    smoke = "" if all(row["full"] for row in rows) else _SMOKE
    days = sorted({row["measured_at"][:10] for row in rows})
    when = html.escape(" to ".join(dict.fromkeys((days[0], days[-1])))) if days else "never"
    return (
        "<h1>The bench</h1><p>What Switchboard costs, each figure beside the control of the same run. "
        f"Measured {when}: {len(rows)} rows, {len(goals)} goals, {len(goals) - missed} held, {missed} missed.</p>"
        f"{smoke}{_machine(rows[-1]['machine']) if rows else ''}"
    )


_SMOKE = '<p class="smoke">Some of these rows come from a smoke run: its figures mean nothing.</p>'


def _machine(machine: Json) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items() if version)
    return _terms(
        "The machine and the versions",
        {
            "Processor": f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gib']} GiB",
            "System": f"{machine['system']}, Python {machine['python']}",
            "Versions": versions,
        },
        opened=True,
    )


def _table(rows: Sequence[Json]) -> str:
    names = ("Row", "What", "Ours", "Control", "Goal")
    head = "".join(f'<th scope="col">{name}</th>' for name in names)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(_line(row) for row in rows)}</tbody></table>"


def _line(row: Json) -> str:
    ours = [figure for figure in row["figures"] if figure["of"] == OURS][:_SHOWN]
    alike = {figure["what"] for figure in ours}
    others: dict[str, list[Json]] = {}
    for figure in row["figures"]:
        if figure["of"] != OURS:
            others.setdefault(figure["of"], []).append(figure)
    control = "".join(
        _figure(figure, named=True)
        for theirs in others.values()
        for figure in ([one for one in theirs if one["what"] in alike] or theirs)[:_SHOWN]
    )
    here = html.escape(row["id"])
    return (
        f'<tr><th scope="row"><a href="#{here}">{here}</a></th><td>{html.escape(row["title"])}</td>'
        f'<td data-label="Ours">{"".join(_figure(figure) for figure in ours)}</td>'
        f'<td data-label="Control">{control or "none"}</td>'
        f'<td data-label="Goal">{"".join(_goal(goal) for goal in row["goals"])}</td></tr>'
    )


def _figure(figure: Json, *, named: bool = False) -> str:
    of = f"{html.escape(figure['of'])}, " if named else ""
    value = f'<span class="number">{number(figure["value"])} {html.escape(figure["unit"])}</span>'
    return f"<p>{of}{html.escape(figure['what'])}: {value}</p>"


def _goal(goal: Json) -> str:
    kind = "held" if goal["holds"] else "missed"
    return f'<p><span class="badge {kind}">{kind}</span> {html.escape(goal["words"])}: {number(goal["reached"])}</p>'


def _section(row: Json) -> str:
    drawn = curves(row["samples"], row["goals"]) or bars(row["figures"])
    notes = "".join(f"<li>{html.escape(note)}</li>" for note in row["notes"])
    figures = "".join(f"<li>{_figure(figure, named=True)}</li>" for figure in row["figures"])
    load = " ".join(map(str, row["machine"]["load_average"]))
    settings = {name.replace("_", " "): str(value) for name, value in row["settings"].items()}
    here = html.escape(row["id"])
    return (
        f'<section id="{here}"><h2>{here}: {html.escape(row["title"])}</h2>{"".join(map(_goal, row["goals"]))}'
        f'<div class="plots">{drawn}</div>{f"<ul>{notes}</ul>" if notes else ""}'
        f"<details><summary>All {len(row['figures'])} figures</summary><ul>{figures}</ul></details>"
        f"{_terms('Settings and sizes', settings) if settings else ''}"
        f'<p class="soft">Measured {html.escape(row["measured_at"])} in {number(row["seconds"])} s, '
        f"load average at the end {html.escape(load)}{'' if row['full'] else '; a smoke run'}.</p></section>"
    )


def _terms(title: str, terms: Mapping[str, str], *, opened: bool = False) -> str:
    listed = "".join(f"<dt>{html.escape(name)}</dt><dd>{html.escape(value)}</dd>" for name, value in terms.items())
    return f"<details{' open' if opened else ''}><summary>{html.escape(title)}</summary><dl>{listed}</dl></details>"
