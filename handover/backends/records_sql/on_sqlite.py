"""The record on SQLite: how its file is opened, and how a transaction begins."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from handover.backends.records_sql.one_hop import connect
from handover.errors import BadInput

# How long a writer of another process may hold the file before we give up, in milliseconds.
BUSY_MS = 5_000
# Readers wait for a writer only while a process repairs the file or closes it as the last one.
_GLANCE_MS = 50
# The option of a connection that says whether its transactions write.
WRITES = "writes"


def make_engine(url: sa.URL) -> AsyncEngine:
    """An engine for the file that ``url`` names. Raises BadInput when it names none."""
    if not url.database or url.database == ":memory:":
        raise BadInput("DATABASE_URL names no file; a record that is not on disk would be lost.")
    Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_async_engine(
        url,
        pool_size=4,
        max_overflow=4,
        async_creator=partial(connect, url.database, BUSY_MS / 1000),
        hide_parameters=True,  # an error's text goes to the log: customers' words do not belong there
    )
    sa.event.listen(engine.sync_engine, "connect", _open)
    sa.event.listen(engine.sync_engine, "begin", _begin)
    return engine


def make_writing_engine(engine: AsyncEngine) -> sa.Engine:
    """An engine for one connection to the same file, for the thread that made it and one at a time for others.

    It never waits for a writer of another process: it says "locked" at once.
    """
    return _beside(engine, _open_for_writing, wait_ms=0, writes=True)


def make_glancing_engine(engine: AsyncEngine) -> sa.Engine:
    """An engine for connections to the same file that read a row or two on the loop. They wait for nobody long."""
    return _beside(engine, _open_for_glances, wait_ms=_GLANCE_MS, writes=False)


def _beside(engine: AsyncEngine, opened: Callable[..., None], *, wait_ms: int, writes: bool) -> sa.Engine:
    """An engine without threads and without a pool for the file of ``engine``; each connection goes to ``opened``."""
    file = file_of(engine)
    made = sa.create_engine(
        "sqlite+pysqlite://",
        creator=lambda: sqlite3.connect(file, timeout=wait_ms / 1000, check_same_thread=False),
        poolclass=sa.NullPool,
        hide_parameters=True,
        execution_options={WRITES: writes},
    )
    sa.event.listen(made, "connect", opened)
    sa.event.listen(made, "begin", _begin)
    return made


def file_of(engine: AsyncEngine) -> Path:
    """The record's file."""
    return Path(str(engine.url.database))


async def begin_reading(connection: AsyncConnection) -> None:
    """Begin a transaction that sees one moment."""
    await connection.start()
    reads: dict[str, Any] = {WRITES: False}
    await connection.execution_options(**reads)
    await connection.begin()


def _open_for_writing(connection: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
    _open(connection, entry, wait_ms=0)


def _open_for_glances(connection: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
    _open(connection, entry, wait_ms=_GLANCE_MS)
    connection.cursor().execute("PRAGMA query_only=ON")


def _open(connection: DBAPIConnection, entry: ConnectionPoolEntry, wait_ms: int = BUSY_MS) -> None:
    # None: we say BEGIN ourselves; the driver's own rules would start writing transactions too late.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={wait_ms}"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: sa.Connection) -> None:
    # IMMEDIATE takes the write lock at once: two writers queue instead of one failing half-way.
    writes = connection.get_execution_options().get(WRITES, True)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
