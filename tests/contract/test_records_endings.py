"""Ends of transactions on PostgreSQL follow each other closely: each is kept whole or not at all, and told in order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import replace
from typing import Any

import pytest
import uvloop
from sqlalchemy.exc import IntegrityError

from handover.desk import CustomerMessage
from handover.entries import ConversationId
from handover.errors import Unavailable
from handover.screens import customer_topic
from tests.support.desk_world import World, open_world, two_replicas
from tests.support.distributed import Database, back_again

pytestmark = pytest.mark.servers
_Run = Callable[[Coroutine[Any, Any, None]], None]


@pytest.fixture
async def world(postgres: Database) -> AsyncIterator[World]:
    async with open_world(url=postgres.url) as opened:
        yield opened


async def says(world: World, where: ConversationId, key: str) -> int:
    """The line's offset."""
    said = CustomerMessage(f"words {key}", key)
    return (await world.desk.customers.record_customer_message(where, said)).entry.offset


async def refused(world: World, where: ConversationId) -> None:
    """A change that the database refuses when it is to be kept."""
    async with world.backends.records.transaction() as tx:
        row = await tx.conversations.get(where, lock=True)
        await tx.conversations.save_last(replace(row, answered=row.conversation.last_offset + 9), lambda feed: None)


async def test_one_that_is_refused_takes_nobody_with_it(world: World) -> None:
    places = [(await world.conversation("hi")).id for _ in range(6)]
    work = [refused(world, place) if n % 3 == 0 else says(world, place, f"k{n}") for n, place in enumerate(places * 3)]
    found = await asyncio.gather(*work, return_exceptions=True)
    assert [isinstance(one, IntegrityError) for one in found] == [n % 3 == 0 for n in range(18)]
    for n, place in enumerate(places):
        assert len(await world.texts(place)) == (2 if n % 3 == 0 else 5)


async def test_a_message_cancelled_at_any_moment_is_there_whole_or_not_at_all(world: World) -> None:
    places = [(await world.conversation("hi")).id for _ in range(3)]
    heard: list[int | None] = []
    async with world.desk.live.follow(customer_topic(places[0])) as follower:
        for moments in range(40):
            others = [asyncio.ensure_future(says(world, place, f"o{moments}")) for place in places[1:]]
            mine = asyncio.create_task(says(world, places[0], f"m{moments}"))
            for _ in range(moments):
                await asyncio.sleep(0)
            mine.cancel()
            await asyncio.gather(mine, return_exceptions=True)
            assert len(set(await asyncio.gather(*others))) == 1
        last = await says(world, places[0], "last")
        async for told in follower:
            heard.append(told.offset)
            if told.offset == last:
                break
    assert heard == [*range(3, last + 1)]
    assert [entry.offset for entry in await world.desk.reading.entries(places[0])] == [*range(1, last + 1)]
    assert len(await world.texts(places[1])) == 42


@pytest.mark.parametrize("loop", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def test_a_restart_in_the_middle_loses_nothing_that_was_acknowledged(postgres: Database, loop: _Run) -> None:
    loop(_restarts(postgres))


async def _restarts(postgres: Database) -> None:
    async with two_replicas(postgres.url) as two:
        places = [(await two[0].conversation("hi")).id for _ in range(4)]
        kept: set[str] = set()
        some = asyncio.Event()

        async def writes(n: int) -> None:
            while f"k{n}" not in kept:
                try:
                    await says(two[n % 2], places[n % 4], f"k{n}")
                    kept.add(f"k{n}")
                    if len(kept) == 20:
                        some.set()
                except Unavailable:
                    await asyncio.sleep(0.05)

        writers = [asyncio.create_task(writes(n)) for n in range(120)]
        async with asyncio.timeout(100):
            await some.wait()
            postgres.server.kill()
            await asyncio.to_thread(back_again, postgres.server)
            await asyncio.gather(*writers)
        for n, place in enumerate(places):
            entries = await two[0].desk.reading.entries(place, 0, 1_000)
            assert [entry.offset for entry in entries] == [*range(1, len(entries) + 1)]
            assert sorted(entry.text for entry in entries[2:]) == sorted(f"words k{m}" for m in range(n, 120, 4))
