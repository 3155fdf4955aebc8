"""Calls to the database that are finished once they are begun, also for a task that is cancelled meanwhile.

A cancelled call would leave its connection behind, in a thread that still works on it when the loop is closed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from sqlalchemy import CursorResult, Executable, Table, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from handover.backends.records_sql.hot import Found, Hot

_T = TypeVar("_T")
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(:what)")


async def unbroken(work: Coroutine[Any, Any, _T] | asyncio.Future[_T]) -> _T:
    """The result of ``work``, which becomes a task unless it is a future.

    A task cancelled meanwhile is cancelled when ``work`` has ended, not before.
    """
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as wish:
            cancelled = wish
    if cancelled is None or task.cancelled():
        return task.result()
    task.exception()  # looked at: whoever is cancelled hears of nothing else
    raise cancelled


async def within(seconds: float, work: Coroutine[Any, Any, _T], give_up: Callable[[], None]) -> _T:
    """The result of ``work``; when it takes longer, ``give_up`` is called, which is to make it fail."""
    timer = asyncio.get_running_loop().call_later(seconds, give_up)
    try:
        return await work
    finally:
        timer.cancel()


def _inserting_on_postgres() -> Callable[[Table], Any]:
    from sqlalchemy.dialects import postgresql

    return postgresql.insert


class Turn:
    """A transaction's place in ``order``: from its change of the feed until it has been told, nobody overtakes it.

    The database has the changes in order anyway; this process could still tell of them in another one.
    """

    def __init__(self, order: asyncio.Lock) -> None:
        self._order = order
        self._held = False

    async def take(self) -> None:
        """Wait for it; a second time nothing happens."""
        if not self._held:
            await self._order.acquire()
            self._held = True

    def release(self) -> None:
        """The next one may go on."""
        if self._held:
            self._held = False
            self._order.release()


class UnbrokenConnection:
    """What queries need of a connection. ``limited`` sees to it that no call takes for ever."""

    def __init__(
        self, connection: AsyncConnection, limited: Callable[[Any], Coroutine[Any, Any, Any]], turn: Turn
    ) -> None:
        self._on = connection
        self._limited = limited
        self._turn = turn
        # Whether other writers are at work beside this one: then what was read holds only if it was locked.
        self.writers_meet = connection.dialect.name != "sqlite"
        self._insert = _inserting_on_postgres() if self.writers_meet else sqlite.insert

    async def execute(self, statement: Executable, values: Any = None) -> CursorResult[*tuple[Any, ...]]:
        """Run ``statement`` with the values of its parameters."""
        result: CursorResult[*tuple[Any, ...]] = await unbroken(self._limited(self._on.execute(statement, values)))
        return result

    async def run(self, hot: Hot, values: dict[str, Any]) -> Found:
        """Run a statement that every message needs."""
        result = await self.execute(hot.statement, values)
        return Found(result.all() if result.returns_rows else (), result.rowcount)

    async def insert_new(self, table: Table, values: dict[str, Any]) -> bool:
        """Insert one row; False when a row with one of its unique keys is there already, and nothing else has failed.

        An insert that fails would end the whole transaction on PostgreSQL.
        """
        unless_there = self._insert(table).on_conflict_do_nothing().execution_options(preserve_rowcount=True)
        return (await self.execute(unless_there, values)).rowcount == 1

    async def insert_all_new(self, table: Table, rows: list[dict[str, Any]]) -> int:
        """Insert those of ``rows`` whose unique keys are not there yet; returns how many. They are tried in order."""
        unless_there = self._insert(table).on_conflict_do_nothing().returning(*table.primary_key.columns)
        return len((await self.execute(unless_there, rows)).all())

    async def take_turn(self) -> None:
        """From here until this transaction has been told of, no other of this process is told of."""
        await self._turn.take()

    async def one_at_a_time(self, what: int) -> None:
        """Wait for the other transactions that named the same ``what``; until the end of this one they wait for us."""
        if self.writers_meet:
            await self.execute(_ONE_AT_A_TIME, {"what": what})
