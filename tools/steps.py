"""A step runner: a line per step with its seconds, a summary at the end, and every failure named."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
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


def _attempt(step: Step) -> Outcome:
    """Do one step; trouble and surprises are failures of this step, not the end of the run."""
    try:
        return step.do()
    except Trouble as trouble:
        return Outcome(False, str(trouble))
    except Exception:
        return Outcome(False, traceback.format_exc())


def run_steps(steps: Sequence[Step], log_folder: Path) -> int:
    """Run all steps in order and print the summary; the last line is countable. Returns 0 when every step passed."""
    log_folder.mkdir(parents=True, exist_ok=True)
    failed: list[str] = []
    stopped_by = ""
    started = time.monotonic()
    for number, step in enumerate(steps, start=1):
        if stopped_by:
            print(f"[{number:2}/{len(steps)}] {step.name}: not run, because “{stopped_by}” failed", flush=True)
            failed.append(step.name)
            continue
        print(f"[{number:2}/{len(steps)}] {step.name} … ", end="", flush=True)
        before = time.monotonic()
        outcome = _attempt(step)
        print(f"{'passed' if outcome.passed else 'FAILED'} ({time.monotonic() - before:.0f} s)", flush=True)
        (log_folder / f"{number:02}.log").write_text(f"{step.name}\n\n{outcome.output}\n", encoding="utf-8")
        if not outcome.passed:
            failed.append(step.name)
            stopped_by = step.name if step.needed else ""
            print("\n".join("    " + line for line in outcome.output.splitlines()[-SHOWN_LINES:]), flush=True)
    _summary(len(steps), failed, time.monotonic() - started, log_folder)
    return 1 if failed else 0


def _summary(total: int, failed: Sequence[str], seconds: float, log_folder: Path) -> None:
    print(f"\n{total} steps in {seconds:.0f} s; what they printed is in {log_folder.parent.name}/{log_folder.name}/")
    for name in failed:
        print(f"failed: {name}")
    print(f"switchboard: {total - len(failed)} passed, {len(failed)} failed")
    sys.stdout.flush()
