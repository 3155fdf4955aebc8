"""Runs the jobs of a plan and starts those again that end, as a container's restart policy does; stops all when asked.

Started under the keeper: `python -m tools.supervisor plan.json`. Each job writes into a file of its own. A job that
cannot stay up ends everything, with its last words.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

RESTART_AFTER = 1.0
# So often in a row, each time within so many seconds of its start: it will not stay up.
TRIES = 5
YOUNG = 10.0
# The service's own limit for open connections is SHUTDOWN_SECONDS, usually 10.
PATIENCE = 13.0


@dataclass(frozen=True, slots=True)
class Job:
    """One process: its name, command, what it has in its environment beside ours, and the signal that ends it well."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    stop: str = "SIGTERM"


def write_plan(path: Path, jobs: Sequence[Job], logs: Path) -> None:
    """Write the plan for `main`; no secrets belong in it, they are inherited."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"logs": str(logs), "jobs": [asdict(job) for job in jobs]}, indent=1), encoding="utf-8")


def read_plan(path: Path) -> tuple[list[Job], Path]:
    """The jobs of a plan, and the folder of their logs."""
    plan = json.loads(path.read_text(encoding="utf-8"))
    return [Job(**job) for job in plan["jobs"]], Path(plan["logs"])


class Kept:
    """One job while it runs, ends and runs again."""

    def __init__(self, job: Job, logs: Path) -> None:
        self.job = job
        self.log = logs / f"{job.name}.log"
        self.process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._ended = 0.0
        self._failures = 0

    def look(self, now: float) -> None:
        """Start it if it is time; notice if it has ended."""
        if self.process is None:
            if now - self._ended >= RESTART_AFTER:
                self._start(now)
        elif self.process.poll() is not None:
            self._failures = self._failures + 1 if now - self._started < YOUNG else 1
            self._ended = now
            print(f"{self.job.name} ended with {self.process.returncode}", flush=True)
            self._end_group(signal.SIGKILL)  # what it may have left behind
            self.process = None

    @property
    def hopeless(self) -> bool:
        return self._failures >= TRIES

    def last_lines(self, count: int) -> str:
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-count:])

    def ask_to_stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.Signals[self.job.stop])

    def gone(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def kill(self) -> None:
        self._end_group(signal.SIGKILL)
        if self.process is not None:
            self.process.wait()

    def _start(self, now: float) -> None:
        self._started = now
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                list(self.job.command),
                env={**os.environ, **self.job.env},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        print(f"{self.job.name} is process {self.process.pid}", flush=True)

    def _end_group(self, number: signal.Signals) -> None:
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)


def supervise(jobs: Sequence[Kept], stopped: Sequence[bool]) -> Kept | None:
    """Look after the jobs until ``stopped`` has something in it (None) or one is hopeless (that one)."""
    while not stopped:
        for kept in jobs:
            kept.look(time.monotonic())
            if kept.hopeless:
                return kept
        time.sleep(0.2)
    return None


def stop(jobs: Sequence[Kept]) -> None:
    """Ask all at once, wait, and kill what is left."""
    for kept in jobs:
        kept.ask_to_stop()
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and not all(kept.gone() for kept in jobs):
        time.sleep(0.1)
    for kept in jobs:
        kept.kill()


def main(arguments: Sequence[str]) -> int:
    """Run the plan that the argument names. Returns 0 when stopped from outside, 1 when a job would not stay up."""
    planned, logs = read_plan(Path(arguments[0]))
    logs.mkdir(parents=True, exist_ok=True)
    jobs = [Kept(job, logs) for job in planned]
    stopped: list[bool] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, frame: stopped.append(True))
    hopeless = supervise(jobs, stopped)
    if hopeless is not None:
        print(f"{hopeless.job.name} does not stay up; its last lines:\n{hopeless.last_lines(20)}", flush=True)
    stop(jobs)
    return 0 if hopeless is None else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
