"""Keeps the process manager and everything below it, and leaves nothing running however it ends.

Started by `up` in the service's environment, with a pipe as its standard input. While somebody holds the other end, the
manager's processes run; when the pipe ends (Ctrl-C, SIGTERM, `make` or `up` killed outright), when one of the
processes dies, or when the manager itself is killed, all of them are stopped, with force after a while.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import psutil

# Given by `up` and inherited by every process, so that even an orphan whose parents are gone is found.
MARK = "SWITCHBOARD_STACK"
# honcho itself waits 5 s before it kills; we come after it. Another manager says how long it takes.
PATIENCE_GIVEN = "SWITCHBOARD_PATIENCE"
PATIENCE = 8.0


def marked(mark: str) -> Iterator[psutil.Process]:
    """Every living process that carries our mark."""
    for process in psutil.process_iter():
        try:
            ours = process.pid != os.getpid() and process.environ().get(MARK) == mark
            if ours and process.status() != psutil.STATUS_ZOMBIE:
                yield process
        except psutil.Error:
            # Gone meanwhile, or somebody else's.
            continue


def send(mark: str, what: signal.Signals) -> None:
    """Send a signal to every process that carries our mark."""
    for process in list(marked(mark)):
        try:
            # psutil compares the start time first, so a reused process id is never hit.
            process.send_signal(what)
        except psutil.Error:
            continue


def stop(manager: subprocess.Popen[bytes], mark: str) -> None:
    """Ask the manager to stop, wait, and kill what is left."""
    if manager.poll() is None:
        manager.send_signal(signal.SIGTERM)
    else:
        # The manager is gone and cannot ask any more: we ask in its place.
        send(mark, signal.SIGTERM)
    until = time.monotonic() + float(os.environ.get(PATIENCE_GIVEN) or PATIENCE)
    while time.monotonic() < until and (manager.poll() is None or any(marked(mark))):
        time.sleep(0.2)
    # Twice: something may have been started while we looked.
    send(mark, signal.SIGKILL)
    send(mark, signal.SIGKILL)
    manager.wait()


def has_a_dead_process(manager: subprocess.Popen[bytes]) -> bool:
    """Whether a process of the Procfile is dead and nobody noticed.

    honcho sees a death by the end of the output, which a surviving grandchild holds open; what remains of the dead
    process is a zombie below one of honcho's watchers.
    """
    try:
        watchers = psutil.Process(manager.pid).children()
        processes = [process for watcher in watchers for process in watcher.children()]
        return any(process.status() == psutil.STATUS_ZOMBIE for process in processes)
    except psutil.Error:
        return False


def keep(command: list[str]) -> int:
    """Run the manager until the pipe ends or it ends by itself. Returns its exit code; 0 when asked to stop."""
    # A Ctrl-C in the terminal reaches this process too; the pipe is what counts.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    mark = os.environ[MARK]
    manager = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    asked = False
    looks_dead = 0
    # Only honcho has to be watched like this; ours looks after its own.
    watched = "honcho" in command
    while manager.poll() is None and not asked and looks_dead < 3:
        readable, _, _ = select.select([sys.stdin.buffer], [], [], 0.4)
        asked = bool(readable)
        # Three looks: honcho itself needs a moment to clear away a process that died the ordinary way.
        looks_dead = looks_dead + 1 if watched and has_a_dead_process(manager) else 0
    if looks_dead:
        print("keeper | a process ended and left children behind; stopping everything", flush=True)
    stop(manager, mark)
    return 0 if asked else manager.returncode or 1


def main(arguments: list[str]) -> int:
    """Keep the command that follows; with none, only kill what carries the mark (a keeper was killed outright)."""
    if arguments:
        return keep(arguments)
    send(os.environ[MARK], signal.SIGKILL)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
