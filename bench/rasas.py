"""What the bench measures turns of: our whole product, and beside it stock Rasa with the same trained model.

Both get the shop's model (`make train`), the same environment, and the same action server, which is
`bench.waiting_action`: so a difference is one of the paths, not of what is understood or said.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from bench.controls.stock_rasa import ENVIRONMENT, rasa_command, stock_rasa
from bench.row import Row
from bench.service import ROOT, Service, cpu_seconds, embedded
from tests.support.processes import Child, free_port
from tests.support.stack import SECRETS

Address = tuple[str, int]
_START_SECONDS = 150.0  # a Rasa takes eight seconds on an idle machine, a minute on a crowded one
# What every row says of its settings.
SAME: Mapping[str, str] = {
    "model": "the shop's (`make train`), the same file on both sides",
    "stock rasa": "rasa run 3.6.21, REST channel, SQL tracker store on SQLite, one process",
    "switchboard": "embedded: SQLite with fsync, one Rasa, one action server; limits on one peer raised",
}


@dataclass(frozen=True, slots=True)
class Both:
    """Both running. ``service`` is ours, ``rasa`` the one behind it; ``stock`` is the control's address."""

    service: Service
    rasa: Address
    actions: Address
    stock: Address
    children: Mapping[str, Child]

    def cpu_seconds(self, *names: str) -> float:
        """CPU time that these have used so far: service, rasa, actions, stock."""
        return cpu_seconds([pid for name in names for pid in self._pids(name)])

    def _pids(self, name: str) -> list[int]:
        if name == "service":
            return self.service.pids
        process = self.children[name].process
        return [] if process is None else [process.pid]


@asynccontextmanager
async def both(folder: Path, *, real: bool = True, wait: float = 0.05) -> AsyncIterator[Both]:
    """Start everything at once, and end it. ``wait``: seconds the action takes.

    Not ``real``: stand-ins in place of both Rasas, which start at once; for smoke runs, and said so by `as_run`.
    """
    actions, rasa, stock = free_port(), free_port(), free_port()
    children = {
        "actions": actions_server(folder, actions, wait),
        "rasa": our_rasa(folder, rasa, actions) if real else stand_in("rasa", folder, rasa),
        "stock": stock_rasa(folder, stock, actions) if real else stand_in("stock", folder, stock),
    }
    async with (
        running(children.values()),
        embedded(folder, core=None, prefix=(), **behind(rasa, actions)) as service,
    ):
        await ready(children["actions"], actions, "/health")
        await ready(children["rasa"], rasa)
        await ready(children["stock"], stock)
        yield Both(service, here(rasa), here(actions), here(stock), children)


def here(port: int) -> Address:
    """A port of the loopback."""
    return ("127.0.0.1", port)


def our_rasa(folder: Path, port: int, actions: int) -> Child:
    """Rasa as `make up` runs it, with our stores in place of its own."""
    file = folder / "endpoints.yml"
    usual = (ROOT / "endpoints.yml").read_text()
    file.write_text(usual.replace("127.0.0.1:5055", f"127.0.0.1:{actions}"))
    argv = [*rasa_command(port, file, ROOT / "credentials.yml"), "--enable-api", "--auth-token", SECRETS["RASA_TOKEN"]]
    return Child("rasa", argv, ROOT, {**ENVIRONMENT, "RASA_TOKEN": SECRETS["RASA_TOKEN"]}, folder / "rasa.log")


def stand_in(name: str, folder: Path, port: int) -> Child:
    """What answers like a Rasa, without one: `tests.chaos.little_rasa`."""
    settings = {"PORT": str(port), "SERVICE_URL": "http://127.0.0.1:9", "INTERNAL_TOKEN": "none", "USUAL": "0.02"}
    settings["EFFECTS"] = str(folder / f"{name}-effects.jsonl")
    return Child(name, [sys.executable, "-m", "tests.chaos.little_rasa"], ROOT, settings, folder / f"{name}.log")


def as_run(row: Row, *, real: bool) -> Row:
    """``row``, saying so when there was no Rasa in it."""
    if real:
        return row
    notes = ["A smoke run: in place of every Rasa stood a small process that answers like one.", *row.notes]
    return replace(row, notes=notes, settings={**row.settings, "model": "none"})


def actions_server(folder: Path, port: int, wait: float) -> Child:
    """Rasa's SDK with the one action that waits."""
    argv = [sys.executable, "-m", "rasa_sdk", "--actions", "bench.waiting_action", "-p", str(port)]
    return Child("actions", argv, ROOT, {**ENVIRONMENT, "WAIT_SECONDS": str(wait)}, folder / "actions.log")


def behind(rasa: int, actions: int) -> dict[str, str]:
    """The service's settings for a Rasa and an action server on these ports, and the embedder it ships with."""
    return {
        "RASA_URL": f"http://127.0.0.1:{rasa}",
        "RASA_TOKEN": SECRETS["RASA_TOKEN"],
        "ACTIONS_URL": f"http://127.0.0.1:{actions}",
        "EMBEDDER_DIR": str(ROOT / "var" / "minilm"),
    }


async def ready(child: Child, port: int, path: str = "/") -> None:
    """Wait until it answers. Raises AssertionError with the end of its log when it does not."""
    await asyncio.to_thread(child.wait_for, f"http://127.0.0.1:{port}{path}", _START_SECONDS)


@asynccontextmanager
async def running(children: Iterable[Child]) -> AsyncIterator[None]:
    """Start all, and kill all: none of them has anything to keep."""
    every = list(children)
    try:
        for child in every:
            child.start()
        yield
    finally:
        for child in every:
            child.kill()
