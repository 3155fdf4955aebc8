"""One connection to PostgreSQL, spoken to in batches: commands go out together, and their answers come together.

By libpq's pipeline, past the driver's cursors, whose waits cost several times what the commands cost. Of the driver it
takes what is public in `psycopg.pq`, `psycopg.adapt` and `psycopg.errors`.
"""

from __future__ import annotations

import asyncio
import select
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import psycopg
from psycopg.adapt import Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus, TransactionStatus
from psycopg.pq.abc import PGconn, PGresult

from handover.backends.records_sql.on_postgres import ANSWER_SECONDS, hang_up

# A statement with $1, $2 ... and their values as PostgreSQL reads them, None for NULL.
Command: TypeAlias = tuple[bytes, Sequence[bytes | None]]
_GAVE = frozenset({ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK, ExecStatus.EMPTY_QUERY})
# The server has forgotten a statement, or its tables are others now: on a new connection it is asked anew.
_FORGOTTEN = (psycopg.errors.InvalidSqlStatementName, psycopg.errors.FeatureNotSupported)
# So many statements of a connection the server is asked to remember; there are some dozens.
_REMEMBERED = 200


class PostgresWire:
    """The connection of ``driver``, which may be used between batches as the driver wants it, but not during one.

    ``broken``: it is of no use any more.
    """

    def __init__(self, driver: psycopg.AsyncConnection[Any]) -> None:
        self.driver = driver
        self.broken = False
        self.reader = Transformer(driver)  # makes Python's values of what comes back, by the driver's own rules
        self._pg: PGconn = driver.pgconn
        self._names: dict[bytes, bytes] = {}
        self._named = 0
        self._full = False
        self._batch = Batch()
        self._something = select.poll()
        self._something.register(driver.fileno(), select.POLLIN)

    @property
    def failed_at(self) -> int:
        """Which of the latest commands failed, when one has: its place among them."""
        return len(self._batch.answers)

    @property
    def status(self) -> TransactionStatus:
        """Where the connection's transaction stands; UNKNOWN when the connection is gone."""
        return TransactionStatus(self._pg.transaction_status)

    async def run(self, commands: Sequence[Command]) -> list[PGresult]:
        """Run ``commands`` in order; what follows one that fails is not run. Returns an answer for each.

        Raises the psycopg.Error of the first that failed. A task cancelled meanwhile is cancelled when the answers are
        there, not before.
        """
        batch = self.start(commands)
        await batch.waited_for()
        return batch.result()

    def start(self, commands: Sequence[Command]) -> Batch:
        """Send ``commands``. Nothing else may be asked before the batch has ended."""
        batch = self._batch = Batch()
        self._send(commands)
        if not batch.ended:
            loop, file = asyncio.get_running_loop(), self._pg.socket
            loop.add_reader(file, self._readable)
            timer = loop.call_later(ANSWER_SECONDS, self._give_up)
            batch.at_the_end = lambda: self._quiet(loop, file, timer)
            self._go_on_writing(loop, file)
        return batch

    def _quiet(self, loop: asyncio.AbstractEventLoop, file: int, timer: asyncio.TimerHandle) -> None:
        timer.cancel()
        loop.remove_reader(file)
        if self._full:
            loop.remove_writer(file)
            self._full = False

    def _send(self, commands: Sequence[Command]) -> None:
        """Hand the commands to libpq, and have the server remember statements that are new to this connection."""
        pg, fresh = self._pg, dict[bytes, bytes]()
        try:
            pg.enter_pipeline_mode()
            for statement, values in commands:
                name = self._names.get(statement) or fresh.get(statement)
                if name is None and self._named < _REMEMBERED:
                    name = fresh[statement] = self._new_name(statement)
                    pg.send_prepare(name, statement)
                    self._batch.asked.append((statement, name))
                if name is None:
                    pg.send_query_params(statement, values)
                else:
                    pg.send_query_prepared(name, values)
                self._batch.asked.append(None)
            pg.pipeline_sync()
        except psycopg.Error as error:
            self._lost(error)

    def _new_name(self, statement: bytes) -> bytes:
        """A plain word is its own name: one sees it in what is sent."""
        self._named += 1
        return statement if statement.isalpha() else b"s%d" % self._named

    def _go_on_writing(self, loop: asyncio.AbstractEventLoop, file: int) -> None:
        """Send what libpq still holds; what does not go now goes when there is room."""
        try:
            was_full, self._full = self._full, self._pg.flush() != 0
        except psycopg.Error as error:
            self._lost(error)
            return
        if self._full and not was_full:
            loop.add_writer(file, self._go_on_writing, loop, file)
        elif was_full and not self._full:
            loop.remove_writer(file)

    def something_came(self) -> bool:
        """Whether there is something to read, or nothing any more for ever."""
        return bool(self._something.poll(0))

    def _readable(self) -> None:
        """Take in all that has come: after an error of the socket uvloop calls once, and then no more."""
        self._take_in()
        while not self._batch.ended and self.something_came():
            self._take_in()

    def _take_in(self) -> None:
        pg, batch = self._pg, self._batch
        nothing = False
        try:
            pg.consume_input()
            while not batch.ended and not pg.is_busy():
                answer = pg.get_result()
                if answer is None:  # the end of one command's answers; twice: of all there are so far
                    if nothing:
                        break
                    nothing = True
                    continue
                nothing = False
                if answer.status == ExecStatus.PIPELINE_SYNC:
                    pg.exit_pipeline_mode()
                    batch.end()
                else:
                    self._hear(answer)
            if not batch.ended and pg.status == ConnStatus.BAD:
                self._lost(psycopg.OperationalError("the server has ended this connection"))
        except psycopg.Error as error:
            self._lost(error)

    def _hear(self, answer: PGresult) -> None:
        batch = self._batch
        prepared = batch.asked[batch.heard]
        batch.heard += 1
        if answer.status in _GAVE:
            if prepared is None:
                if batch.failure is None:
                    batch.answers.append(answer)
            else:
                self._names[prepared[0]] = prepared[1]
        elif answer.status != ExecStatus.PIPELINE_ABORTED and batch.failure is None:
            batch.failure = error_from_result(answer, self.driver.info.encoding)
            self.broken = self.broken or isinstance(batch.failure, _FORGOTTEN)

    def _give_up(self) -> None:
        """The server has not answered in time."""
        hang_up(self.driver)
        self._lost(psycopg.OperationalError("the server has not answered in time"))

    def _lost(self, error: psycopg.Error) -> None:
        """Nothing more will come."""
        self.broken = True
        if self._batch.failure is None:
            self._batch.failure = error
        self._batch.end()


class Batch:
    """What was asked, in order, and what has come of it. Where a statement is to be remembered, it and its name."""

    __slots__ = ("_waiter", "answers", "asked", "at_the_end", "ended", "failure", "heard")

    def __init__(self) -> None:
        self.asked: list[tuple[bytes, bytes] | None] = []
        self.heard = 0
        self.answers: list[PGresult] = []
        self.failure: psycopg.Error | None = None
        self.ended = False
        self.at_the_end: Callable[[], None] = lambda: None
        self._waiter: asyncio.Future[None] | None = None

    def end(self) -> None:
        """Nothing more will come."""
        if self.ended:
            return
        self.ended = True
        self.at_the_end()
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def result(self) -> list[PGresult]:
        """An answer for each command. Raises the psycopg.Error of the first that failed."""
        if self.failure is not None:
            raise self.failure
        return self.answers

    async def waited_for(self) -> None:
        """Returns at the end, also for a task that is cancelled; that one is cancelled then."""
        loop = asyncio.get_running_loop()
        cancelled: asyncio.CancelledError | None = None
        while not self.ended:
            self._waiter = loop.create_future()
            try:
                await self._waiter
            except asyncio.CancelledError as wish:
                cancelled = wish
        if cancelled is not None:
            raise cancelled
