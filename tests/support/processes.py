"""Child processes for tests: free ports, readiness by HTTP, output kept, and always killed with their children."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path


def free_port() -> int:
    """A loopback port nobody listens on now, below those that the system gives to outgoing connections.

    One of those may be taken again before the process it was chosen for has started.
    """
    while True:
        port = random.randint(15_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@dataclass
class Child:
    """One process in a group of its own; ``log`` holds everything it printed."""

    name: str
    argv: list[str]
    cwd: Path
    env: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = field(default=None)

    def start(self) -> None:
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                self.argv,
                cwd=self.cwd,
                env={**os.environ, **self.env},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send ``number`` to the whole group and, for a kill, wait until it is gone."""
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)
        if number == signal.SIGKILL:
            self.process.wait(20)

    def stop(self) -> None:
        """Ask it to end, and kill what is left."""
        self.kill(signal.SIGTERM)
        if self.process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(15)
        self.kill()

    def tail(self, lines: int = 40) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def wait_for(self, url: str, seconds: float = 120.0) -> None:
        """Wait until ``url`` answers 200; raises AssertionError with the log's tail when it does not."""
        answer = "no answer"
        for _ in range(int(seconds / 0.25)):
            if self.process is None or self.process.poll() is not None:
                raise AssertionError(f"{self.name} ended early:\n{self.tail()}")
            try:
                with urllib.request.urlopen(url, timeout=5) as response:
                    if response.status == 200:
                        return
            except urllib.error.HTTPError as error:
                answer = f"{error.code} {error.read()[:2000]!r}"
            except OSError as error:
                answer = str(error)
            time.sleep(0.25)
        raise AssertionError(f"{self.name} was not ready at {url}: {answer}\n{self.tail()}")
