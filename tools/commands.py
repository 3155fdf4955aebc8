"""Runs other programs: with a line per step, their output kept, and a full disk recognised in what they print."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.trouble import FULL_DISK, Trouble

# What pip, uv, tar and Python print when a write fails for want of space.
FULL_DISK_SIGNS = ("No space left on device", "Errno 28", "os error 28", "Disk quota exceeded")
KEPT_BYTES = 40_000

Command = list[str | Path]


@dataclass(frozen=True, slots=True)
class Finished:
    """How a program ended: its exit code, the end of its output, and the seconds it took."""

    code: int
    output: str
    seconds: float

    @property
    def ok(self) -> bool:
        return self.code == 0


def run(
    command: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    show: bool = False,
) -> Finished:
    """Run a program to its end; `show` passes its output on as it comes. A program that is not there is code 127."""
    started = time.monotonic()
    surroundings = None if env is None else {**os.environ, **env}
    try:
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=cwd,
            env=surroundings,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
    except (FileNotFoundError, PermissionError, NotADirectoryError) as error:
        return Finished(127, str(error), time.monotonic() - started)
    output = _collect(process, show)
    return Finished(process.wait(), output, time.monotonic() - started)


def _collect(process: subprocess.Popen[bytes], show: bool) -> str:
    """The end of a program's output; raw pieces are passed on, so that progress bars keep moving."""
    assert process.stdout is not None
    kept = b""
    try:
        while piece := os.read(process.stdout.fileno(), 4096):
            kept = (kept + piece)[-KEPT_BYTES:]
            if show:
                sys.stdout.write(piece.decode(errors="replace"))
                sys.stdout.flush()
    except BaseException:
        process.terminate()
        process.wait()
        raise
    finally:
        process.stdout.close()
    return kept.decode(errors="replace")


def must(finished: Finished, what: str, *, shown: bool = False) -> Finished:
    """Return `finished` if it went well; else Trouble that names what failed, with its last lines unless shown."""
    if finished.ok:
        return finished
    if any(sign in finished.output for sign in FULL_DISK_SIGNS):
        raise Trouble(FULL_DISK)
    if shown:
        raise Trouble(f"{what} failed (exit code {finished.code}); the reason is above.")
    last = "\n".join(finished.output.strip().splitlines()[-15:])
    raise Trouble(f"{what} failed (exit code {finished.code}); its last lines are:\n{last}")


def say(line: str) -> None:
    """One line of progress."""
    print(line, flush=True)


def step(
    what: str, command: Sequence[str | Path], *, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> Finished:
    """Run one named step, quietly; a line before and one after, as others may run beside it. Trouble when it fails."""
    say(f"  {what} …")
    finished = run(command, cwd=cwd, env=env)
    say(f"  {what}: {finished.seconds:.0f} s" if finished.ok else f"  {what}: failed")
    return must(finished, what)
