"""What goes past the toolkit on PostgreSQL: values, costs, batches that fail, are cancelled or are cut off."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from psycopg.pq import TransactionStatus
from sqlalchemy.exc import DataError, IntegrityError

from handover.backends import Backends, open_backends
from handover.backends.records_sql.hot import Hot
from handover.backends.records_sql.on_postgres import make_engine
from handover.backends.records_sql.postgres_seats import Seat, Seats
from handover.backends.records_sql.postgres_statements import insert_of, statement_of
from handover.backends.records_sql.tables import Moment
from handover.entries import ConversationId
from handover.errors import Unavailable
from handover.screens import customer_topic
from tests.support.desk_world import World, open_world
from tests.support.distributed import Database
from tests.support.line import line_to

pytestmark = pytest.mark.servers
things = sa.Table(
    "things",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(40), unique=True),
    sa.Column("at", Moment),
    sa.Column("more", sa.JSON),
    sa.Column("so", sa.Boolean),
    sa.Column("share", sa.Float),
)
_ADD, _GET = Hot(things.insert()), Hot(sa.select(things).where(things.c.id == sa.bindparam("key")))
ELSEWHERE = timezone(timedelta(hours=5))
_LONG = "x" * 20_000_000  # more than a socket takes at once, in both directions


@asynccontextmanager
async def seat_at(url: str) -> AsyncIterator[Seat]:
    """A connection to an empty database with one table."""
    engine = make_engine(sa.make_url(url))
    async with engine.begin() as connection:
        await connection.run_sync(things.metadata.create_all)
    seats = Seats(engine)
    seat = await seats.take()
    try:
        yield seat
    finally:
        await seats.give_back(seat)
        await seats.close()
        await engine.dispose()


async def test_what_follows_a_statement_that_fails_is_not_run_and_the_connection_goes_on(postgres: Database) -> None:
    async with seat_at(postgres.url) as seat:
        wire = seat.wire
        insert = b"INSERT INTO things (id) VALUES ($1)"
        with pytest.raises(psycopg.errors.UniqueViolation):
            await wire.run([(b"BEGIN", ()), (insert, [b"1"]), (insert, [b"1"]), (insert, [b"2"]), (b"COMMIT", ())])
        assert wire.failed_at == 2
        assert wire.status is TransactionStatus.INERROR
        await wire.run([(b"ROLLBACK", ())])
        for _ in range(2):  # also those that were to be remembered in a batch that failed
            await wire.run([(b"BEGIN", ()), (insert, [b"1"]), (b"SELECT $1::text", [b"x"]), (b"ROLLBACK", ())])
        assert postgres.ask("SELECT count(*) FROM things") == [(0,)]
        assert not wire.broken


async def test_a_batch_may_be_longer_than_any_buffer(postgres: Database) -> None:
    async with seat_at(postgres.url) as seat:
        ask = (b"SELECT $1::text", [_LONG.encode()])
        for answer in await seat.wire.run([ask, ask]):
            assert answer.get_value(0, 0) == _LONG.encode()


async def test_a_cancelled_batch_is_finished_first(postgres: Database) -> None:
    async with seat_at(postgres.url) as seat:
        insert = b"INSERT INTO things (id) VALUES ($1)"
        running = asyncio.create_task(seat.wire.run([(b"SELECT pg_sleep(0.2)", ()), (insert, [b"1"])]))
        for _ in range(3):
            await asyncio.sleep(0)
            running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert postgres.ask("SELECT id FROM things") == [(1,)]
        (answer,) = await seat.wire.run([(b"SELECT 7", ())])
        assert answer.get_value(0, 0) == b"7"


async def test_a_connection_that_the_server_ended_is_known_as_broken(postgres: Database) -> None:
    async with seat_at(postgres.url) as seat:
        asking = asyncio.create_task(seat.wire.run([(b"SELECT pg_sleep(50)", ())]))
        await asyncio.sleep(0)  # it is sent
        await asyncio.to_thread(postgres.disconnect_all)
        with pytest.raises(psycopg.OperationalError):
            await asking
        assert not seat.lives
        with pytest.raises(psycopg.OperationalError):
            await seat.wire.run([(b"SELECT 1", ())])


@pytest.mark.parametrize(
    "given",
    [
        {"name": "Zoë \\ ' \" % $1 :x", "at": datetime(2026, 3, 1, 12, 30, 5, 7, ELSEWHERE), "more": [1, None, "é"]},
        {"name": "", "at": datetime(1, 1, 1, tzinfo=UTC), "more": {}, "so": True, "share": 0.1},
        {"name": None, "at": None, "more": None, "so": False, "share": -1e300},
    ],
)  # fmt: skip
async def test_what_is_written_and_read_is_what_the_toolkit_writes_and_reads(
    postgres: Database, given: dict[str, Any]
) -> None:
    async with seat_at(postgres.url) as seat:
        values = {"id": 1} | given
        add, get = statement_of(_ADD, values), statement_of(_GET, {"key": 1})
        *_, answer = await seat.wire.run([(b"BEGIN", ()), add.command(values), get.command({"key": 1})])
        mine = get.found(answer, seat.wire)
        theirs = (await seat.toolkit.execute(_GET.statement, {"key": 1})).all()
        assert [tuple(row) for row in mine] == [tuple(row) for row in theirs]
        assert mine.first().at == given["at"]
        await seat.toolkit.execute(things.delete())
        await seat.toolkit.execute(things.insert(), values)
        assert (await seat.toolkit.execute(_GET.statement, {"key": 1})).all() == theirs


async def test_failures_are_the_toolkit_s(postgres: Database) -> None:
    async with open_backends(postgres.url) as backends:
        async with backends.records.transaction() as tx:
            await tx.connection.execute(sa.text("CREATE TABLE things (id int primary key, name varchar(40) unique)"))
        async with backends.records.transaction() as tx:
            assert await tx.connection.insert_new(things, {"id": 1, "name": "secret words"})
            assert not await tx.connection.insert_new(things, {"id": 2, "name": "secret words"})
            with pytest.raises(DataError):
                await tx.connection.run(insert_of(things), {"id": 3, "name": "secret\0words"})
            with pytest.raises(UnicodeEncodeError):
                await tx.connection.run(insert_of(things), {"id": 3, "name": "secret \ud800"})
        with pytest.raises(IntegrityError):
            await _twice(backends)
        with pytest.raises(RuntimeError, match="passed over"):
            await _twice(backends, passing_over=True)
        assert postgres.ask("SELECT id FROM things") == [(1,)]


async def _twice(backends: Backends, *, passing_over: bool = False) -> None:
    async with backends.records.transaction() as tx:
        with suppress(IntegrityError) if passing_over else nullcontext():
            await tx.connection.run(_ADD, {"id": 2, "name": "secret words"})


async def test_a_message_costs_two_round_trips(postgres: Database) -> None:
    async with line_to(postgres) as line, open_world(url=line.url) as world:
        where = (await world.conversation("hi", "there")).id
        for _ in range(2):
            before = line.sent
            await world.says(where, "more")
            assert line.sent - before == 2


async def test_statements_that_the_server_has_forgotten_are_asked_anew(postgres: Database) -> None:
    async with open_world(url=postgres.url) as world:
        where = (await world.conversation("hi")).id
        async with world.backends.records.transaction() as tx:
            await tx.connection.execute(sa.text("DEALLOCATE ALL"))
        with pytest.raises(Unavailable):
            await world.says(where, "never")
        await world.says(where, "more")
        assert (await world.texts(where))[1:] == ["hi", "more"]


async def test_what_is_put_off_is_asked_before_what_comes_next(postgres: Database) -> None:
    async with open_world(url=postgres.url) as world:
        where = (await world.conversation("hi")).id
        saved: list[int] = []
        async with world.backends.records.transaction() as tx:
            row = await tx.conversations.get(where, lock=True)
            await tx.conversations.save_last(replace(row, fallbacks=3), saved.append)
            assert not saved
            again = await tx.conversations.get(where)
            assert (again.fallbacks, [again.feed]) == (3, saved)
        assert (await world.desk.reading.stored(where)).feed == saved[0]


@pytest.mark.parametrize("lost", ["refused", "cut"])
async def test_a_transaction_that_fails_at_its_end_leaves_and_tells_nothing(postgres: Database, lost: str) -> None:
    async with open_world(url=postgres.url) as world:
        where = (await world.conversation("hi")).id
        async with world.desk.live.follow(customer_topic(where)) as follower:
            with pytest.raises(IntegrityError if lost == "refused" else Unavailable):
                await _fails(world, where, postgres, lost)
            await asyncio.gather(*(world.says(where, "later") for _ in range(5)))
            assert (await anext(aiter(follower))).offset == 3
        entries = await world.desk.reading.entries(where)
        assert [entry.offset for entry in entries] == [*range(1, 8)]


async def _fails(world: World, where: ConversationId, postgres: Database, lost: str) -> None:
    (entry,) = await world.desk.reading.entries(where, 1, 1)
    async with world.backends.records.transaction() as tx:
        row = await tx.conversations.get(where, lock=True)
        await tx.entries.insert(replace(entry, offset=3, client_id="k", text="never"), inbox="web")
        answered = -5 if lost == "cut" else row.conversation.last_offset + 5  # more than there is: refused
        await tx.conversations.save_last(replace(row, answered=answered), lambda feed: None)
        if lost == "cut":
            await asyncio.to_thread(postgres.disconnect_all)


async def test_nothing_of_a_record_that_is_closed_stays_connected(postgres: Database) -> None:
    async with open_world(url=postgres.url) as world:
        where = (await world.conversation("hi")).id
        await asyncio.gather(*(world.says(where, "more") for _ in range(10)))
    assert postgres.ask("SELECT count(*) FROM pg_stat_activity WHERE datname = %s", postgres.name) == [(1,)]


async def test_a_connection_that_comes_back_after_the_end_is_closed(postgres: Database) -> None:
    """Work that was under way when the service stopped gives its connection back when nobody looks any more."""
    engine = make_engine(sa.make_url(postgres.url))
    seats = Seats(engine)
    late, later = await seats.take(), await seats.take()
    await seats.close()
    await seats.give_back(late)
    await engine.dispose()
    await seats.give_back(later)
    assert (late.wire.driver.closed, later.wire.driver.closed) == (True, True)


async def test_a_reader_cancelled_while_its_moment_ends_takes_no_connection_with_it(postgres: Database) -> None:
    engine = make_engine(sa.make_url(postgres.url))
    seats = Seats(engine)
    seat = await seats.take()
    await seat.wire.run([(b"BEGIN", ()), (b"SELECT 1", ())])
    giving = asyncio.create_task(seats.give_back(seat))
    await asyncio.sleep(0)  # it is being rolled back
    giving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await giving
    again = await seats.take()
    assert again is seat
    assert again.clean
    await seats.give_back(again)
    await seats.close()
    await engine.dispose()
