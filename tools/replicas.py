"""The distributed topology as local processes: which ports, which jobs, and what each finds in its environment."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.local_nginx import Doors, NginxServer
from tools.local_servers import NAME, PostgresServer, RedisServer
from tools.places import Places
from tools.ports import in_use
from tools.supervisor import Job
from tools.trouble import Trouble

MOST_REPLICAS = 8
# The inner ports follow the public one at this distance, those in use left out.
FIRST_INNER = 20

# Through a shell, so that the token is in no plan.
_RASA = (
    'exec "$0" -m rasa run --enable-api --interface 127.0.0.1 --port "$PORT" --auth-token "$RASA_TOKEN"'
    ' --model "$RASA_MODEL" --endpoints endpoints.distributed.yml --credentials credentials.yml'
)
_ACTIONS = 'exec "$0" -m rasa_sdk --actions actions --port "$PORT"'


@dataclass(frozen=True, slots=True)
class Commands:
    """What one replica of each is; it listens on PORT of its environment."""

    service: Sequence[str]
    actions: Sequence[str]
    rasa: Sequence[str]


def commands(places: Places) -> Commands:
    """The product's own processes, as in the Procfile."""
    service, rasa = str(places.service_python), str(places.rasa_python)
    return Commands([service, "-m", "bot"], ["sh", "-c", _ACTIONS, service], ["sh", "-c", _RASA, rasa])


@dataclass(frozen=True, slots=True)
class Counts:
    """How many replicas of each."""

    services: int
    actions: int
    rasas: int


def counts(settings: Mapping[str, str]) -> Counts:
    """REPLICAS of each (2); RASA_REPLICAS, for Rasa alone, because each takes more than a GB. Raises Trouble."""

    def number(name: str, usual: int) -> int:
        text = settings.get(name, "") or str(usual)
        if not text.isdigit() or not 1 <= int(text) <= MOST_REPLICAS:
            raise Trouble(f"{name}={text} is not a number of replicas: set it to a number from 1 to {MOST_REPLICAS}.")
        return int(text)

    every = number("REPLICAS", 2)
    return Counts(services=every, actions=every, rasas=number("RASA_REPLICAS", every))


@dataclass(frozen=True, slots=True)
class Ports:
    """Every port of the topology; ``doors`` are nginx's."""

    postgres: int
    redis: int
    doors: Doors


def choose_ports(public: int, wanted: Counts, taken: Callable[[int], bool] = in_use) -> Ports:
    """Free ports for everything behind the public one. Raises Trouble when that one is taken or the others run out."""
    if taken(public):
        raise Trouble(
            f"Port {public} is in use by another program: stop that program, or choose another port for nginx,"
            f" for example `make up-distributed PORT={public + 10}`."
        )
    needed = 5 + wanted.services + wanted.actions + wanted.rasas
    free = (number for number in range(public + FIRST_INNER, 65536) if not taken(number))
    found = [number for number, _ in zip(free, range(needed), strict=False)]
    if len(found) < needed:
        raise Trouble(f"There are not {needed} free ports above {public}: choose a smaller PORT.")
    postgres, redis, inner_service, inner_rasa, inner_actions, *rest = found
    services, rest = rest[: wanted.services], rest[wanted.services :]
    actions, rasas = rest[: wanted.actions], rest[wanted.actions :]
    return Ports(
        postgres,
        redis,
        Doors(
            public=public,
            inner_service=inner_service,
            inner_rasa=inner_rasa,
            inner_actions=inner_actions,
            services=tuple(services),
            rasas=tuple(rasas),
            actions=tuple(actions),
        ),
    )


