"""Runs chaos: ``python -m tests.chaos short|closing [--seed N] [--only NAME] [--topology T]``; ends by itself.

Prints a line per episode, writes results/chaos/*.json, and fails on any violation, on a seeded bug that was not
caught, and when less was done than promised.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tests.chaos.episode import Episode, Outcome, play
from tests.chaos.plan import Plan, closing_plan, short_plan
from tests.chaos.report import Report, write_report
from tools.trouble import Trouble, explained

ROOT = Path(__file__).resolve().parents[2]
PLANS = {"short": short_plan, "closing": closing_plan}


def main(arguments: Sequence[str]) -> int:
    """0 when everything promised was done and nothing was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description="Faults, on purpose.")
    parser.add_argument("plan", choices=sorted(PLANS))
    parser.add_argument("--seed", type=int, default=None, help="the run to replay; by default a new one")
    parser.add_argument("--only", default="", help="only episodes whose name contains this; promises are not checked")
    parser.add_argument("--topology", action="append", choices=["embedded", "distributed"])
    parser.add_argument("--keep", type=Path, default=None, help="keep journals and records in this folder")
    given = parser.parse_args(arguments)
    plan = PLANS[given.plan](given.topology or ["embedded", "distributed"])
    seed = given.seed if given.seed is not None else random.SystemRandom().randrange(1_000_000)
    print(f"chaos {given.plan}, seed {seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="chaos-") as scratch:
        folder = given.keep or Path(scratch)
        try:
            report = asyncio.run(_run(given.plan, plan, seed, folder, given.only))
        except* Trouble as missing:
            raise _first(missing) from None
        if report.violated and given.keep is None:
            kept = ROOT / "results" / "chaos" / f"kept-{seed}"
            report.keep(folder, kept)
            print(f"journals and records of what went wrong: {kept.relative_to(ROOT)}")
    write_report(report, ROOT / "results" / "chaos")
    for line in report.lines():
        print(line, flush=True)
    return 0 if report.good(checked=not given.only) else 1


async def _run(name: str, plan: Plan, seed: int, folder: Path, only: str) -> Report:
    report = Report(name, seed, plan.promise)
    places = asyncio.Semaphore(plan.side_by_side)

    async def one(episode: Episode) -> None:
        async with places:
            outcome = await _one(episode, seed, folder / episode.name.replace(":", "").replace(" ", "-"))
        report.add(episode, outcome)
        print(report.line_of(episode, outcome), flush=True)

    async with asyncio.TaskGroup() as group:
        for episode in (*plan.episodes, *plan.bugs):
            if only in episode.name:
                group.create_task(one(episode))
    return report


def _first(group: BaseExceptionGroup[Trouble]) -> Trouble:
    """What is missing (a server program, say), once: every episode misses it."""
    found: BaseException = group
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    assert isinstance(found, Trouble)
    return found


async def _one(episode: Episode, seed: int, folder: Path) -> Outcome:
    """One episode; a seeded bug has a few tries to show itself, each with another seed."""
    for attempt in range(3 if episode.bug else 1):
        outcome = await play(replace(episode), seed + attempt, folder.with_name(f"{folder.name}-{attempt}"))
        if outcome.violations or not episode.bug:
            break
    return outcome


if __name__ == "__main__":
    sys.exit(explained(lambda: main(sys.argv[1:])))
