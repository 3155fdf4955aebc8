"""PostgreSQL and Redis for tests: one server of each for a test run, a fresh database and an empty Redis for each test.

The fixtures over this are `postgres` and `redis_server` in tests/conftest.py; tests that use them are marked `servers`.
"""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import redis
from psycopg import sql

from tests.support.processes import free_port
from tools.local_servers import PostgresServer, RedisServer

_numbers = itertools.count(1)
_ADMIN_SECONDS = 30
_IN_MEMORY = Path("/dev/shm")
_ROOMY = 2_000_000_000


@dataclass
class Database:
    """One database on the test run's PostgreSQL. A test may kill, stop and start ``server``; it runs again afterwards.

    ``url`` is the address for `handover.backends.open_backends`, which makes the tables.
    """

    server: PostgresServer
    name: str
    url: str = field(init=False)

    def __post_init__(self) -> None:
        self.url = self.server.url.rsplit("/", 1)[0] + f"/{self.name}"

    def ask(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        """Run one statement beside the code under test; the rows if it gives any."""
        with _connected(self.server, self.name) as connection:
            cursor = connection.execute(sql.SQL(statement), values)
            return [] if cursor.description is None else list(cursor.fetchall())

    def disconnect_all(self) -> None:
        """End every connection to it, as an administrator may; returns when they have ended."""
        everybody = "FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"
        self.ask(f"SELECT pg_terminate_backend(pid, 10000) {everybody}", self.name)

    def copy(self) -> Database:
        """A database of its own with the same content; nobody may be connected to this one."""
        return new_database(self.server, template=self.name)

    def drop(self) -> None:
        """Gone, and so are its connections."""
        _admin(self.server, "DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name)

    def dropped_if_left(self) -> bool:
        """Drop it, unless somebody is connected."""
        try:
            _admin(self.server, "DROP DATABASE {}", self.name)
        except psycopg.errors.ObjectInUse:
            return False
        return True


@contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """A server with a folder of its own; it does not wait for the disk, for nobody cuts this machine's power.

    Not below pytest's folders: each run of pytest on this machine closes those to the server's account.
    """
    with _folder() as folder, PostgresServer(folder / "postgres", free_port(), durable=False) as server:
        yield server


@contextmanager
def running_redis() -> Iterator[RedisServer]:
    """An empty Redis."""
    with _folder() as folder, RedisServer(folder / "redis", free_port()) as server:
        yield server


@contextmanager
def _folder() -> Iterator[Path]:
    # In memory where there is plenty of it: making a database for each test writes a lot.
    roomy = _IN_MEMORY.is_dir() and shutil.disk_usage(_IN_MEMORY).free > _ROOMY
    with TemporaryDirectory(prefix="switchboard-", dir=_IN_MEMORY if roomy else None) as folder:
        yield Path(folder)


@contextmanager
def fresh_database(server: PostgresServer, template: Database | None = None) -> Iterator[Database]:
    """An empty database, or one with the content of ``template``; dropped afterwards."""
    made = new_database(server, template=None if template is None else template.name)
    try:
        yield made
    finally:
        back_again(server)
        made.drop()


def back_again(server: PostgresServer | RedisServer) -> None:
    """A test may have ended the server: the next one finds it running."""
    if server.process is None or server.process.poll() is not None:
        server.start()


def flush(server: RedisServer) -> None:
    """Empty all of it."""
    with redis.Redis.from_url(server.url, socket_timeout=_ADMIN_SECONDS) as client:
        client.flushall()


def new_database(server: PostgresServer, template: str | None = None) -> Database:
    """An empty database, or one with the content of the one named ``template``; whoever asks drops it."""
    name = f"test_{next(_numbers)}"
    if template is None:
        _admin(server, "CREATE DATABASE {}", name)
    else:
        _admin(server, "CREATE DATABASE {} TEMPLATE {}", name, template)
    return Database(server, name)


def _admin(server: PostgresServer, statement: str, *names: str) -> None:
    with _connected(server, "postgres") as connection:
        connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def _connected(server: PostgresServer, database: str) -> psycopg.Connection[tuple[object, ...]]:
    address = server.url.replace("+psycopg", "").rsplit("/", 1)[0]
    return psycopg.connect(f"{address}/{database}", autocommit=True, connect_timeout=_ADMIN_SECONDS)
