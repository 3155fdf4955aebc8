"""Processes of a chaos run: begun by forking one that has everything imported, so that 500 kills do not take an hour.

Each is a process of its own with its own memory, files and sockets, and dies of SIGKILL like any other.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path

from tests.chaos.plain_http import Status, asked

_READY_SECONDS = 60.0


def forking() -> ForkServerContext:
    """The context all processes of a run are made with; imports happen once, in its server."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.chaos.service_process", "tests.chaos.little_rasa"])
    return context


def _run(main: Callable[[], None], environment: dict[str, str], log: str) -> None:
    """In the new process: output to ``log``, the environment replaced, then ``main``."""
    out = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.dup2(out, 1)
    os.dup2(out, 2)
    sys.stdout = os.fdopen(1, "w", buffering=1, closefd=False)
    os.environ.clear()
    os.environ.update(environment)
    main()


@dataclass
class Process:
    """One process that can be killed, paused and begun again. ``health`` answers 200 once it serves."""

    name: str
    main: Callable[[], None]
    environment: dict[str, str]
    log: Path
    health: str
    context: ForkServerContext | None = field(default=None, repr=False)
    made: BaseProcess | None = field(default=None, repr=False)
    paused: bool = False

    @property
    def alive(self) -> bool:
        return self.made is not None and self.made.is_alive()

    @property
    def pid(self) -> int:
        assert self.made is not None
        assert self.made.pid is not None
        return self.made.pid

    def begin(self, **settings: str) -> None:
        """Start it, with ``settings`` over its environment for this life only."""
        environment = {**os.environ, **self.environment, **settings}
        assert self.context is not None
        self.made = self.context.Process(target=_run, args=(self.main, environment, str(self.log)), daemon=True)
        self.made.start()
        self.paused = False

    async def ready(self, seconds: float = _READY_SECONDS) -> bool:
        """True when it answers; False when it ended before that. Raises TimeoutError when neither happens."""
        for _ in range(int(seconds / 0.05)):
            if not self.alive:
                return False
            if self.paused or await asked(self.health, seconds=1.0) == Status.OK:
                return True
            await asyncio.sleep(0.05)
        raise TimeoutError(f"{self.name} did not come up; its last lines:\n{self.tail()}")

    def kill(self) -> bool:
        """SIGKILL; False when it was dead already."""
        if not self.alive:
            return False
        os.kill(self.pid, signal.SIGKILL)
        self._reap()
        return True

    def end(self) -> None:
        """SIGTERM, and SIGKILL to what is left."""
        if self.made is None:
            return
        self.go_on()
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)
        self.made.join(15)
        self.kill()

    def pause(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)
        self.paused = True

    def go_on(self) -> None:
        if self.paused:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGCONT)
            self.paused = False

    def tell(self, number: int) -> None:
        """Send a signal that it handles."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def tail(self, lines: int = 30) -> str:
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def _reap(self) -> None:
        assert self.made is not None
        self.made.join(20)
