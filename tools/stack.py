"""The three processes as one thing: start them from the Procfile, see whether they live, stop them all."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

KEPT_LINES = 40


class Stack:
    """The processes of a Procfile under honcho, which is under our keeper. Leaving `with` stops everything."""

    def __init__(self, python: Path, procfile: Path, env: Mapping[str, str], log: Path, *, show: bool = False) -> None:
        self._python = python
        self._procfile = procfile
        self._env = env
        self._log = log
        self._show = show
        self._last: list[str] = []

    def __enter__(self) -> Stack:
        # An env file that is not there: honcho's own .env would win over the caller's variables.
        honcho = [self._python, "-m", "honcho", "--env", os.devnull, "start", "--no-colour", "-f", self._procfile]
        keeper = [self._python, "-m", "tools.keeper", *honcho, "-d", self._procfile.parent]
        self._log.parent.mkdir(parents=True, exist_ok=True)
        self._process = subprocess.Popen(
            [str(part) for part in keeper],
            cwd=Path(__file__).resolve().parent.parent,
            env=dict(self._env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._log.open("wb") as log:
            for line in self._process.stdout:
                log.write(line)
                log.flush()
                text = line.decode(errors="replace").rstrip()
                self._last = [*self._last[-KEPT_LINES + 1 :], text]
                if self._show:
                    print(text, flush=True)

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    @property
    def last_lines(self) -> list[str]:
        """The end of what the processes wrote, each line with the name of its process in front."""
        return list(self._last)

    def stop(self) -> None:
        """Stop every process and wait until the last is gone. Doing it twice is harmless."""
        if self._process.stdin is not None and not self._process.stdin.closed:
            self._process.stdin.close()
        self._process.wait()
        self._reader.join(timeout=5)
