"""`make up-distributed` for tests: on free ports, with everything it writes in a folder of the test's own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from tools.ports import in_use

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "correct horse battery staple"


@dataclass
class UpDistributed:
    """A running one; ``said`` is what it printed until now. ``url`` is the public door."""

    process: subprocess.Popen[str]
    folder: Path
    said: str = field(default="")

    @property
    def addresses(self) -> dict[str, Any]:
        """Who listens where: url, services, actions, rasas, postgres, redis."""
        note: dict[str, Any] = json.loads((self.folder / "addresses.json").read_text(encoding="utf-8"))
        return note

    @property
    def url(self) -> str:
        url: str = self.addresses["url"]
        return url

    def hear(self, words: str) -> None:
        """Wait until it has printed the words; AssertionError with all it said when it ends without them."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said += line
            if words in line:
                return
        raise AssertionError(f"never said {words!r}, but:\n{self.said}\n{self.logs()}")

    def hear_the_rest(self) -> str:
        assert self.process.stdout is not None
        self.said += self.process.stdout.read()
        self.process.wait()
        return self.said

    def logs(self) -> str:
        """The end of everything its processes wrote."""
        files = sorted((self.folder / "log").glob("*.log"))
        return "\n".join(f"== {file.name}\n{file.read_text(errors='replace')[-1500:]}" for file in files)

    def pid(self, job: str) -> int:
        """The process that does this job now, as the supervisor noted it."""
        group = "servers" if job in {"postgres", "redis"} else "replicas"
        noted = (self.folder / "log" / f"{group}.log").read_text(encoding="utf-8")
        return int(re.findall(rf"^{job} is process (\d+)$", noted, re.MULTILINE)[-1])

    def kill(self, job: str) -> int:
        """SIGKILL: no time to tidy up. Returns the pid that was."""
        pid = self.pid(job)
        os.kill(pid, signal.SIGKILL)
        return pid

    def everything(self) -> list[psutil.Process]:
        """Every process below ours."""
        return psutil.Process(self.process.pid).children(recursive=True)


def free_public_port() -> int:
    """A port that is free with enough others above it, outside the range that outgoing connections are given."""
    start = 20_000 + (os.getpid() * 97) % 10_000
    return next(port for port in range(start, 32_000) if not in_use(port))


@contextmanager
def up_distributed(driver: str, folder: Path, **settings: str) -> Iterator[UpDistributed]:
    """Run a driver, a program that calls `tools.up_distributed.main`, and leave nothing behind."""
    env = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "PORT": str(free_public_port()),
        "DEMO_PASSWORD": PASSWORD,
        **settings,
    }
    process = subprocess.Popen(
        [sys.executable, "-c", driver, str(folder)],
        cwd=ROOT,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield UpDistributed(process, folder)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=60)
        assert process.stdout is not None
        process.stdout.close()
