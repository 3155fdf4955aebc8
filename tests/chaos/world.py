"""The running product of one episode: its processes, with a fault proxy on every hop between them.

Two topologies: ``embedded`` (one service, SQLite) and ``distributed`` (two replicas, PostgreSQL, Redis). Clients reach
the service through ``fronts``; ``hops`` are the proxies between processes, by name.
"""

from __future__ import annotations

import asyncio
import random
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml

from tests.chaos import little_rasa, service_process
from tests.chaos.journal import Journal
from tests.chaos.processes import Process, forking
from tests.chaos.proxy import FaultProxy
from tests.chaos.real_rasa import actions_process, rasa_process
from tests.support.processes import free_port
from tests.support.stack import SECRETS
from tools.local_servers import LocalServer, PostgresServer, RedisServer

Topology = Literal["embedded", "distributed"]
PASSWORD = "correct horse battery staple"
ADMIN = "admin@example.com"
TOKEN = SECRETS["INTERNAL_TOKEN"]
WEIGHT = 2  # slots of an agent's capacity that a conversation takes
_POLICY = Path(__file__).resolve().parents[2] / "data" / "policy" / "policy.yml"


@dataclass
class World:
    """``async with`` it is everything up and calm. ``record`` is the database's own address, past all proxies."""

    topology: Topology
    folder: Path
    journal: Journal
    seed: int
    bug: str | None = None
    settings: dict[str, str] = field(default_factory=dict)
    record_folder: Path | None = None
    replicas: int = 1
    real_rasa: bool = False
    services: list[Process] = field(default_factory=list)
    dialogue: list[Process] = field(default_factory=list)
    fronts: list[FaultProxy] = field(default_factory=list)
    hops: dict[str, FaultProxy] = field(default_factory=dict)
    servers: dict[str, LocalServer] = field(default_factory=dict)

    async def __aenter__(self) -> World:
        self._stack = AsyncExitStack()
        self._context = forking()
        self.rng = random.Random(self.seed)
        try:
            if self.topology == "distributed":
                await self._open_servers()
            dialogue = await self._open_dialogue()
            for number in range(self.replicas):
                await self._open_service(number, dialogue)
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._close()

    async def _close(self) -> None:
        for process in self.processes:
            await asyncio.to_thread(process.end)
        for server in self.servers.values():
            await asyncio.to_thread(server.stop)
        await self._stack.aclose()

    @property
    def processes(self) -> list[Process]:
        """All that can be killed and begun again: the services, and those of the dialogue."""
        return [*self.services, *self.dialogue]

    @property
    def notes(self) -> Path:
        """Where crash points tell that they were passed."""
        return self.folder / "crashes.jsonl"

    @property
    def effects(self) -> Path:
        return self.folder / "effects.jsonl"

    @property
    def deliveries(self) -> Path:
        """What a pushing channel was given."""
        return self.folder / "deliveries.jsonl"

    @property
    def clock(self) -> Path:
        """Holds the seconds by which the services' clock is moved."""
        return self.folder / "clock"

    @property
    def record(self) -> str:
        postgres = self.servers.get("postgres")
        if isinstance(postgres, PostgresServer):
            return postgres.url
        return f"sqlite+aiosqlite:///{(self.record_folder or self.folder) / 'record.db'}"

    def address(self, path: str) -> str:
        """A socket's address, of any replica."""
        return f"ws://127.0.0.1:{self.rng.choice(self.fronts).port}{path}"

    def http(self, number: int = 0) -> str:
        """A replica's own address, past the proxy."""
        return f"http://127.0.0.1:{self.services[number].environment['PORT']}"

    def calm_down(self) -> None:
        """No fault on any hop."""
        for proxy in [*self.fronts, *self.hops.values()]:
            proxy.calm_down()

    async def _hop(self, name: str, port: int) -> FaultProxy:
        proxy = FaultProxy(("127.0.0.1", port), seed=self.seed, name=name)
        self.hops[name] = await self._stack.enter_async_context(proxy)
        return proxy

    async def _open_servers(self) -> None:
        self.servers["postgres"] = PostgresServer(self.folder / "postgres", free_port())
        self.servers["redis"] = RedisServer(self.folder / "redis", free_port())
        for server in self.servers.values():
            await asyncio.to_thread(server.start)

    async def _open_dialogue(self) -> int:
        """Begin what understands the customer; returns the port where it answers."""
        self._service_port = free_port()
        service = await self._hop("actions-service", self._service_port)
        port, address = free_port(), f"http://127.0.0.1:{service.port}"
        if self.real_rasa:
            self._actions_port = free_port()
            actions = await self._hop("rasa-actions", self._actions_port)
            self.dialogue.append(actions_process(self.folder, self._actions_port, address))
            self.dialogue.append(rasa_process(self.folder, port, actions.port))
        else:
            environment = {
                "PORT": str(port), "SERVICE_URL": address, "INTERNAL_TOKEN": TOKEN, "EFFECTS": str(self.effects),
                "SEED": str(self.seed),
            }  # fmt: skip
            self._actions_port, health = port, f"http://127.0.0.1:{port}/status"
            log = self.folder / "rasa.log"
            self.dialogue.append(Process("rasa", little_rasa.main, environment, log, health, self._context))
        for process in self.dialogue:
            process.begin()
        for process in self.dialogue:
            assert await process.ready(), process.tail()
        return port

    async def _open_service(self, number: int, dialogue: int) -> None:
        port = self._service_port if number == 0 else free_port()
        rasa = await self._hop(f"service{number}-rasa", dialogue)
        environment = self._environment(port, rasa.port) | await self._stores(number)
        process = Process(
            f"service{number}", service_process.main, environment | self.settings,
            self.folder / f"service{number}.log", f"http://127.0.0.1:{port}/healthz", self._context,
        )  # fmt: skip
        self.services.append(process)
        process.begin()
        assert await process.ready(), process.tail()
        front = FaultProxy(("127.0.0.1", port), seed=self.seed + number, name=f"front{number}")
        self.fronts.append(await self._stack.enter_async_context(front))

    async def _stores(self, number: int) -> dict[str, str]:
        """Where this replica finds record and live feed: through proxies when they are servers."""
        if self.topology == "embedded":
            return {"DATABASE_URL": self.record}
        found = {}
        for name, variable in (("postgres", "DATABASE_URL"), ("redis", "REDIS_URL")):
            server = self.servers[name]
            proxy = await self._hop(f"service{number}-{name}", server.port)
            assert isinstance(server, PostgresServer | RedisServer)
            found[variable] = server.url.replace(f":{server.port}/", f":{proxy.port}/")
        return found

    def _environment(self, port: int, rasa: int) -> dict[str, str]:
        return {
            "HOST": "127.0.0.1", "PORT": str(port), "RASA_URL": f"http://127.0.0.1:{rasa}",
            "RASA_TOKEN": SECRETS["RASA_TOKEN"], "ACTIONS_URL": f"http://127.0.0.1:{self._actions_port}",
            "SECRET_KEY": "k" * 40, "INTERNAL_TOKEN": TOKEN, "DEMO_PASSWORD": PASSWORD, "ADMIN_EMAIL": ADMIN,
            "EMBEDDER_DIR": "none", "POLICY_FILE": str(self._policy()),
            "BURST_USUAL": "0.05", "BURST_FRAGMENT": "0.1", "BURST_CUT": "0.1", "BURST_TYPING": "0.2",
            "BURST_CAP": "1.0", "TURN_SECONDS": "5", "RECHECK_SECONDS": "2", "SHUTDOWN_SECONDS": "2",
            "VISITORS_PER_MINUTE": "100000", "STRANGERS_PER_ADDRESS": "2000", "STRANGERS_TOTAL": "4000",
            "TRIES_PER_EMAIL": "100000", "TRIES_PER_ADDRESS": "100000", "SOCKET_STRIKES": "1000",
            "FRAMES_PER_SECOND": "200", "FRAMES_BURST": "400", "LOGIN_HOURS": "48",
            "SOCKETS_PER_PERSON": "1000", "SOCKETS_PER_ADDRESS": "10000",
            "CHAOS_NOTE": str(self.notes), "CHAOS_CLOCK": str(self.clock), "CHAOS_BUG": self.bug or "",
        }  # fmt: skip

    def _policy(self) -> Path:
        """The company's policy with shorter waits: a run has minutes, not hours."""
        policy: dict[str, Any] = yaml.safe_load(_POLICY.read_text(encoding="utf-8"))
        shorter = {
            "offers": {"lease_seconds": 4, "transfer_lease_seconds": 3, "first_reply_seconds": 10},
            "matching": {"weight_by_inbox": {"web": WEIGHT}, "target_seconds": 15, "target_seconds_by_reason": {}},
            "agents": {"gone_seconds": 4},
            "turns": {"grace_seconds": 1},
            "decide": {"repeats": 1000},
            # Processes die all the time here: that says nothing of a line.
            "outbox": {
                "lease_seconds": 3,
                "tries": 900,
                "poison": 900,
                "first_pause_seconds": 0.1,
                "longest_pause_seconds": 1,
            },
        }
        for part, values in shorter.items():
            policy[part] |= values
        file = self.folder / "policy.yml"
        file.write_text(yaml.safe_dump(policy, allow_unicode=True), encoding="utf-8")
        return file
