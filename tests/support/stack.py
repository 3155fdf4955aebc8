"""The whole product on free loopback ports: service, actions, Rasa and a scripted model, as `make up` starts them."""

from __future__ import annotations

import json
import signal
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.model_in_thread import ModelInThread, model_in_thread
from tests.support.processes import Child, free_port
from tools.process_env import SERVING

ROOT = Path(__file__).resolve().parents[2]
RASA = ROOT / ".venv-rasa" / "bin" / "rasa"
PASSWORD = "correct horse battery staple"
SECRETS = {"SECRET_KEY": "k" * 40, "INTERNAL_TOKEN": "t" * 40, "RASA_TOKEN": "r" * 40}


def newest_model() -> Path:
    """The trained model to serve; `make train` makes one."""
    models = sorted((ROOT / "models").glob("*.tar.gz"), key=lambda path: path.stat().st_mtime)
    assert models, "no trained model: run `make train` first"
    return models[-1]


# Where each process answers when it is up; the service's says whether everything it needs is there.
_READY = {"service": "/readyz", "actions": "/health", "rasa": "/"}
_START_SECONDS = 180.0  # Rasa loads its model in ten seconds on an idle machine, in a minute on a crowded one


@dataclass
class Stack:
    """A running product. ``url`` is the service; ``model`` the scripted model that writes the replies."""

    url: str
    folder: Path
    children: dict[str, Child]
    ports: dict[str, int]
    model: ModelInThread

    @property
    def sockets(self) -> str:
        return self.url.replace("http", "ws", 1)

    @property
    def record(self) -> Path:
        """The service's database."""
        return self.folder / "switchboard.db"

    def dialogue(self, conversation: str) -> list[dict[str, Any]]:
        """Where the dialogue stands by the record: the events that Rasa is given before the next turn."""
        with closing(sqlite3.connect(f"file:{self.record}?mode=ro", uri=True)) as record:
            kept = record.execute("SELECT state FROM dialogues WHERE conversation = ?", [conversation]).fetchone()
        return [] if kept is None else list(json.loads(kept[0])["events"])

    def slot(self, conversation: str, name: str) -> Any:
        """What that dialogue has in a slot; None when nothing was ever put there."""
        values = [e["value"] for e in self.dialogue(conversation) if e["event"] == "slot" and e["name"] == name]
        return values[-1] if values else None

    def kill(self, name: str) -> None:
        """SIGKILL: no time to tidy up."""
        self.children[name].kill()

    def start(self, name: str, **settings: str) -> None:
        """Start a process that is not running, with ``settings`` over its environment, and wait until all is green."""
        child = self.children[name]
        child.env |= settings
        child.start()
        child.wait_for(f"http://127.0.0.1:{self.ports[name]}{_READY[name]}", _START_SECONDS)
        self.children["service"].wait_for(f"{self.url}/readyz", _START_SECONDS)

    def restart(self, name: str, **settings: str) -> None:
        """Stop a process in good order and start it again."""
        self.children[name].stop()
        self.start(name, **settings)


def _environment(folder: Path, ports: dict[str, int], model: str) -> dict[str, str]:
    service = f"http://127.0.0.1:{ports['service']}"
    return {
        **SERVING,
        **SECRETS,
        "LLM_PROVIDER": "openai",
        "OPENAI_BASE_URL": model,
        "OPENAI_API_KEY": "none",
        "HOST": "127.0.0.1",
        "PORT": str(ports["service"]),
        "PUBLIC_ORIGINS": service,
        "SERVICE_URL": service,
        "RASA_URL": f"http://127.0.0.1:{ports['rasa']}",
        "ACTIONS_URL": f"http://127.0.0.1:{ports['actions']}",
        "ACTIONS_PORT": str(ports["actions"]),
        "DATABASE_URL": f"sqlite+aiosqlite:///{folder}/switchboard.db",
        "SECRETS_FILE": str(folder / "inbox_key"),
        "SHOP_DB": str(folder / "shop.db"),
        "RASA_TELEMETRY_ENABLED": "false",
        "SANIC_HOST": "127.0.0.1",
        "DEMO": "true",
        "DEMO_PASSWORD": PASSWORD,
        "PYTHONUNBUFFERED": "1",
    }


def _endpoints(folder: Path, ports: dict[str, int]) -> str:
    """Rasa's endpoints for these ports, and a tracker store of this stack's own."""
    file = folder / "endpoints.yml"
    file.write_text(
        f"action_endpoint:\n  url: http://127.0.0.1:{ports['actions']}/webhook\n"
        "tracker_store:\n  type: bot.rasa_store.tracker_store.FedTrackerStore\n"
        "lock_store:\n  type: bot.rasa_store.lock_store.BriefLockStore\n"
    )
    return str(file)


def _commands(ports: dict[str, int], folder: Path) -> dict[str, list[str]]:
    python = sys.executable
    rasa = [str(RASA), "run", "--enable-api", "-i", "127.0.0.1", "-p", str(ports["rasa"]), "-m", str(newest_model())]
    return {
        "rasa": [*rasa, "--auth-token", SECRETS["RASA_TOKEN"], "--endpoints", _endpoints(folder, ports)],
        "actions": [python, "-m", "rasa_sdk", "--actions", "actions", "-p", str(ports["actions"])],
        "service": [python, "-m", "bot"],
    }


@contextmanager
def running_stack(folder: Path, **settings: str) -> Iterator[Stack]:
    """Start everything, wait until `/readyz` is green, and leave nothing behind."""
    ports = {name: free_port() for name in ("service", "actions", "rasa")}
    with model_in_thread() as model:
        environment = {**_environment(folder, ports, model.url), **settings}
        children = {
            name: Child(name, argv, ROOT, dict(environment), folder / f"{name}.log")
            for name, argv in _commands(ports, folder).items()
        }
        url = f"http://127.0.0.1:{ports['service']}"
        try:
            for child in children.values():
                child.start()
            children["service"].wait_for(f"{url}/readyz", _START_SECONDS)
            yield Stack(url, folder, children, ports, model)
        finally:
            for child in children.values():
                child.kill(signal.SIGTERM)  # all at once: each takes some seconds
            for child in children.values():
                child.stop()
