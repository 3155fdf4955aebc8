"""Runs the bench: ``python -m bench [--smoke] [--only P1,P2] [--out FOLDER]``; it ends by itself."""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path

from bench.complete import lacks
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
    """Run the bench as the command line says."""
    return run(sys.argv[1:], ROWS)


def run(arguments: Sequence[str], rows: Mapping[str, str]) -> int:
    """Measure those of ``rows`` that were asked for and keep what they gave. 1 when one broke or is not whole."""
    asked = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    asked.add_argument(
        "--smoke", action="store_true", help="small sizes: every row is produced, no figure means a thing"
    )
    asked.add_argument("--jobs", type=int, default=1, help="smoke rows side by side")
    asked.add_argument("--only", default="", help="rows, comma separated")
    asked.add_argument("--out", type=Path, default=ROOT / "bench" / "results", help="where the results go")
    given = asked.parse_args(arguments)
    chosen = [row for row in given.only.split(",") if row] or list(rows)
    unknown = [row for row in chosen if row not in rows]
    if unknown:
        asked.error(f"no such row: {', '.join(unknown)}; there are {', '.join(rows)}")
    if given.smoke and given.jobs > 1:
        broken = _side_by_side(chosen, given.out, given.jobs)
    else:
        broken = [row for row in chosen if not _measured(row, rows[row], full=not given.smoke, out=given.out)]
    if broken:
        print(f"could not be measured: {', '.join(broken)}", file=sys.stderr)
    return 1 if broken else 0


def _side_by_side(chosen: Sequence[str], out: Path, jobs: int) -> list[str]:
    """Smoke runs of ``chosen``, each in a process of its own: they mostly wait for processes to start."""

    def works(row: str) -> bool:
        command = [sys.executable, "-m", "bench", "--smoke", "--only", row, "--out", str(out)]
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        print(ended.stdout + ended.stderr, end="", flush=True)
        return ended.returncode == 0

    with ThreadPoolExecutor(jobs) as pool:
        return [row for row, worked in zip(chosen, pool.map(works, chosen), strict=True) if not worked]


def _measured(row: str, module: str, *, full: bool, out: Path) -> bool:
    scratch = ROOT / "var" / "bench"
    scratch.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    print(f"{row} …", flush=True)
    with tempfile.TemporaryDirectory(prefix=f"{row}-", dir=scratch, ignore_cleanup_errors=True) as folder:
        bench = Bench(full=full, folder=Path(folder), say=lambda line: print(f"  {line}", flush=True))
        try:
            its = import_module(module)
            measure: Callable[[Bench], Awaitable[Row]] = its.measure
            with asyncio.Runner(loop_factory=getattr(its, "LOOP", None)) as runner:
                found = runner.run(_whole(measure, bench))
        except Exception as error:  # one row that breaks does not take the others with it; it is named at the end
            print(f"  {type(error).__name__}: {error}", file=sys.stderr, flush=True)
            return False
    for figure in found.figures:
        print(f"  {figure.of}: {figure.what}: {figure.value:.4g} {figure.unit}")
    for goal in found.goals:
        print(f"  {'holds ' if goal.holds else 'MISSED'}  {goal.words}: {goal.reached:.4g} (limit {goal.limit:g})")
    keep(found, out, full=full, seconds=time.monotonic() - began)
    missing = [*([] if found.id == row else [f"it calls itself {found.id}"]), *lacks(found)]
    for words in missing:
        print(f"  {row} is not whole: {words}", file=sys.stderr, flush=True)
    return not missing


async def _whole(measure: Callable[[Bench], Awaitable[Row]], bench: Bench) -> Row:
    return await measure(bench)


if __name__ == "__main__":
    sys.exit(main())
