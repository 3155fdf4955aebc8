"""A step runner: a line per step with its seconds, a summary at the end, and every failure named.

Steps that keep less than one core busy, or wait, can go beside each other: see `Beside`.
"""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tools.trouble import Trouble

SHOWN_LINES = 80


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a step went: whether it passed, what it printed, seconds."""

    passed: bool
    output: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One named step. After a failed `needed` step the later ones cannot run and count as failed."""

    name: str
    do: Callable[[], Outcome]
    needed: bool = False


@dataclass(frozen=True, slots=True)
class Beside:
    """Lanes of steps that run at the same time, each lane in its own order; what follows waits for all of them.

    A failed `needed` step stops its own lane and what follows; the other lanes go to their end.
    """

    lanes: Sequence[Sequence[Step]]


def each(steps: Sequence[Step | Beside]) -> Iterator[Step]:
    """All steps, those of lanes lane by lane: the order of their numbers."""
    for step in steps:
        if isinstance(step, Step):
            yield step
        else:
            for lane in step.lanes:
                yield from lane


def run_steps(steps: Sequence[Step | Beside], log_folder: Path) -> int:
    """Run all steps in order and print the summary; the last line is countable. Returns 0 when every step passed."""
    log_folder.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    run = _Run(list(each(steps)), log_folder)
    stopped_by = ""
    for step in steps:
        lanes = [[step]] if isinstance(step, Step) else step.lanes
        if len(lanes) == 1:
            stopped_by = run.lane(lanes[0], stopped_by, alone=True)
            continue
        with ThreadPoolExecutor(len(lanes)) as threads:
            ends = list(threads.map(lambda lane, why=stopped_by: run.lane(lane, why, alone=False), lanes))
        stopped_by = next((end for end in ends if end), "")
    _summary(run, time.monotonic() - started)
    return 1 if run.failed else 0


@dataclass
class _Run:
    """Does steps and says so; a step of several at a time is told of when it has ended."""

    all: Sequence[Step]
    log_folder: Path
    failed: set[int] = field(default_factory=set)
    _speaks: threading.Lock = field(default_factory=threading.Lock)

    def lane(self, steps: Sequence[Step], stopped_by: str, *, alone: bool) -> str:
        """Do some steps in order, none after ``stopped_by``. Returns the name of the needed step that failed, or ""."""
        for step in steps:
            number = next(at for at, one in enumerate(self.all, start=1) if one is step)
            title = f"[{number:2}/{len(self.all)}] {step.name}"
            if stopped_by:
                self._say(f"{title}: not run, because “{stopped_by}” failed")
                self.failed.add(number)
            elif not self._passed(step, number, title, alone=alone) and step.needed:
                stopped_by = step.name
        return stopped_by

    def _passed(self, step: Step, number: int, title: str, *, alone: bool) -> bool:
        if alone:
            print(f"{title} … ", end="", flush=True)
        before = time.monotonic()
        outcome = _attempt(step)
        said = f"{'passed' if outcome.passed else 'FAILED'} ({time.monotonic() - before:.0f} s)"
        lines = [said if alone else f"{title} … {said}"]
        (self.log_folder / f"{number:02}.log").write_text(f"{step.name}\n\n{outcome.output}\n", encoding="utf-8")
        if not outcome.passed:
            self.failed.add(number)
            lines += ["    " + line for line in outcome.output.splitlines()[-SHOWN_LINES:]]
        self._say("\n".join(lines))
        return outcome.passed

    def _say(self, words: str) -> None:
        with self._speaks:
            print(words, flush=True)


def _attempt(step: Step) -> Outcome:
    """Do one step; trouble and surprises are failures of this step, not the end of the run."""
    try:
        return step.do()
    except Trouble as trouble:
        return Outcome(False, str(trouble))
    except Exception:
        return Outcome(False, traceback.format_exc())


def _summary(run: _Run, seconds: float) -> None:
    total, folder = len(run.all), run.log_folder
    print(f"\n{total} steps in {seconds:.0f} s; what they printed is in {folder.parent.name}/{folder.name}/")
    for number in sorted(run.failed):
        print(f"failed: {run.all[number - 1].name}")
    print(f"switchboard: {total - len(run.failed)} passed, {len(run.failed)} failed")
    sys.stdout.flush()
