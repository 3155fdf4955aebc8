"""Our service on two Rasa processes, as `make up-distributed` runs them, but with one service.

PostgreSQL (fsync on) holds the record, Redis tells of changes, and nginx gives each request to the Rasa with the least
to do; a turn brings its tracker with it. Doors, endpoints and databases are the shipped ones.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg

from bench.controls.stock_rasa import ENVIRONMENT, rasa_command, stock_rasa
from bench.rasas import Address, actions_server, behind, here, ready, running, stand_in
from bench.service import ROOT, Service, cpu_seconds, embedded
from tests.support.processes import Child, free_port
from tests.support.stack import SECRETS
from tools.commands import must, run
from tools.local_nginx import Doors, NginxServer
from tools.local_servers import NAME, LocalServer, PostgresServer, RedisServer


@dataclass(frozen=True, slots=True)
class Spread:
    """All of it running. ``stock`` is the control's address: one stock Rasa, on the same action server."""

    service: Service
    stock: Address
    postgres: PostgresServer
    parts: Mapping[str, list[int]]

    def cpu_seconds(self) -> dict[str, float]:
        """CPU time that each part has used so far, with the processes below it; ``bench`` is ourselves."""
        used = {name: cpu_seconds([one for pid in pids for one in _family(pid)]) for name, pids in self.parts.items()}
        return used | {"bench": cpu_seconds([os.getpid()])}

    def counts(self) -> tuple[int, int]:
        """Customers' lines in the record, and how many of them lie in exactly one committed turn."""
        lines = (
            "SELECT e.conversation, e.offset, count(t.id) AS turns FROM entries e LEFT JOIN turns t ON"
            " t.conversation = e.conversation AND t.state = 'committed' AND e.offset BETWEEN t.first_offset AND"
            " t.last_offset WHERE e.author_kind = 'customer' GROUP BY 1, 2"
        )
        with psycopg.connect(self.postgres.url.replace("+psycopg", "")) as reading:
            found = reading.execute(
                f"SELECT count(*), count(*) FILTER (WHERE turns = 1) FROM ({lines}) AS every"  # nothing from outside
            ).fetchone()
        assert found is not None
        return int(found[0]), int(found[1])


@asynccontextmanager
async def two_rasas(folder: Path, *, real: bool = True) -> AsyncIterator[Spread]:
    """Start the servers, then everything else at once; all of it is ended.

    Not ``real``: stand-ins as in `bench.rasas.both`, and one for the two, for it shares its trackers with no other.
    """
    actions, stock, service, first, second, inner = (free_port() for _ in range(6))
    postgres, redis = PostgresServer(folder / "postgres", free_port()), RedisServer(folder / "redis", free_port())
    doors = Doors(
        free_port(), free_port(), inner, free_port(), [service], [first, second] if real else [first], [actions]
    )
    nginx = NginxServer(folder / "nginx", doors.public, doors=doors)
    shared = _shared(postgres, redis, actions)
    children = {"actions": actions_server(folder, actions, 0.05)}
    if real:
        children["rasa1"], children["rasa2"] = (
            _rasa(f"rasa{number}", folder, port, shared) for number, port in ((1, first), (2, second))
        )
        children["stock"] = stock_rasa(folder, stock, actions)
    else:
        children["rasa1"], children["stock"] = stand_in("rasa1", folder, first), stand_in("stock", folder, stock)
    stores = {"DATABASE_URL": postgres.url, "REDIS_URL": redis.url, "RASA_URL": f"http://127.0.0.1:{inner}"}
    async with _servers(postgres, redis, nginx):
        await asyncio.to_thread(_accounts, postgres)
        settings = {**behind(first, actions), **stores}
        async with running(children.values()), embedded(folder, core=None, prefix=(), **settings) as ours:
            for name, port in (("rasa1", first), ("rasa2", second), ("stock", stock)):
                if name in children:
                    await ready(children[name], port)
            await ready(children["actions"], actions, "/health")
            pids = {"service": ours.pids, **{name: _pid(one.process) for name, one in children.items()}}
            servers = {"postgres": postgres, "redis": redis, "nginx": nginx}
            pids |= {name: _pid(server.process) for name, server in servers.items()}
            yield Spread(ours, here(stock), postgres, pids)


def _rasa(name: str, folder: Path, port: int, shared: Mapping[str, str]) -> Child:
    argv = rasa_command(port, ROOT / "endpoints.distributed.yml", ROOT / "credentials.yml")
    argv += ["--enable-api", "--auth-token", SECRETS["RASA_TOKEN"]]
    return Child(
        name, argv, ROOT, {**ENVIRONMENT, **shared, "RASA_TOKEN": SECRETS["RASA_TOKEN"]}, folder / f"{name}.log"
    )


def _shared(postgres: PostgresServer, redis: RedisServer, actions: int) -> dict[str, str]:
    """What endpoints.distributed.yml asks for."""
    tracker = {"HOST": "127.0.0.1", "PORT": str(postgres.port), "NAME": "rasa", "USER": "rasa", "PASSWORD": "none"}
    return {
        "ACTIONS_URL": f"http://127.0.0.1:{actions}",
        **{f"TRACKER_DB_{name}": value for name, value in tracker.items()},
        "LOCK_REDIS_HOST": "127.0.0.1",
        "LOCK_REDIS_PORT": str(redis.port),
        "LOCK_REDIS_PASSWORD": "",
    }


def _accounts(postgres: PostgresServer) -> None:
    env = {**os.environ, "PGHOST": "127.0.0.1", "PGPORT": str(postgres.port), "POSTGRES_USER": NAME}
    env |= {"RECORD_DB_PASSWORD": "none", "TRACKER_DB_PASSWORD": "none"}
    must(run(["sh", str(ROOT / "deploy" / "postgres" / "accounts.sh")], env=env), "making the databases")


@asynccontextmanager
async def _servers(*servers: LocalServer) -> AsyncIterator[None]:
    try:
        for server in servers:
            await asyncio.to_thread(server.start)
        yield
    finally:
        for server in reversed(servers):
            await asyncio.to_thread(server.stop)


def _pid(process: object) -> list[int]:
    pid = getattr(process, "pid", None)
    return [pid] if isinstance(pid, int) else []


def _family(pid: int) -> list[int]:
    """The process and all below it that still run."""
    try:
        process = psutil.Process(pid)
        return [pid, *(child.pid for child in process.children(recursive=True))]
    except psutil.NoSuchProcess:
        return []
