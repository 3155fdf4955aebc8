"""Calls to the database that are finished once they are begun, also for a task that is cancelled meanwhile.

A cancelled call would leave its connection behind, in a thread that still works on it when the loop is closed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import CursorResult, Executable, Table
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from handover.backends.records_sql.hot import Found, Hot

_T = TypeVar("_T")


async def unbroken(work: Coroutine[Any, Any, _T] | asyncio.Future[_T]) -> _T:
    """The result of ``work``, which becomes a task unless it is a future.

    A task cancelled meanwhile is cancelled when ``work`` has ended, not before.
    """
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        waiter = asyncio.get_running_loop().create_future()
        wake = partial(_wake, waiter)
        task.add_done_callback(wake)
        try:
            await waiter
        except asyncio.CancelledError as wish:
            cancelled = wish
            task.remove_done_callback(wake)
    if cancelled is None or task.cancelled():
        return task.result()
    task.exception()  # looked at: whoever is cancelled hears of nothing else
    raise cancelled


def _wake(waiter: asyncio.Future[None], done: object) -> None:
    if not waiter.done():
        waiter.set_result(None)


async def within(seconds: float, work: Coroutine[Any, Any, _T], give_up: Callable[[], None]) -> _T:
    """The result of ``work``; when it takes longer, ``give_up`` is called, which is to make it fail."""
    timer = asyncio.get_running_loop().call_later(seconds, give_up)
    try:
        return await work
    finally:
        timer.cancel()


class UnbrokenConnection:
    """What queries need of a connection of SQLite that only reads."""

    writers_meet = False

    def __init__(self, connection: AsyncConnection) -> None:
        self._on = connection

    async def execute(self, statement: Executable, values: Any = None) -> CursorResult[*tuple[Any, ...]]:
        """Run ``statement`` with the values of its parameters."""
        result: CursorResult[*tuple[Any, ...]] = await unbroken(self._on.execute(statement, values))
        return result

    async def run(self, hot: Hot, values: dict[str, Any]) -> Found:
        """Run a statement that every message needs."""
        result = await self.execute(hot.statement, values)
        return Found(result.all() if result.returns_rows else (), result.rowcount)

    async def run_both(self, first: Hot, second: Hot, values: dict[str, Any]) -> tuple[Found, Found]:
        """Run two of them, one after the other."""
        return await self.run(first, values), await self.run(second, values)

    async def at_the_end(
        self, hot: Hot, values: dict[str, Any], heard: Callable[[Found], None], *, there: Exception | None = None
    ) -> None:
        """Nothing is put off here."""
        heard(await self.run(hot, values))

    async def put_off(self, hot: Hot, values: dict[str, Any]) -> None:
        """Nothing is put off here."""
        await self.run(hot, values)

    async def insert_new(self, table: Table, values: dict[str, Any]) -> bool:
        """Insert one row, which the database refuses here."""
        return (await self.execute(sqlite.insert(table).on_conflict_do_nothing(), values)).rowcount == 1

    async def insert_all_new(self, table: Table, rows: list[dict[str, Any]]) -> int:
        """Insert rows, which the database refuses here."""
        unless_there = sqlite.insert(table).on_conflict_do_nothing().returning(*table.primary_key.columns)
        return len((await self.execute(unless_there, rows)).all())

    async def take_turn(self) -> None:
        """Nothing is told from here."""

    async def one_at_a_time(self, what: int) -> None:
        """There is one writer."""
