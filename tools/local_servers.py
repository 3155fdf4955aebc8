"""PostgreSQL and Redis of Debian on the loopback, in folders of their own: for tests and `make up-distributed`."""

from __future__ import annotations

import contextlib
import os
import pwd
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from tools.debian import on_path
from tools.trouble import Trouble

NAME = "switchboard"  # of the database and of its owner
_START_SECONDS = 60.0


@dataclass
class LocalServer:
    """One server process that keeps its data in ``folder``. `start` it, or use it as a context manager."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def log(self) -> Path:
        """Everything the server printed."""
        return self.folder / "log"

    def start(self) -> None:
        """Start on the data that are there, or on none; returns when it answers. Raises Trouble when it does not."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.prepare()
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
            )
        end = time.monotonic() + _START_SECONDS
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > end:
                raise Trouble(f"{type(self).__name__} did not start; its log is {self.log}.")
            time.sleep(0.05)
        self.ready()

    def stop(self) -> None:
        """End it in good order; what does not end is killed."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGINT)  # for PostgreSQL "fast", for Redis an ordinary end
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()
        self.process = None

    def kill(self) -> None:
        """kill -9 of the server and all its processes."""
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(20)
        self.process = None

    def prepare(self) -> None:
        """Make what must be there before the first start."""

    def command(self) -> Sequence[str]:
        raise NotImplementedError

    def answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False

    def ready(self) -> None:
        """Make what needs the running server."""


@dataclass
class RedisServer(LocalServer):
    """Redis without a file of its own: nothing in it is the only copy of anything."""

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def command(self) -> Sequence[str]:
        found = program("redis-server")
        settings = ("--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--daemonize", "no")
        # A title would be written over the environment, by which the keeper knows its own.
        untitled = ("--set-proc-title", "no")
        return [found, "--port", str(self.port), "--dir", str(self.folder), *settings, *untitled]


@dataclass
class PostgresServer(LocalServer):
    """PostgreSQL with one database, open to this machine's processes only. ``durable``: fsync on, as in production."""

    durable: bool = True

    @property
    def url(self) -> str:
        """The address for SQLAlchemy."""
        return f"postgresql+psycopg://{NAME}@127.0.0.1:{self.port}/{NAME}"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def prepare(self) -> None:
        if os.geteuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
            reachable(self.folder)
        if self.data.exists():
            (self.data / "postmaster.pid").unlink(missing_ok=True)  # left behind by a kill
            return
        made = subprocess.run(
            [*as_postgres(), program("initdb"), "-D", str(self.data), "-U", NAME, "--auth=trust", "-E", "UTF8"],
            capture_output=True,
            check=False,
            cwd="/",
        )
        if made.returncode != 0:
            raise Trouble(f"initdb failed: {made.stderr.decode(errors='replace').strip()}")

    def command(self) -> Sequence[str]:
        values = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": "",
            "max_connections": 200,
        }
        if not self.durable:
            values |= {"fsync": "off", "full_page_writes": "off"}
        settings = [part for name, value in values.items() for part in ("-c", f"{name}={value}")]
        return [*as_postgres(), program("postgres"), "-D", str(self.data), *settings]

    def answers(self) -> bool:
        return self._psql("postgres", "SELECT 1").returncode == 0

    def ready(self) -> None:
        if self._psql(NAME, "SELECT 1").returncode != 0:
            self._psql("postgres", f"CREATE DATABASE {NAME}")

    def _psql(self, database: str, sql: str) -> subprocess.CompletedProcess[bytes]:
        address = ["-h", "127.0.0.1", "-p", str(self.port), "-U", NAME, "-d", database]
        return subprocess.run([program("psql"), *address, "-qAtc", sql], capture_output=True, check=False)


# PostgreSQL refuses root; but an ordinary account may not be let into the folders above its own, a test's least of all.
_READS_ALL = ("--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search")


def as_postgres() -> list[str]:
    """What goes in front of PostgreSQL's programs: for root, the account that its package made."""
    if os.geteuid() != 0:
        return []
    account = [program("setpriv"), "--reuid", "postgres", "--regid", "postgres", "--clear-groups"]
    may = subprocess.run([*account, *_READS_ALL, "true"], capture_output=True, check=False).returncode == 0
    return [*account, *_READS_ALL] if may else account


def reachable(folder: Path) -> None:
    """Let other accounts pass through the folders above ``folder``, where PostgreSQL's cannot be given the right."""
    if "--ambient-caps" in as_postgres():
        return
    for parent in folder.parents:
        mode = parent.stat().st_mode
        if not mode & 0o001:
            parent.chmod(mode | 0o001)


def program(name: str) -> str:
    """The program's path; Debian keeps PostgreSQL's own off the PATH. Raises Trouble when it is not installed."""
    found = on_path(name)
    if found is None:
        there = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
        found = str(there[-1]) if there else None
    if found is None:
        raise Trouble(f"{name} is not installed: run `sudo apt-get install postgresql redis-server nginx-light`.")
    return found
