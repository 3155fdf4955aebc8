"""Keeps the process manager and everything below it, and leaves nothing running however it ends.

Started by `up` in the service's environment, with a pipe as its standard input. While somebody holds the other end, the
processes of the Procfile run; when the pipe ends (Ctrl-C, SIGTERM, `make` or `up` killed outright), when one of the
processes dies, or when the manager itself is killed, all of them are stopped, with force after a while.
"""

from __future__ import annotations

import select
import signal
import subprocess
import sys
import time

import psutil

# honcho itself waits 5 s before it kills; we come after it.
PATIENCE = 8.0


def descendants(of: int) -> set[psutil.Process]:
    """Every living process below a process id."""
    try:
        return set(psutil.Process(of).children(recursive=True))
    except psutil.NoSuchProcess:
        return set()


def stop(manager: subprocess.Popen[bytes], seen: set[psutil.Process]) -> None:
    """Ask the manager to stop, wait, and kill what is left of what was ever seen below it."""
    seen |= descendants(manager.pid)
    if manager.poll() is None:
        manager.send_signal(signal.SIGTERM)
    else:
        # The manager is gone and cannot ask any more: we ask in its place.
        _each(seen, signal.SIGTERM)
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and (manager.poll() is None or _living(seen)):
        seen |= descendants(manager.pid)
        time.sleep(0.1)
    for process in list(seen):
        seen |= _children(process)
    _each(seen, signal.SIGKILL)
    if manager.poll() is None:
        manager.kill()
    manager.wait()


def _children(process: psutil.Process) -> set[psutil.Process]:
    try:
        return set(process.children(recursive=True))
    except psutil.NoSuchProcess:
        return set()


def _living(processes: set[psutil.Process]) -> bool:
    return any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in processes)


def _each(processes: set[psutil.Process], what: signal.Signals) -> None:
    for process in processes:
        try:
            # psutil compares the start time first, so a reused process id is never hit.
            process.send_signal(what)
        except psutil.NoSuchProcess:
            continue


def keep(command: list[str]) -> int:
    """Run the manager until the pipe ends or it ends by itself. Returns its exit code; 0 when asked to stop."""
    # A Ctrl-C in the terminal reaches this process too; the pipe is what counts.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    manager = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    seen: set[psutil.Process] = set()
    asked = False
    while manager.poll() is None and not asked:
        seen = {process for process in seen | descendants(manager.pid) if process.is_running()}
        readable, _, _ = select.select([sys.stdin.buffer], [], [], 0.5)
        asked = bool(readable)
    stop(manager, seen)
    return 0 if asked else manager.returncode or 1


if __name__ == "__main__":
    sys.exit(keep(sys.argv[1:]))
