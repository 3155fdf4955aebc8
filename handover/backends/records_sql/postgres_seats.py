"""Connections to PostgreSQL that are kept open for the record, each with its wire and the toolkit's connection over it.

The toolkit's own pool costs more for each transaction than a message's statements do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

import psycopg
import sqlalchemy as sa
from psycopg.pq import TransactionStatus
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from handover.backends.records_sql.on_postgres import ANSWER_SECONDS, POOL, POOL_SECONDS, hang_up
from handover.backends.records_sql.postgres_wire import PostgresWire
from handover.backends.records_sql.unbroken import unbroken, within

_T = TypeVar("_T")
_ROLLBACK = (b"ROLLBACK", ())


class Seat:
    """One connection: ``toolkit`` for statements it compiles, ``wire`` for those of every message; one at a time."""

    def __init__(self, toolkit: AsyncConnection, driver: psycopg.AsyncConnection[Any]) -> None:
        self.toolkit = toolkit
        self.wire = PostgresWire(driver)

    @property
    def lives(self) -> bool:
        """Whether it is of use. A server that went away has said so: there is something to read on an idle one."""
        return not (self.wire.broken or self.wire.driver.closed or self.wire.something_came())

    @property
    def clean(self) -> bool:
        """Whether nothing was left over from the latest transaction."""
        return self.wire.status is TransactionStatus.IDLE and not self.begun

    @property
    def begun(self) -> bool:
        """Whether the toolkit knows of a transaction, or of the remains of one."""
        on = self.toolkit.sync_connection
        return on is not None and on.get_transaction() is not None

    def limited(self, work: Coroutine[Any, Any, _T]) -> Coroutine[Any, Any, _T]:
        """``work`` of the toolkit, which fails when the server has not answered in time."""
        return within(ANSWER_SECONDS, work, lambda: hang_up(self.wire.driver))

    def committing(self) -> None:
        """Those who listen to the toolkit's commits hear of one that goes past it; they may refuse."""
        on = self.toolkit.sync_connection
        if on is not None:
            on.engine.dispatch.commit(on)

    async def roll_back(self) -> None:
        """Take back what was not committed. A connection that cannot even do that is broken."""
        try:
            if self.wire.status in (TransactionStatus.INTRANS, TransactionStatus.INERROR):
                await self.wire.run([_ROLLBACK])
            if self.begun:
                await self.limited(self.toolkit.rollback())
        except (psycopg.Error, DBAPIError):
            self.wire.broken = True
        self.wire.broken = self.wire.broken or not self.clean

    async def leave(self) -> None:
        """Close the connection."""
        with suppress(psycopg.Error, DBAPIError):
            await self.limited(self.toolkit.invalidate())
        with suppress(psycopg.Error, DBAPIError):
            await self.toolkit.close()


class Seats:
    """At most POOL of them, on ``engine``."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._free = asyncio.Semaphore(POOL)
        self._idle: list[Seat] = []
        self._over = False
        sa.event.listen(engine.sync_engine, "engine_disposed", self._leave_all)

    async def take(self) -> Seat:
        """One that works. Raises NoConnection when none is free in time, DBAPIError when there is no server."""
        if self._free.locked():
            await self._wait()
        else:
            await self._free.acquire()
        try:
            while self._idle:
                seat = self._idle.pop()
                if seat.lives:
                    return seat
                await unbroken(seat.leave())
            return await self._opened()
        except BaseException:
            self._free.release()
            raise

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(POOL_SECONDS):
                await self._free.acquire()
        except TimeoutError as error:
            raise NoConnection(f"All {POOL} connections to the record are in use.") from error

    async def _opened(self) -> Seat:
        toolkit = self._engine.connect()
        try:
            await unbroken(_start(toolkit))
            driver = (await toolkit.get_raw_connection()).driver_connection
            assert isinstance(driver, psycopg.AsyncConnection)
            return Seat(toolkit, driver)
        except BaseException:
            if toolkit.sync_connection is not None:
                await unbroken(toolkit.close())
            raise

    async def give_back(self, seat: Seat) -> None:
        """Whatever is left of its transaction is taken back, also for a task that is cancelled meanwhile."""
        if seat.clean and not (seat.wire.broken or self._over):
            self._idle.append(seat)
            self._free.release()
        else:
            await unbroken(self._put_right(seat))

    async def _put_right(self, seat: Seat) -> None:
        try:
            if not seat.clean:
                await seat.roll_back()
            if seat.wire.broken or self._over:
                await seat.leave()
            else:
                self._idle.append(seat)
        finally:
            self._free.release()

    async def close(self) -> None:
        """Close those that nobody uses; from now on nobody keeps one."""
        self._over = True
        while self._idle:
            await self._idle.pop().leave()

    def _leave_all(self, engine: sa.Engine) -> None:
        """The engine goes, and with it those that nobody uses; the others when they are given back."""
        self._over = True
        while self._idle:
            on = self._idle.pop().toolkit.sync_connection
            if on is not None:
                on.invalidate()
                on.close()


async def _start(toolkit: AsyncConnection) -> None:
    await toolkit.start()
