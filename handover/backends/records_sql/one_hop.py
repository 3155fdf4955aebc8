"""SQLite connections whose statements cross to the connection's thread once: run, fetched and closed over there.

The driver crosses for each of these; on a loaded machine the crossings cost more than the work.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Self

import aiosqlite


class OneHopCursor:
    """What SQLAlchemy's adapter needs of a driver's cursor. ``description``, ``rowcount``: as in PEP 249."""

    def __init__(self, on: OneHopConnection) -> None:
        self._on = on
        self._rows: list[Any] = []
        self.description: Sequence[Any] | None = None
        self.rowcount = -1
        self.lastrowid: int | None = None
        self.arraysize = 1

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, operation: str, parameters: Iterable[Any] | None = None) -> Self:
        """Run one statement and fetch all its rows."""
        if operation == "BEGIN":  # takes nothing before the first statement: it goes over with that one
            self._on.begin_with_next = True
            return self
        await self._on.over_there(lambda connection: self._keep(connection.execute(operation, tuple(parameters or ()))))
        return self

    async def executemany(self, operation: str, parameters: Iterable[Iterable[Any]]) -> Self:
        """Run one statement for each set of parameters."""
        many = [tuple(each) for each in parameters]
        await self._on.over_there(lambda connection: self._keep(connection.executemany(operation, many)))
        return self

    async def fetchall(self) -> list[Any]:
        """The rows; they are here already."""
        return self._rows

    async def close(self) -> None:
        """Closed over there, when the rows were fetched."""

    def _keep(self, cursor: sqlite3.Cursor) -> None:
        self.description = cursor.description
        self._rows = cursor.fetchall() if cursor.description else []
        self.rowcount, self.lastrowid = cursor.rowcount, cursor.lastrowid
        cursor.close()


class OneHopConnection(aiosqlite.Connection):
    """A driver's connection that gives such cursors."""

    begin_with_next = False

    def cursor(self) -> Any:
        return OneHopCursor(self)

    async def over_there(self, work: Callable[[sqlite3.Connection], None]) -> None:
        """Do ``work`` on the connection, in its thread; begin before it, if that is still to be done."""
        begins, self.begin_with_next = self.begin_with_next, False

        def whole(connection: sqlite3.Connection) -> None:
            if begins:
                connection.execute("BEGIN").close()
            work(connection)

        queue: Any = self._execute  # the driver gives it no types
        await queue(whole, self._conn)

    async def commit(self) -> None:
        """Nothing to do where nothing was begun."""
        if not self._never_begun():
            await super().commit()

    async def rollback(self) -> None:
        """Nothing to do where nothing was begun."""
        if not self._never_begun():
            await super().rollback()

    def _never_begun(self) -> bool:
        never, self.begin_with_next = self.begin_with_next, False
        return never


async def connect(file: str, wait_seconds: float) -> OneHopConnection:
    """A connection to ``file`` that waits so long for a writer of another process."""
    connection = OneHopConnection(
        lambda: sqlite3.connect(file, timeout=wait_seconds, check_same_thread=False), iter_chunk_size=64
    )
    connection._thread.daemon = True  # as SQLAlchemy does: a process that ends does not wait for it
    await connection
    return connection
