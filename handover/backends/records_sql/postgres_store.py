"""Transactions of the record on PostgreSQL: many at a time, each on a connection of its own, told when committed.

A transaction begins with its first statement and what was put off ends with its commit, in one round trip each.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, NamedTuple

import psycopg
import sqlalchemy as sa
from psycopg.pq import TransactionStatus
from psycopg.pq.abc import PGresult
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncEngine

from handover.backends.records_sql.hot import Found, Hot
from handover.backends.records_sql.postgres_seats import Seat, Seats
from handover.backends.records_sql.postgres_statements import PostgresStatement, insert_of, refuse, statement_of
from handover.backends.records_sql.postgres_wire import Command
from handover.backends.records_sql.transaction import SqlTransaction
from handover.backends.records_sql.unbroken import unbroken
from handover.ports import LiveFeed

_WRITING: Command = (b"BEGIN ISOLATION LEVEL READ COMMITTED", ())
_READING: Command = (b"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", ())
_ONE_AT_A_TIME = sa.text("SELECT pg_advisory_xact_lock(:what)")


class _Asked(NamedTuple):
    """``there`` is raised when the statement finds a row with one of its unique keys."""

    command: Command
    statement: PostgresStatement | None = None
    heard: Callable[[Found], None] = lambda found: None
    there: Exception | None = None


_COMMIT = _Asked((b"COMMIT", ()))


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


class PostgresConnection:
    """What queries need of a connection; implements `handover.backends.records_sql.querying.Querying`."""

    writers_meet = True

    def __init__(self, seat: Seat, begin: Command, turn: Turn) -> None:
        self._seat = seat
        self._turn = turn
        self._waiting = [_Asked(begin)]
        self._begun = self._tells = False

    async def execute(self, statement: sa.Executable, values: Any = None) -> sa.CursorResult[*tuple[Any, ...]]:
        """Run ``statement`` with the values of its parameters."""
        await self.catch_up()
        work = self._seat.limited(self._seat.toolkit.execute(statement, values))
        result: sa.CursorResult[*tuple[Any, ...]] = await unbroken(work)
        return result

    async def run(self, hot: Hot, values: dict[str, Any]) -> Found:
        """Run a statement that every message needs, and what was put off before it."""
        return (await self._ask([(hot, values)]))[0]

    async def run_both(self, first: Hot, second: Hot, values: dict[str, Any]) -> tuple[Found, Found]:
        """Run two of them, one after the other, in one round trip; each sees what is there when its turn comes."""
        one, other = await self._ask([(first, values), (second, values)])
        return one, other

    async def at_the_end(
        self, hot: Hot, values: dict[str, Any], heard: Callable[[Found], None], *, there: Exception | None = None
    ) -> None:
        """Run a statement before whatever is asked next, or else with the commit; ``heard`` is told what it gave.

        With the commit: then the feed's row is locked for no longer than that takes, whatever our loop is busy with.
        """
        statement = statement_of(hot, values)
        self._waiting.append(_Asked(statement.command(values), statement, heard, there))
        self._tells = self._tells or there is None

    async def put_off(self, hot: Hot, values: dict[str, Any]) -> None:
        """Run a statement with what is asked next, or else with the commit."""
        statement = statement_of(hot, values)
        self._waiting.append(_Asked(statement.command(values), statement))

    async def insert_new(self, table: sa.Table, values: dict[str, Any]) -> bool:
        """Insert one row; False when a row with one of its unique keys is there already, and nothing else has failed.

        An insert that fails would end the whole transaction.
        """
        return (await self.run(insert_of(table), values)).rowcount == 1

    async def insert_all_new(self, table: sa.Table, rows: list[dict[str, Any]]) -> int:
        """Insert those of ``rows`` whose unique keys are not there yet; returns how many. They are tried in order."""
        unless_there = postgresql.insert(table).on_conflict_do_nothing().returning(*table.primary_key.columns)
        return len((await self.execute(unless_there, rows)).all())

    async def take_turn(self) -> None:
        """From here until this transaction has been told of, no other of this process is told of."""
        await self._turn.take()

    async def one_at_a_time(self, what: int) -> None:
        """Wait for the other transactions that named the same ``what``; until the end of this one they wait for us."""
        await self.execute(_ONE_AT_A_TIME, {"what": what})

    async def catch_up(self) -> None:
        """Run what was put off."""
        if self._waiting:
            await self._send([])

    async def _ask(self, asked: list[tuple[Hot, dict[str, Any]]]) -> list[Found]:
        found: list[Found] = []
        ready = []
        for hot, values in asked:
            statement = statement_of(hot, values)
            ready.append(_Asked(statement.command(values), statement, found.append))
        await self._send(ready)
        return found

    async def _send(self, asked: Sequence[_Asked]) -> list[PGresult]:
        """Run what was put off, then ``asked``, in one round trip."""
        if self._tells:
            await self._turn.take()
        whole, self._waiting, self._begun = [*self._waiting, *asked], [], True
        wire = self._seat.wire
        try:
            answers = await wire.run([one.command for one in whole])
        except psycopg.errors.UniqueViolation as error:
            there = whole[wire.failed_at].there
            if there is None:
                refuse(error)
            raise there from error
        except psycopg.Error as error:
            refuse(error, lost=wire.broken)
        for one, answer in zip(whole, answers, strict=True):
            if one.statement is not None:
                one.heard(one.statement.found(answer, wire))
        return answers

    async def commit(self, committing: Callable[[], None]) -> None:
        """Run what was put off, and keep it all. ``committing`` is called before, and may refuse.

        Raises RuntimeError when a statement had failed: COMMIT would roll back, and not say so.
        """
        toolkit = self._seat.toolkit
        if self._seat.wire.status is TransactionStatus.INERROR:
            raise RuntimeError("A statement of this transaction failed and was passed over; nothing of it can be kept.")
        if self._seat.begun:  # the toolkit is to know
            await self.catch_up()
            await unbroken(self._seat.limited(toolkit.commit()))
            return
        committing()
        if not self._begun and len(self._waiting) == 1:
            return  # nothing was asked for
        if (await self._send([_COMMIT]))[-1].command_status != b"COMMIT":
            raise RuntimeError("The server has not kept this transaction.")


class PostgresStore:
    """Transactions on ``engine``; what they tell goes to ``live`` once they are on the server's disk."""

    def __init__(self, engine: AsyncEngine, live: LiveFeed) -> None:
        self._engine = engine.sync_engine
        self._live = live
        self._seats = Seats(engine)
        self._order = asyncio.Lock()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[SqlTransaction]:
        """A writing transaction: on the disk and told when the block has ended, or gone when the block raises."""
        seat = await self._seats.take()
        turn = Turn(self._order)
        try:
            on = PostgresConnection(seat, _WRITING, turn)
            work = SqlTransaction(on)
            yield work
            await unbroken(self._commit(seat, on, work))
        finally:
            try:
                await self._seats.give_back(seat)
            finally:
                turn.release()

    async def _commit(self, seat: Seat, on: PostgresConnection, work: SqlTransaction) -> None:
        """Commit and tell, with nothing between the two that could let a later commit be told first."""
        await on.commit(lambda: self._engine.dispatch.commit(seat.toolkit.sync_connection))
        for told in work.told:
            await self._live.publish(told)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[SqlTransaction]:
        """One moment of the record."""
        seat = await self._seats.take()
        try:
            yield SqlTransaction(PostgresConnection(seat, _READING, Turn(self._order)))
        finally:
            await self._seats.give_back(seat)

    def glance(self) -> AbstractAsyncContextManager[SqlTransaction]:
        """As `reading`: whatever is asked is a round trip."""
        return self.reading()

    async def close(self) -> None:
        """Let go of the connections that nobody uses."""
        await self._seats.close()
