"""Several processes as one thing: start them under a manager, see whether they live, stop them all."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

# By its path, not as a module: it starts in the folder of its processes, wherever that is.
MARK = "SWITCHBOARD_STACK"
# How many seconds the keeper gives its manager to stop everything.
PATIENCE_GIVEN = "SWITCHBOARD_PATIENCE"
KEEPER = Path(__file__).with_name("keeper.py")


def honcho(python: Path, procfile: Path) -> list[str]:
    """The manager for a Procfile. No env file: honcho's own .env would win over the caller's variables."""
    return [str(python), "-m", "honcho", "start", "--env", os.devnull, "--no-colour", "-f", str(procfile)]


class Stack:
    """Processes under a manager, which is under our keeper, in ``folder``. Leaving `with` stops everything."""

    def __init__(
        self,
        python: Path,
        manager: Sequence[str],
        folder: Path,
        env: Mapping[str, str],
        log: Path,
        *,
        show: bool = False,
    ) -> None:
        self._python = python
        self._manager = manager
        self._folder = folder
        self._log = log
        self._show = show
        self._over = threading.Event()
        self._env = {**env, MARK: f"{os.getpid()}-{time.time_ns()}"}

    def __enter__(self) -> Stack:
        self._log.parent.mkdir(parents=True, exist_ok=True)
        # Straight into a file: nobody downstream can stop reading and so stop the processes.
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [str(self._python), str(KEEPER), *self._manager],
                cwd=self._folder,
                env=self._env,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._shower = threading.Thread(target=self._show_log, daemon=True)
        if self._show:
            self._shower.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _show_log(self) -> None:
        with self._log.open(encoding="utf-8", errors="replace") as log:
            last_look = False
            while not last_look:
                last_look = self._over.wait(0.2)
                print(log.read(), end="", flush=True)

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def last_lines(self, count: int) -> list[str]:
        """The end of what the processes wrote, each line with the name of its process in front."""
        return self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-count:]

    def stop(self) -> None:
        """Stop every process and wait until the last is gone. Doing it twice is harmless."""
        if self._process.stdin is not None and not self._process.stdin.closed:
            self._process.stdin.close()
        if self._process.wait() < 0:
            # The keeper itself was killed by a signal and could not do its work.
            subprocess.run([str(self._python), str(KEEPER)], env=self._env, check=False)
        self._over.set()
        if self._show:
            self._shower.join(timeout=5)
