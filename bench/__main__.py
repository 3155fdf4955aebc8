"""Runs the bench: ``python -m bench [--smoke] [--only P1,P2] [--out FOLDER]``; it ends by itself."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from importlib import import_module
from pathlib import Path

from bench.results import keep
from bench.row import Bench, Row

ROOT = Path(__file__).resolve().parent.parent
# The module of each row; each has `async def measure(bench: Bench) -> Row`.
ROWS: Mapping[str, str] = {
    "P1": "bench.p01_relay_latency",
    "P2": "bench.p02_relay_throughput",
    "P3": "bench.p03_idle",
    "P4": "bench.p04_fan_out",
    "P5": "bench.p05_turn_overhead",
    "P6": "bench.p06_burst",
    "P7": "bench.p07_long_conversation",
    "P8": "bench.p08_two_rasas",
    "P9": "bench.p09_overload_health",
    "P10": "bench.p10_overload_goodput",
    "P11": "bench.p11_first_token",
    "P13": "bench.p13_recovery",
    "P14": "bench.p14_matching",
    "P15": "bench.p15_growth",
}


def main() -> int:
    """Measure the rows that were asked for and keep what they gave. 1 when one could not be measured."""
    asked = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    asked.add_argument(
        "--smoke", action="store_true", help="small sizes: every row is produced, no figure means a thing"
    )
    asked.add_argument("--only", default="", help="rows, comma separated")
    asked.add_argument("--out", type=Path, default=ROOT / "bench" / "results", help="where the results go")
    given = asked.parse_args()
    chosen = [row for row in given.only.split(",") if row] or list(ROWS)
    unknown = [row for row in chosen if row not in ROWS]
    if unknown:
        asked.error(f"no such row: {', '.join(unknown)}; there are {', '.join(ROWS)}")
    broken = [row for row in chosen if not _measured(row, full=not given.smoke, out=given.out)]
    if broken:
        print(f"could not be measured: {', '.join(broken)}", file=sys.stderr)
    return 1 if broken else 0


def _measured(row: str, *, full: bool, out: Path) -> bool:
    measure: Callable[[Bench], Awaitable[Row]] = import_module(ROWS[row]).measure
    scratch = ROOT / "var" / "bench"
    scratch.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    print(f"{row} …", flush=True)
    with tempfile.TemporaryDirectory(prefix=f"{row}-", dir=scratch, ignore_cleanup_errors=True) as folder:
        bench = Bench(full=full, folder=Path(folder), say=lambda line: print(f"  {line}", flush=True))
        try:
            found = asyncio.run(_whole(measure, bench))
        except Exception as error:  # one row that breaks does not take the others with it; it is named at the end
            print(f"  {type(error).__name__}: {error}", file=sys.stderr, flush=True)
            return False
    for figure in found.figures:
        print(f"  {figure.of}: {figure.what}: {figure.value:.4g} {figure.unit}")
    for goal in found.goals:
        print(f"  {'holds ' if goal.holds else 'MISSED'}  {goal.words}: {goal.reached:.4g} (limit {goal.limit:g})")
    keep(found, out, full=full, seconds=time.monotonic() - began)
    return True


async def _whole(measure: Callable[[Bench], Awaitable[Row]], bench: Bench) -> Row:
    return await measure(bench)


if __name__ == "__main__":
    sys.exit(main())
