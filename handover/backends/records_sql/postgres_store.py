"""Transactions of the record on PostgreSQL: many at a time, each on a connection of its own, told when committed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncEngine

from handover.backends.records_sql.postgres_connection import READING, WRITING, PostgresConnection, Turn
from handover.backends.records_sql.postgres_endings import Endings
from handover.backends.records_sql.postgres_seats import Seats
from handover.backends.records_sql.transaction import SqlTransaction
from handover.backends.records_sql.unbroken import unbroken
from handover.ports import LiveFeed


class PostgresStore:
    """Transactions on ``engine``; what they tell goes to ``live`` once they are on the server's disk."""

    def __init__(self, engine: AsyncEngine, live: LiveFeed) -> None:
        self._live = live
        self._seats = Seats(engine)
        self._order = asyncio.Lock()
        self._endings = Endings(self._order, live)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[SqlTransaction]:
        """A writing transaction: on the disk and told when the block has ended, or gone when the block raises."""
        seat = await self._seats.take()
        turn = Turn(self._order)
        try:
            on = PostgresConnection(seat, WRITING, turn)
            work = SqlTransaction(on)
            yield work
            if on.ends_in_one:
                await unbroken(self._endings.add(on, work))
            else:
                await unbroken(self._commit(on, work))
        finally:
            try:
                await self._seats.give_back(seat)
            finally:
                turn.release()

    async def _commit(self, on: PostgresConnection, work: SqlTransaction) -> None:
        """Commit and tell, with nothing between the two that could let a later commit be told first."""
        await on.commit()
        for told in work.told:
            await self._live.publish(told)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[SqlTransaction]:
        """One moment of the record."""
        seat = await self._seats.take()
        try:
            yield SqlTransaction(PostgresConnection(seat, READING, Turn(self._order)))
        finally:
            await self._seats.give_back(seat)

    def glance(self) -> AbstractAsyncContextManager[SqlTransaction]:
        """As `reading`: whatever is asked is a round trip."""
        return self.reading()

    async def close(self) -> None:
        """Wait for what is being written, and let go of the connections that nobody uses."""
        await self._endings.over()
        await self._seats.close()
