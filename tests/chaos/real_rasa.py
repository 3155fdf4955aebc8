"""Real Rasa with the trained model and the real action server, as processes that a run may kill."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.processes import Process
from tests.support.stack import RASA, ROOT, SECRETS, newest_model

_PATIENCE = 240.0  # Rasa loads its model in ten seconds on an idle machine, in minutes on a crowded one


@dataclass
class Command(Process):
    """A process that is begun from a command line; killed with everything it started."""

    argv: list[str] = field(default_factory=list)
    popen: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def alive(self) -> bool:
        return self.popen is not None and self.popen.poll() is None

    @property
    def pid(self) -> int:
        assert self.popen is not None
        return self.popen.pid

    def begin(self, **settings: str) -> None:
        environment = {**os.environ, **self.environment, **settings}
        with self.log.open("ab") as out:
            self.popen = subprocess.Popen(
                self.argv, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                start_new_session=True,
            )  # fmt: skip
        self.paused = False

    async def ready(self, seconds: float = _PATIENCE) -> bool:
        return await super().ready(seconds)

    def kill(self) -> bool:
        if not self.alive:
            return False
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        assert self.popen is not None
        self.popen.wait(20)
        return True

    def end(self) -> None:
        self.kill()


def actions_process(folder: Path, port: int, service: str) -> Command:
    """The action server of the product, without a model: it answers from the help pages."""
    environment = {
        **SECRETS, "SERVICE_URL": service, "LLM_PROVIDER": "offline", "SHOP_DB": str(folder / "shop.db"),
        "PYTHONUNBUFFERED": "1",
    }  # fmt: skip
    return Command(
        "actions", _no_main, environment, folder / "actions.log", f"http://127.0.0.1:{port}/health",
        argv=[sys.executable, "-m", "rasa_sdk", "--actions", "actions", "-p", str(port)],
    )  # fmt: skip


def rasa_process(folder: Path, port: int, actions: int) -> Command:
    """Rasa as `make up` runs it; ``actions`` is the port under which it reaches the action server."""
    endpoints = folder / "endpoints.yml"
    endpoints.write_text(
        f"action_endpoint:\n  url: http://127.0.0.1:{actions}/webhook\n"
        "tracker_store:\n  type: bot.rasa_store.tracker_store.FedTrackerStore\n"
        "lock_store:\n  type: bot.rasa_store.lock_store.BriefLockStore\n"
    )
    quiet = {"RASA_TELEMETRY_ENABLED": "false", "SANIC_HOST": "127.0.0.1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    token = SECRETS["RASA_TOKEN"]
    argv = [str(RASA), "run", "--enable-api", "-i", "127.0.0.1", "-p", str(port), "-m", str(newest_model())]
    return Command(
        "rasa", _no_main, {**SECRETS, **quiet}, folder / "rasa.log", f"http://127.0.0.1:{port}/status?token={token}",
        argv=[*argv, "--auth-token", token, "--endpoints", str(endpoints)],
    )  # fmt: skip


def _no_main() -> None:
    raise AssertionError("a command is not forked")
