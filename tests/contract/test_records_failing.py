"""PostgreSQL that restarts, hangs or is cut off: a clear error soon, nothing accepted is lost, and it heals by itself.

SQLite is a file in this process; what its disk may do is in tests/handover/test_invariants.py.
"""

from __future__ import annotations

import asyncio

import pytest
import uvloop

from handover.backends import open_backends
from handover.backends.records_sql.engine import make_engine, reached
from handover.desk import CustomerMessage
from handover.entries import ConversationId
from handover.errors import Unavailable
from tests.support.desk_world import World, open_world, two_replicas
from tests.support.distributed import Database, back_again
from tests.support.line import line_to

pytestmark = pytest.mark.servers
SOON = 50  # seconds; far above every limit there is, far below for ever


async def says(world: World, where: ConversationId, client_id: str) -> bool:
    """Was it there already."""
    async with asyncio.timeout(SOON):
        said = CustomerMessage(f"words {client_id}", client_id)
        return (await world.desk.customers.record_customer_message(where, said)).duplicate


async def test_a_server_that_restarts_is_an_error_now_and_none_afterwards(postgres: Database) -> None:
    async with open_world(url=postgres.url) as world:
        where = (await world.conversation("hi")).id
        postgres.server.kill()
        with pytest.raises(Unavailable):
            await says(world, where, "k1")
        with pytest.raises(Unavailable):
            await world.desk.reading.entries(where)
        await asyncio.to_thread(back_again, postgres.server)
        assert not await says(world, where, "k1")
        assert (await world.texts(where))[-2:] == ["hi", "words k1"]


async def test_every_pooled_connection_may_be_dead_without_anybody_noticing(postgres: Database) -> None:
    async with open_world(url=postgres.url) as world:
        where = (await world.conversation("hi")).id
        await asyncio.gather(*(world.desk.reading.entries(where) for _ in range(15)))
        postgres.disconnect_all()
        await asyncio.gather(*(world.desk.reading.entries(where) for _ in range(15)))
        assert not await says(world, where, "k1")


@pytest.mark.parametrize(("cut", "kept"), [("before", False), ("after", True)])
async def test_a_connection_lost_at_the_commit_is_settled_by_the_resend(
    postgres: Database, cut: str, kept: bool
) -> None:
    async with line_to(postgres) as line, open_world(url=line.url) as world:
        where = (await world.conversation("hi")).id
        line.cut_at, line.cut = b"COMMIT\x00", "after" if cut == "after" else "before"
        with pytest.raises(Unavailable):
            await says(world, where, "k1")
        assert line.cuts == 1
        assert await says(world, where, "k1") == kept
        assert (await world.texts(where))[-2:] == ["hi", "words k1"]


async def test_a_server_that_hangs_keeps_nobody_for_long(postgres: Database) -> None:
    async with line_to(postgres) as line, open_world(url=line.url) as world:
        where = (await world.conversation("hi")).id
        line.open.clear()
        with pytest.raises(Unavailable):
            await says(world, where, "k1")
        line.open.set()
        assert not await says(world, where, "k1")


async def test_a_replica_that_stands_still_holds_the_others_up_for_some_seconds_only(postgres: Database) -> None:
    """As one that is stopped in the middle of a transaction does; when it goes on its transaction is over."""
    async with two_replicas(postgres.url) as (one, other):
        where = (await one.conversation("hi")).id

        async def stands_still() -> None:
            async with one.backends.records.transaction() as tx:
                row = await tx.conversations.get(where, lock=True)
                assert not await says(other, where, "k1")
                await tx.conversations.save(row)

        with pytest.raises(Unavailable):
            await stands_still()
        assert (await one.texts(where))[-1] == "words k1"


async def test_a_crowd_gets_its_turn_or_a_clear_error(postgres: Database) -> None:
    async with open_world(url=postgres.url) as world:
        where = (await world.conversation("hi")).id
        async with asyncio.timeout(SOON):
            told = await asyncio.gather(*(says(world, where, f"k{n}") for n in range(300)), return_exceptions=True)
        assert all(isinstance(each, (bool, Unavailable)) for each in told)
        assert len(await world.desk.reading.entries(where, 2, 1_000)) == sum(each is False for each in told)


async def test_a_start_before_the_database_is_there_says_what_is_wrong(postgres: Database) -> None:
    postgres.server.stop()
    engine = make_engine(postgres.url)
    with pytest.raises(Unavailable, match="DATABASE_URL cannot be reached"):
        await reached(engine, within=0.5)
    start = asyncio.create_task(_opens(postgres.url))
    await asyncio.to_thread(back_again, postgres.server)
    async with asyncio.timeout(SOON):
        assert await start == 0
    await engine.dispose()


async def _opens(url: str) -> int:
    async with open_backends(url) as backends, backends.records.reading() as tx:
        return await tx.conversations.feed()


def test_it_works_on_the_loop_that_serves(postgres: Database) -> None:
    async def story() -> list[str]:
        async with open_world(url=postgres.url) as world:
            where = (await world.conversation("hi")).id
            await asyncio.gather(*(world.says(where, "more") for _ in range(30)))
            return await world.texts(where)

    assert len(uvloop.run(story())) == 32
