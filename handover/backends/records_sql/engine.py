"""The record in SQL: engines by address, and transactions that are committed and told, or leave nothing behind."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from handover.backends.records_sql import on_sqlite
from handover.backends.records_sql.group_commit import InlineConnection, SqliteWriter
from handover.backends.records_sql.transaction import SqlTransaction
from handover.backends.records_sql.unbroken import UnbrokenConnection, unbroken
from handover.errors import BadInput, SwitchboardError, Unavailable
from handover.ports import LiveFeed

_T = TypeVar("_T")
Engine = AsyncEngine  # for those outside, who import no SQLAlchemy
_KINDS = ("sqlite+aiosqlite", "postgresql+psycopg", "postgresql")
# How long a service that starts waits for its database, which may be starting too.
START_SECONDS = 30.0
_BETWEEN_TRIES = 0.25
# Conditions of PostgreSQL that pass, though the driver counts them among a program's own mistakes: a transaction that
# stood still too long (its process was stopped), a server that only reads (a standby just made the first).
_PASSING = frozenset({"25P03", "25006"})


def make_engine(database_url: str) -> AsyncEngine:
    """An engine for ``database_url``; raises BadInput for a store this release cannot honour."""
    try:
        url = sa.make_url(database_url)
    except ArgumentError as error:
        raise BadInput("DATABASE_URL is not a database address.") from error
    if url.drivername not in _KINDS:
        known = ", ".join(_KINDS)
        raise BadInput(f"DATABASE_URL begins with {url.drivername}; this release keeps its record in one of {known}.")
    if url.drivername == "sqlite+aiosqlite":
        return on_sqlite.make_engine(url)
    from handover.backends.records_sql import on_postgres  # with its driver, where there is PostgreSQL

    return on_postgres.make_engine(url)


async def begin_reading(connection: AsyncConnection) -> None:
    """Begin a transaction that sees one moment, and ends with the connection."""
    if connection.engine.dialect.name == "sqlite":
        await on_sqlite.begin_reading(connection)
    else:
        from handover.backends.records_sql import on_postgres

        await on_postgres.begin_reading(connection)


async def reached(engine: AsyncEngine, *, within: float = START_SECONDS) -> None:
    """Returns when the database answers; it may still be starting. Raises Unavailable when it does not in time."""
    end = time.monotonic() + within
    while True:
        try:
            async with engine.connect():
                return
        except (OperationalError, NoConnection) as error:
            if time.monotonic() > end:
                why = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
                raise Unavailable(f"The database of DATABASE_URL cannot be reached: {why}") from error
        await asyncio.sleep(_BETWEEN_TRIES)


class Store(Protocol):
    """Transactions on one kind of database."""

    def transaction(self) -> AbstractAsyncContextManager[SqlTransaction]:
        """A writing transaction: on the disk and told when the block has ended, or gone when the block raises."""
        ...

    def reading(self) -> AbstractAsyncContextManager[SqlTransaction]:
        """One moment of the record."""
        ...

    def glance(self) -> AbstractAsyncContextManager[SqlTransaction]:
        """The same, for one look at a row or two."""
        ...

    async def close(self) -> None:
        """Wait for what is being written."""
        ...


class SqlRecords:
    """The record in SQL; implements `handover.ports.Records`."""

    def __init__(self, engine: AsyncEngine, live: LiveFeed) -> None:
        self.engine = engine
        self._store = _store_on(engine, live)

    async def close(self) -> None:
        """Wait for what is being written, and let go of the database."""
        await self._store.close()
        await self.engine.dispose()

    @property
    def writing_engine(self) -> sa.Engine:
        """The engine whose connections write."""
        return self._store.engine if isinstance(self._store, SqliteStore) else self.engine.sync_engine

    def transaction(self) -> AbstractAsyncContextManager[SqlTransaction]:
        return _explained(self._store.transaction())

    def reading(self) -> AbstractAsyncContextManager[SqlTransaction]:
        return _explained(self._store.reading())

    def glance(self) -> AbstractAsyncContextManager[SqlTransaction]:
        return _explained(self._store.glance())


def _store_on(engine: AsyncEngine, live: LiveFeed) -> Store:
    if engine.dialect.name == "sqlite":
        return SqliteStore(engine, live)
    from handover.backends.records_sql.postgres_store import PostgresStore

    return PostgresStore(engine, live)


class SqliteStore(SqliteWriter):
    """All that this process writes goes through one connection; who reads has one of the engine's.

    A glance is read here, on the loop: microseconds, where crossing to a connection's thread takes half a millisecond,
    and on a busy machine several.
    """

    def __init__(self, engine: AsyncEngine, live: LiveFeed) -> None:
        super().__init__(engine, live)
        self._reading_engine = engine
        self._glancing_engine = on_sqlite.make_glancing_engine(engine)
        self._glances: list[sa.Connection] = []  # those that nobody uses

    @asynccontextmanager
    async def glance(self) -> AsyncIterator[SqlTransaction]:
        """One moment of the record, rolled back at the end. A connection that failed is not used again."""
        connection = self._glances.pop() if self._glances else self._glancing_engine.connect()
        try:
            with connection.begin() as moment:
                yield SqlTransaction(InlineConnection(connection))
                moment.rollback()
        except BaseException:
            connection.close()
            raise
        self._glances.append(connection)

    def _close(self, engine: sa.Engine | None = None) -> None:
        for connection in self._glances:
            connection.close()
        self._glances.clear()
        super()._close(engine)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[SqlTransaction]:
        """One moment of the record, rolled back at the end."""
        connection = self._reading_engine.connect()
        try:
            await unbroken(on_sqlite.begin_reading(connection))
            yield SqlTransaction(UnbrokenConnection(connection))
        finally:
            if connection.sync_connection is not None:
                await unbroken(connection.close())


@asynccontextmanager
async def _explained(opened: AbstractAsyncContextManager[_T]) -> AsyncIterator[_T]:
    """``opened``, whose failures of the database reach callers as refusals."""
    try:
        async with opened as given:
            yield given
    except (DBAPIError, NoConnection, UnicodeEncodeError) as error:
        refusal = _refusal(error)
        if refusal is None:
            raise
        raise refusal from error


def _refusal(error: Exception) -> SwitchboardError | None:
    """What a caller is told of a failure of the database; None when it is our own mistake."""
    if isinstance(error, (DataError, UnicodeEncodeError)):
        return BadInput("The record cannot keep this: it is too long, or holds characters that no database takes.")
    passing = isinstance(error, (OperationalError, InterfaceError, NoConnection))
    if isinstance(error, DBAPIError):
        passing = passing or error.connection_invalidated or getattr(error.orig, "sqlstate", None) in _PASSING
    return Unavailable("The record cannot be reached right now; please try again.") if passing else None
