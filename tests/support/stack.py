"""The whole product on free loopback ports: service, actions, Rasa and a scripted model, as `make up` starts them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.processes import Child, free_port

ROOT = Path(__file__).resolve().parents[2]
RASA = ROOT / ".venv-rasa" / "bin" / "rasa"
PASSWORD = "correct horse battery staple"
SECRETS = {"SECRET_KEY": "k" * 40, "INTERNAL_TOKEN": "t" * 40, "RASA_TOKEN": "r" * 40}


def newest_model() -> Path:
    """The trained model to serve; `make train` makes one."""
    models = sorted((ROOT / "models").glob("*.tar.gz"), key=lambda path: path.stat().st_mtime)
    assert models, "no trained model: run `make train` first"
    return models[-1]


@dataclass
class Stack:
    """A running product. ``url`` is the service; ``prompts`` are the requests the scripted model was sent."""

    url: str
    folder: Path
    children: dict[str, Child]

    def prompts(self) -> list[dict[str, object]]:
        journal = self.folder / "prompts.jsonl"
        return [json.loads(line) for line in journal.read_text().splitlines()] if journal.exists() else []

    @property
    def sockets(self) -> str:
        return self.url.replace("http", "ws", 1)


def _environment(folder: Path, ports: dict[str, int], model: bool) -> dict[str, str]:
    service = f"http://127.0.0.1:{ports['service']}"
    chosen = (
        {"LLM_PROVIDER": "openai", "OPENAI_BASE_URL": f"http://127.0.0.1:{ports['model']}/v1", "OPENAI_API_KEY": "none"}
        if model
        else {"LLM_PROVIDER": "offline", "OPENAI_API_KEY": "", "OPENAI_BASE_URL": ""}
    )
    return {
        **SECRETS,
        **chosen,
        "HOST": "127.0.0.1",
        "PORT": str(ports["service"]),
        "PUBLIC_ORIGINS": service,
        "SERVICE_URL": service,
        "RASA_URL": f"http://127.0.0.1:{ports['rasa']}",
        "ACTIONS_URL": f"http://127.0.0.1:{ports['actions']}",
        "ACTIONS_PORT": str(ports["actions"]),
        "DATABASE_URL": f"sqlite+aiosqlite:///{folder}/switchboard.db",
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
        f"tracker_store:\n  type: SQL\n  dialect: sqlite\n  db: {folder}/rasa.db\n"
        "lock_store:\n  type: in_memory\n"
    )
    return str(file)


def _commands(ports: dict[str, int], folder: Path, model: bool) -> dict[str, list[str]]:
    python = sys.executable
    rasa = [str(RASA), "run", "--enable-api", "-i", "127.0.0.1", "-p", str(ports["rasa"]), "-m", str(newest_model())]
    commands = {
        "rasa": [*rasa, "--auth-token", SECRETS["RASA_TOKEN"], "--endpoints", _endpoints(folder, ports)],
        "actions": [python, "-m", "rasa_sdk", "--actions", "actions", "-p", str(ports["actions"])],
        "service": [python, "-m", "bot"],
    }
    if model:
        journal = ["--journal", str(folder / "prompts.jsonl")]
        port = ["--port", str(ports["model"])]
        commands["model"] = [python, "-m", "tests.support.scripted_llm", *port, *journal]
    return commands


@contextmanager
def running_stack(folder: Path, *, model: bool = True, **settings: str) -> Iterator[Stack]:
    """Start everything, wait until `/readyz` is green, and leave nothing behind."""
    ports = {name: free_port() for name in ("service", "actions", "rasa", "model")}
    environment = {**_environment(folder, ports, model), **settings}
    children = {
        name: Child(name, argv, ROOT, environment, folder / f"{name}.log")
        for name, argv in _commands(ports, folder, model).items()
    }
    url = f"http://127.0.0.1:{ports['service']}"
    try:
        for child in children.values():
            child.start()
        children["service"].wait_for(f"{url}/readyz", 180)
        yield Stack(url, folder, children)
    finally:
        for child in children.values():
            child.stop()
