"""What queries need of a connection to PostgreSQL inside a transaction, in as few round trips as can be.

It begins with its first statement, and what was put off goes with its commit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import psycopg
import sqlalchemy as sa
from psycopg.pq import TransactionStatus
from sqlalchemy.dialects import postgresql

from handover.backends.records_sql.hot import Found, Hot
from handover.backends.records_sql.postgres_seats import Seat
from handover.backends.records_sql.postgres_statements import PostgresStatement, insert_of, refuse, statement_of
from handover.backends.records_sql.postgres_wire import Batch, Command, PostgresWire
from handover.backends.records_sql.unbroken import unbroken

WRITING: Command = (b"BEGIN ISOLATION LEVEL READ COMMITTED", ())
READING: Command = (b"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", ())
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
        self.held = False

    async def take(self) -> None:
        """Wait for it; a second time nothing happens."""
        if not self.held:
            await self._order.acquire()
            self.held = True

    def release(self) -> None:
        """The next one may go on."""
        if self.held:
            self.held = False
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
        """Run a statement whose answer nobody needs, before whatever is asked next or with the commit."""
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

    async def _send(self, asked: Sequence[_Asked]) -> None:
        """Run what was put off, then ``asked``, in one round trip."""
        if self._tells:
            await self._turn.take()
        sent = self._start(asked)
        await sent.batch.waited_for()
        sent.heard()

    def _start(self, asked: Sequence[_Asked]) -> Sent:
        whole, self._waiting, self._begun = [*self._waiting, *asked], [], True
        return Sent(self._seat.wire, whole, self._seat.wire.start([one.command for one in whole]))

    @property
    def ends_in_one(self) -> bool:
        """Whether all its changes of the feed go with its commit."""
        return self._tells and not (self._turn.held or self._seat.begun)

    def start_commit(self) -> Sent:
        """Send what was put off, and COMMIT. Raises RuntimeError when a statement had failed."""
        self._check()
        self._seat.committing()
        return self._start([_COMMIT])

    async def commit(self) -> None:
        """Run what was put off, and keep it all. Raises RuntimeError when a statement had failed."""
        self._check()
        if self._seat.begun:  # the toolkit is to know
            await self.catch_up()
            await self._seat.limited(self._seat.toolkit.commit())
        elif self._begun or len(self._waiting) > 1:
            self._seat.committing()
            await self._send([_COMMIT])

    def _check(self) -> None:
        if self._seat.wire.status is TransactionStatus.INERROR:  # COMMIT would roll back, and not say so
            raise RuntimeError("A statement of this transaction failed and was passed over; nothing of it can be kept.")


class Sent(NamedTuple):
    """What is under way on a connection."""

    wire: PostgresWire
    asked: Sequence[_Asked]
    batch: Batch

    def heard(self) -> None:
        """Hand on what came, once the batch has ended. Raises DBAPIError, or what a row that is there was to raise."""
        try:
            answers = self.batch.result()
        except psycopg.errors.UniqueViolation as error:
            there = self.asked[len(self.batch.answers)].there
            if there is None:
                refuse(error)
            raise there from error
        except psycopg.Error as error:
            refuse(error, lost=self.wire.broken)
        for one, answer in zip(self.asked, answers, strict=True):
            if one.statement is not None:
                one.heard(one.statement.found(answer, self.wire))
            elif one is _COMMIT and answer.command_status != b"COMMIT":
                raise RuntimeError("The server has not kept this transaction.")
