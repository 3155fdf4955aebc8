"""Engines for the record: how SQLite is opened, and how a transaction begins."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from handover.backends.records_sql.one_hop import connect
from handover.backends.records_sql.transaction import SqlTransaction
from handover.backends.records_sql.unbroken import UnbrokenConnection, unbroken
from handover.errors import BadInput, Unavailable
from handover.ports import LiveFeed

# How long a writer of another process may hold the file before we give up, in milliseconds.
BUSY_MS = 5_000
_WRITES = "writes"


def make_engine(database_url: str) -> AsyncEngine:
    """An engine for ``database_url``; raises BadInput for a store this release cannot honour."""
    try:
        url = sa.make_url(database_url)
    except ArgumentError as error:
        raise BadInput("DATABASE_URL is not a database address.") from error
    if url.drivername != "sqlite+aiosqlite":
        raise BadInput(f"DATABASE_URL begins with {url.drivername}; this release keeps its record in sqlite+aiosqlite.")
    if not url.database or url.database == ":memory:":
        raise BadInput("DATABASE_URL names no file; a record that is not on disk would be lost.")
    Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_async_engine(
        url, pool_size=4, max_overflow=4, async_creator=partial(connect, url.database, BUSY_MS / 1000)
    )
    sa.event.listen(engine.sync_engine, "connect", _open_sqlite)
    sa.event.listen(engine.sync_engine, "begin", _begin)
    return engine


def file_of(engine: AsyncEngine) -> Path:
    """The record's file."""
    return Path(str(engine.url.database))


def _open_sqlite(connection: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
    # None: we say BEGIN ourselves; the driver's own rules would start writing transactions too late.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY_MS}"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: sa.Connection) -> None:
    # IMMEDIATE takes the write lock at once: two writers queue instead of one failing half-way.
    writes = connection.get_execution_options().get(_WRITES, True)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


class SqlRecords:
    """The record in SQL; implements `handover.ports.Records`."""

    def __init__(self, engine: AsyncEngine, live: LiveFeed) -> None:
        self.engine = engine
        self._live = live
        # Writers of this process queue here, in order, rather than polling for SQLite's lock.
        self._turnstile = asyncio.Lock()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[SqlTransaction]:
        async with self._turnstile, self._connection(writes=True) as connection:
            work = SqlTransaction(UnbrokenConnection(connection))
            yield work
            await unbroken(self._commit(connection, work))

    async def _commit(self, connection: AsyncConnection, work: SqlTransaction) -> None:
        """Commit and tell. Still inside the turnstile: screens of this process hear things in the order of commits."""
        try:
            await connection.commit()
        except BaseException:
            await connection.rollback()  # without this the pool would get it back in the middle of a transaction
            raise
        for told in work.told:
            await self._live.publish(told)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[SqlTransaction]:
        async with self._connection(writes=False) as connection:
            yield SqlTransaction(UnbrokenConnection(connection))

    @asynccontextmanager
    async def _connection(self, *, writes: bool) -> AsyncIterator[AsyncConnection]:
        """A connection in a transaction, rolled back at the end unless it was committed."""
        connection = self.engine.connect()
        try:
            try:
                await unbroken(_begin_on(connection, writes))
                yield connection
            finally:
                if connection.sync_connection is not None:
                    await unbroken(connection.close())
        except OperationalError as error:
            raise Unavailable("The record cannot be reached right now; please try again.") from error


async def _begin_on(connection: AsyncConnection, writes: bool) -> None:
    await connection.start()
    options: dict[str, Any] = {_WRITES: writes}
    await connection.execution_options(**options)
    await connection.begin()
