"""The service under load as it ships: `python -m bot` as a process of its own, with limits raised by settings.

Embedded on SQLite, or replicas on PostgreSQL and Redis. Without Rasa: what people say to people needs none.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import psutil

from tests.support.processes import Child, free_port
from tools.local_servers import LocalServer, PostgresServer, RedisServer

ROOT = Path(__file__).resolve().parent.parent
ADMIN = "admin@example.com"
SECRET = "k" * 40  # signs visitors' tokens
PASSWORD = "correct horse battery staple"
SLOTS = 50  # conversations one agent can hold: the largest capacity, by the weight of the website's; a console opens 50
_MANY = "1000000"
# Every one is a documented limit on what one peer may do: a bench is a few peers that do what thousands would.
RAISED: Mapping[str, str] = {
    "FRAMES_PER_SECOND": _MANY, "FRAMES_BURST": _MANY, "PERSON_FRAMES_PER_SECOND": _MANY, "PERSON_FRAMES_BURST": _MANY,
    "VISITORS_PER_MINUTE": "100000000", "STRANGERS_PER_ADDRESS": "100000", "STRANGERS_TOTAL": "100000",
    "SOCKETS_PER_PERSON": "100000", "SOCKETS_PER_ADDRESS": "100000", "SOCKETS_TOTAL": "100000",
    "TRIES_PER_EMAIL": "100000", "TRIES_PER_ADDRESS": "100000", "HELLO_SECONDS": "60",
}  # fmt: skip


@dataclass
class Service:
    """One service in one or more processes; ``ports`` are theirs on the loopback, ``folder`` holds logs and record."""

    folder: Path
    children: Sequence[Child]
    ports: Sequence[int]
    servers: Mapping[str, LocalServer] = field(default_factory=dict)

    @property
    def urls(self) -> list[str]:
        """``http://…`` of each process."""
        return [f"http://127.0.0.1:{port}" for port in self.ports]

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Host and port of each process, for `bench.wire.dial`."""
        return [("127.0.0.1", port) for port in self.ports]

    @property
    def pids(self) -> list[int]:
        return [child.process.pid for child in self.children if child.process is not None]

    def memory_kib(self) -> float:
        """Resident memory of all processes, in KiB."""
        return memory_kib(self.pids)

    def cpu_seconds(self) -> float:
        """CPU time that all processes have used, in seconds."""
        return cpu_seconds(self.pids)


def memory_kib(pids: Sequence[int]) -> float:
    """Resident memory of the processes, in KiB."""
    return sum(psutil.Process(pid).memory_info().rss for pid in pids) / 1024


def cpu_seconds(pids: Sequence[int]) -> float:
    """CPU time that the processes have used, in seconds."""
    times = [psutil.Process(pid).cpu_times() for pid in pids]
    return sum(one.user + one.system for one in times)


def pinned(argv: Sequence[str], core: int | None) -> list[str]:
    """``argv`` on one core, where there is more than one and `taskset` is installed."""
    if core is None or (psutil.cpu_count() or 1) < 2 or shutil.which("taskset") is None:
        return list(argv)
    return ["taskset", "-c", str(core), *argv]


def record_in(folder: Path) -> str:
    """The DATABASE_URL of an embedded service in ``folder``; a record may be put there before it starts."""
    return f"sqlite+aiosqlite:///{folder}/switchboard.db"


@asynccontextmanager
async def embedded(
    folder: Path, *, core: int | None = None, prefix: Sequence[str] = (), **settings: str
) -> AsyncIterator[Service]:
    """One process, its record a SQLite file in ``folder``. ``prefix`` goes before the command: a profiler, say."""
    port = free_port()
    given = _environment(folder, port) | {"DATABASE_URL": record_in(folder)} | settings
    child = _child("service", folder, given, [*prefix, *pinned([sys.executable, "-m", "bot"], core)])
    async with _running(Service(folder, [child], [port])) as service:
        yield service


@asynccontextmanager
async def replicas(folder: Path, count: int = 2, **settings: str) -> AsyncIterator[Service]:
    """``count`` processes on one PostgreSQL (fsync on) and one Redis of their own; nginx is left out."""
    servers: dict[str, LocalServer] = {
        "postgres": PostgresServer(folder / "postgres", free_port()),
        "redis": RedisServer(folder / "redis", free_port()),
    }
    ports = [free_port() for _ in range(count)]
    children = []
    for number, port in enumerate(ports):
        given = _environment(folder, port) | _stores(servers) | settings
        children.append(_child(f"service{number}", folder, given, [sys.executable, "-m", "bot"]))
    try:
        for server in servers.values():
            await asyncio.to_thread(server.start)
        async with _running(Service(folder, children, ports, servers)) as service:
            yield service
    finally:
        for server in servers.values():
            await asyncio.to_thread(server.stop)


def _stores(servers: Mapping[str, LocalServer]) -> dict[str, str]:
    postgres, redis = servers["postgres"], servers["redis"]
    assert isinstance(postgres, PostgresServer)
    assert isinstance(redis, RedisServer)
    return {"DATABASE_URL": postgres.url, "REDIS_URL": redis.url}


def _child(name: str, folder: Path, environment: dict[str, str], argv: list[str]) -> Child:
    return Child(name, argv, ROOT, environment, folder / f"{name}.log")


def _environment(folder: Path, port: int) -> dict[str, str]:
    return {
        **RAISED, "HOST": "127.0.0.1", "PORT": str(port), "DEMO": "false",
        "SECRET_KEY": SECRET, "INTERNAL_TOKEN": "t" * 40, "DEMO_PASSWORD": PASSWORD, "ADMIN_EMAIL": ADMIN,
        "SECRETS_FILE": str(folder / "inbox_key"), "EMBEDDER_DIR": "none",
        "RASA_URL": "http://127.0.0.1:9", "ACTIONS_URL": "http://127.0.0.1:9", "PUBLIC_ORIGINS": "http://127.0.0.1",
        "SHUTDOWN_SECONDS": "2",
    }  # fmt: skip


@asynccontextmanager
async def _running(service: Service) -> AsyncIterator[Service]:
    """One after the other: the first makes the tables. All of them are ended, whatever happens."""
    try:
        for child, url in zip(service.children, service.urls, strict=True):
            child.start()
            await asyncio.to_thread(child.wait_for, f"{url}/healthz", 60.0)
        yield service
    finally:
        await asyncio.gather(*(asyncio.to_thread(child.stop) for child in service.children))


async def hire(service: Service, count: int, *, capacity: int = 100) -> list[str]:
    """Make ``count`` agents over REST as the admin and sign each in; returns their bearer tokens."""
    async with httpx2.AsyncClient(base_url=service.urls[0], trust_env=False, timeout=60.0) as http:
        boss = {"authorization": f"Bearer {await _sign_in(http, ADMIN)}"}
        turns = asyncio.Semaphore(4)

        async def one(number: int) -> str:
            email = f"agent{number}@desk.example"
            body = {"email": email, "name": f"Agent {number}", "password": PASSWORD, "capacity": capacity}
            async with turns:
                made = await http.post("/api/v1/agents", json=body, headers=boss)
                if made.status_code != 201:
                    raise RuntimeError(f"no account was made: {made.status_code} {made.text[:300]}")
                return await _sign_in(http, email)

        return list(await asyncio.gather(*(one(number) for number in range(count))))


async def _sign_in(http: httpx2.AsyncClient, email: str) -> str:
    answer = await http.post("/api/v1/login", json={"email": email, "password": PASSWORD, "bearer": True})
    if answer.status_code != 200:
        raise RuntimeError(f"{email} cannot sign in: {answer.status_code} {answer.text[:300]}")
    token: str = answer.json()["token"]
    return token
