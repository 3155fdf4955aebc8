"""Which processes live: a killed one is known to be gone, a stopped or briefly disconnected one is not."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from handover.backends import open_backends
from handover.backends.records_sql.engine import make_engine
from handover.backends.records_sql.lives import PostgresLives
from handover.ports import Lives
from tests.support.distributed import Database, back_again

ROOT = Path(__file__).parents[2]
NEVER_LIVED = "nobody:0:0"
on_servers = pytest.mark.servers


@contextmanager
def another_process(url: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process on the record, and its name."""
    command = [sys.executable, "-m", "tests.support.one_life", url]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout is not None
    try:
        yield process, process.stdout.readline().strip()
    finally:
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait(30)
        process.stdout.close()


@asynccontextmanager
async def lives_on(database: Database, grace: float = 1.0) -> AsyncIterator[PostgresLives]:
    engine = make_engine(database.url)
    lives = PostgresLives(engine, grace=grace)
    try:
        async with lives.kept():
            yield lives
    finally:
        await engine.dispose()


async def until_gone(lives: Lives, owner: str, *others: str) -> frozenset[str]:
    """Ask until ``owner`` is gone; who of all named is gone then."""
    async with asyncio.timeout(40):
        while True:
            gone = await lives.gone({owner, *others})
            if owner in gone:
                return gone
            await asyncio.sleep(0.05)


@on_servers
async def test_a_killed_process_is_gone_and_a_living_one_is_not(postgres: Database) -> None:
    async with open_backends(postgres.url) as here:
        with another_process(postgres.url) as (process, name):
            assert name != here.lives.owner
            assert await until_gone(here.lives, NEVER_LIVED, name, here.lives.owner) == {NEVER_LIVED}
            process.kill()
            assert await until_gone(here.lives, name, here.lives.owner) == {name}


@on_servers
async def test_a_stopped_process_lives(postgres: Database) -> None:
    async with open_backends(postgres.url) as here:
        with another_process(postgres.url) as (process, name):
            process.send_signal(signal.SIGSTOP)
            assert await until_gone(here.lives, NEVER_LIVED, name) == {NEVER_LIVED}


@on_servers
async def test_a_connection_that_broke_is_no_death(postgres: Database) -> None:
    async with lives_on(postgres, grace=3) as here, lives_on(postgres) as other:
        postgres.disconnect_all()
        assert await until_gone(here, NEVER_LIVED, other.owner) == {NEVER_LIVED}


@on_servers
async def test_a_restart_of_the_server_is_nobodys_death(postgres: Database) -> None:
    """Every lock is forgotten then; nobody is called gone before all had the time to come back."""
    async with lives_on(postgres, grace=5) as here, lives_on(postgres) as other:
        postgres.server.kill()
        assert await here.gone({other.owner, NEVER_LIVED}) == frozenset()
        await asyncio.to_thread(back_again, postgres.server)
        assert await until_gone(here, NEVER_LIVED, other.owner) == {NEVER_LIVED}


async def test_on_one_machine_nobody_is_ever_called_gone(tmp_path: Path) -> None:
    """What was left behind is released when the record is opened, as the file's own lock tells."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'record.db'}"
    async with open_backends(url) as one, open_backends(url) as other:
        assert one.lives.owner != other.lives.owner
        assert await one.lives.gone({other.lives.owner, NEVER_LIVED}) == frozenset()
