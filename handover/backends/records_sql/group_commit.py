"""The one writer of an SQLite record: writing transactions run in order on one connection and are committed in groups.

Their statements run here, on the loop: they take microseconds, and crossing to another thread takes hundreds. What
waits for the disk, the commit, is done in a thread, once for all the transactions that were waiting when it began.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

from handover.backends.records_sql import on_sqlite
from handover.backends.records_sql.hot import Found, Hot
from handover.backends.records_sql.order import Order
from handover.backends.records_sql.transaction import SqlTransaction
from handover.backends.records_sql.unbroken import unbroken
from handover.ports import LiveFeed

# So many transactions at most share a commit; whoever was first waits for the others.
GROUP = 64
_BETWEEN_TRIES = (0.001, 0.002, 0.005, 0.01, 0.02)


class InlineConnection:
    """What queries need of a connection; as `handover.backends.records_sql.unbroken.UnbrokenConnection`.

    ``raw`` is the driver's own.
    """

    writers_meet = False

    def __init__(self, connection: sa.Connection) -> None:
        self._on = connection
        self.raw = _driver(connection)

    async def execute(self, statement: sa.Executable, values: Any = None) -> sa.CursorResult[*tuple[Any, ...]]:
        """Run ``statement`` with the values of its parameters."""
        return self._on.execute(statement, values)

    async def run(self, hot: Hot, values: dict[str, Any]) -> Found:
        """Run a statement that every message needs."""
        return hot.on(self.raw, values)

    async def run_both(self, first: Hot, second: Hot, values: dict[str, Any]) -> tuple[Found, Found]:
        """Run two of them, one after the other."""
        return first.on(self.raw, values), second.on(self.raw, values)

    async def at_the_end(
        self, hot: Hot, values: dict[str, Any], heard: Callable[[Found], None], *, there: Exception | None = None
    ) -> None:
        """Nothing is put off here: a statement costs no round trip."""
        heard(hot.on(self.raw, values))

    async def put_off(self, hot: Hot, values: dict[str, Any]) -> None:
        """Nothing is put off here: a statement costs no round trip."""
        hot.on(self.raw, values)

    async def insert_new(self, table: sa.Table, values: dict[str, Any]) -> bool:
        """Insert one row; False when a row with one of its unique keys is there already."""
        return _insert(table).on(self.raw, values).rowcount == 1

    async def insert_all_new(self, table: sa.Table, rows: list[dict[str, Any]]) -> int:
        """Insert those of ``rows`` whose unique keys are not there yet; returns how many. They are tried in order."""
        unless_there = sqlite.insert(table).on_conflict_do_nothing().returning(*table.primary_key.columns)
        return len(self._on.execute(unless_there, rows).all())

    async def take_turn(self) -> None:
        """Transactions run in order here, and are told of in that order."""

    async def one_at_a_time(self, what: int) -> None:
        """There is one writer."""


@dataclass(eq=False)
class _Group:
    """Transactions that are committed together; ``ended`` when they are on the disk and told, or says why not."""

    ended: asyncio.Future[None]
    members: list[SqlTransaction] = field(default_factory=list)
    closer: asyncio.Task[None] | None = None


class SqliteWriter:
    """Writing transactions on the file of ``engine``; what they tell goes to ``live`` once they are on the disk."""

    def __init__(self, engine: AsyncEngine, live: LiveFeed) -> None:
        self.engine = on_sqlite.make_writing_engine(engine)
        self._live = live
        self._order = Order()
        self._connection: sa.Connection | None = None
        self._group: _Group | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="record-commit")
        sa.event.listen(engine.sync_engine, "engine_disposed", self._close)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[SqlTransaction]:
        """A writing transaction: on the disk and told when the block has ended, or gone when the block raises.

        What made it raise may be the work of others in its group: then that is on the disk before anybody hears of it.
        """
        refused: Exception | None = None
        async with self._order:
            connection, group = await self._begun()
            raw = _driver(connection)
            raw.execute("SAVEPOINT one")
            work = SqlTransaction(InlineConnection(connection))
            try:
                yield work
                _check_open(connection)
                raw.execute("RELEASE one")
                group.members.append(work)
            except BaseException as why:
                self._undo(connection, group)
                if not (group.members and isinstance(why, Exception)):
                    raise
                refused = why
            if len(group.members) >= GROUP and not group.ended.done():
                await unbroken(self._commit(connection, group))
            elif group.closer is None:
                group.closer = asyncio.create_task(self._in_its_turn(connection, group))
        await unbroken(group.ended)
        if refused is not None:
            raise refused

    async def _begun(self) -> tuple[sa.Connection, _Group]:
        """The connection in a transaction, and its group: the one that is under way, or a new one."""
        if self._connection is None:
            self._connection = self.engine.connect()
        if self._group is None:
            await self._begin(self._connection)
            self._group = _Group(asyncio.get_running_loop().create_future())
        return self._connection, self._group

    async def _begin(self, connection: sa.Connection) -> None:
        """Begin; a writer of another process is waited for, but not for ever."""
        give_up = time.monotonic() + on_sqlite.BUSY_MS / 1000
        pauses = iter(_BETWEEN_TRIES)
        while True:
            try:
                connection.begin()
            except OperationalError:
                if time.monotonic() > give_up:
                    raise
            else:
                return
            await asyncio.sleep(next(pauses, _BETWEEN_TRIES[-1]))

    def _undo(self, connection: sa.Connection, group: _Group) -> None:
        """Take back what the latest transaction did; the others of its group stand."""
        raw = _driver(connection)
        if not raw.in_transaction:
            self._fail(connection, group, _ended())
        elif group.members:
            raw.execute("ROLLBACK TO one")
            raw.execute("RELEASE one")
        else:
            self._group = None
            connection.rollback()

    async def _in_its_turn(self, connection: sa.Connection, group: _Group) -> None:
        """Commit ``group`` when those who wait in front have joined it."""
        async with self._order:
            if self._group is group:
                await self._commit(connection, group)

    async def _commit(self, connection: sa.Connection, group: _Group) -> None:
        """Commit and tell, with nothing between the two that could let a later commit be told first."""
        self._group = None
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, connection.commit)
        except BaseException as failure:
            self._fail(connection, group, failure)
            return
        try:
            for work in group.members:
                for told in work.told:
                    await self._live.publish(told)
        finally:
            group.ended.set_result(None)

    def _fail(self, connection: sa.Connection, group: _Group, failure: BaseException) -> None:
        """Nothing of ``group`` is kept. Whatever it has left behind goes with the connection."""
        self._group = self._connection = None
        if not connection.closed:
            connection.invalidate()
            connection.close()
        if group.members:
            group.ended.set_exception(failure)

    async def close(self) -> None:
        """Wait for what is under way; nothing can be written afterwards."""
        async with self._order:
            if self._connection is not None and self._group is not None:
                await unbroken(self._commit(self._connection, self._group))
            self._close()

    def _close(self, engine: sa.Engine | None = None) -> None:
        self._thread.shutdown()  # a commit that has begun is finished
        if self._connection is not None:
            self._connection.close()
        self.engine.dispose()


@cache
def _insert(table: sa.Table) -> Hot:
    return Hot(sqlite.insert(table).on_conflict_do_nothing())


def _check_open(connection: sa.Connection) -> None:
    """Some failures of a disk end the whole transaction, and who made the failing call may have passed over it."""
    if not _driver(connection).in_transaction:
        raise _ended()


def _ended() -> OperationalError:
    return OperationalError("COMMIT", None, sqlite3.OperationalError("the disk has ended the transaction"))


def _driver(connection: sa.Connection) -> sqlite3.Connection:
    """The driver's own connection."""
    found = connection.connection.driver_connection
    assert isinstance(found, sqlite3.Connection)
    return found