class Topology:
    """The servers and the replicas of one checkout, with everything they write in ``folder``."""

    def __init__(self, places: Places, ports: Ports, folder: Path, processes: Commands | None = None) -> None:
        self._places = places
        self._commands = processes or commands(places)
        self.folder = folder
        self.ports = ports
        self.doors = ports.doors
        self.postgres = PostgresServer(folder / "postgres", ports.postgres)
        self.redis = RedisServer(folder / "redis", ports.redis)
        self.nginx = NginxServer(folder / "nginx", ports.doors.public, doors=ports.doors)

    @property
    def url(self) -> str:
        return self.nginx.url

    def server_jobs(self) -> list[Job]:
        """PostgreSQL and Redis, made ready to start."""
        for server in (self.postgres, self.redis):
            server.folder.mkdir(parents=True, exist_ok=True)
            server.prepare()
        # SIGINT is PostgreSQL's quick end in good order; SIGTERM would wait for every client to leave.
        return [Job("postgres", self.postgres.command(), stop="SIGINT"), Job("redis", self.redis.command())]

    def replica_jobs(self) -> list[Job]:
        """nginx, and the replicas behind it."""
        self.nginx.folder.mkdir(parents=True, exist_ok=True)
        self.nginx.prepare()
        doors = self.doors
        what = self._commands
        return [
            Job("nginx", self.nginx.command()),
            *_numbered("rasa", what.rasa, doors.rasas),
            *_numbered("actions", what.actions, doors.actions),
            *_numbered("service", what.service, doors.services),
        ]

    def environment(self) -> dict[str, str]:
        """What every replica finds in its environment: where the others are."""
        doors = self.doors
        return {
            "DATABASE_URL": self.postgres.url,
            "REDIS_URL": self.redis.url,
            "RASA_URL": f"http://127.0.0.1:{doors.inner_rasa}",
            "ACTIONS_URL": f"http://127.0.0.1:{doors.inner_actions}",
            "SERVICE_URL": f"http://127.0.0.1:{doors.inner_service}",
            "PUBLIC_ORIGINS": f"http://127.0.0.1:{doors.public},http://localhost:{doors.public}",
            "FORWARDED_ALLOW_IPS": "127.0.0.1",
            "HOST": "127.0.0.1",
            "SANIC_HOST": "127.0.0.1",
            # One demo shop, whichever replica asks.
            "SHOP_DB": str(self.folder / "shop.db"),
            "TRACKER_DB_HOST": "127.0.0.1",
            "TRACKER_DB_PORT": str(self.ports.postgres),
            "TRACKER_DB_NAME": "rasa",
            "TRACKER_DB_USER": "rasa",
            "TRACKER_DB_PASSWORD": "none",
            "LOCK_REDIS_HOST": "127.0.0.1",
            "LOCK_REDIS_PORT": str(self.ports.redis),
            "LOCK_REDIS_PASSWORD": "",
        }

    def accounts(self) -> tuple[Sequence[str], dict[str, str]]:
        """The command, and its environment, that gives the record and the trackers their databases; once is enough."""
        here = {"PGHOST": "127.0.0.1", "PGPORT": str(self.ports.postgres), "POSTGRES_USER": NAME}
        passwords = {"RECORD_DB_PASSWORD": "none", "TRACKER_DB_PASSWORD": "none"}
        return ["sh", str(self._places.root / "deploy" / "postgres" / "accounts.sh")], here | passwords

    def write_addresses(self) -> None:
        """Leave a note on who listens where, for people and for tests."""
        doors = self.doors
        note = {
            "url": self.url,
            "services": [f"http://127.0.0.1:{port}" for port in doors.services],
            "actions": [f"http://127.0.0.1:{port}" for port in doors.actions],
            "rasas": [f"http://127.0.0.1:{port}" for port in doors.rasas],
            "postgres": self.postgres.url,
            "redis": self.redis.url,
        }
        (self.folder / "addresses.json").write_text(json.dumps(note, indent=1) + "\n", encoding="utf-8")


def _numbered(name: str, command: Sequence[str], ports: Sequence[int]) -> list[Job]:
    return [Job(f"{name}-{number}", command, {"PORT": str(port)}) for number, port in enumerate(ports, 1)]
