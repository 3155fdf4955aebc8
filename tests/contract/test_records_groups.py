"""Writing transactions of one process share commits: each is kept whole or not at all, and told when it is kept."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Awaitable
from contextlib import closing
from pathlib import Path

import pytest_asyncio
import sqlalchemy as sa

from handover.backends.records_sql import group_commit
from handover.desk import CustomerMessage
from handover.entries import ConversationId
from handover.errors import Unavailable
from handover.screens import customer_topic
from tests.support.desk_world import World, open_world
from tests.support.failing_disk import CommitFails, FailingDisk, as_after_a_kill


@pytest_asyncio.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path) as opened:
        yield opened


def says(world: World, where: ConversationId, key: str) -> Awaitable[object]:
    return world.desk.customers.record_customer_message(where, CustomerMessage(f"words {key}", key))


def commits_of(world: World) -> list[int]:
    """One more for each commit from now on."""
    seen: list[int] = []
    sa.event.listen(world.backends.records.writing_engine, "commit", lambda connection: seen.append(1))
    return seen


class SlowDisk:
    """Commits wait in their thread until the test lets them go on."""

    def __init__(self, world: World) -> None:
        self.may_go, self.begun = threading.Event(), threading.Event()
        sa.event.listen(world.backends.records.writing_engine, "commit", self._on_commit)

    def _on_commit(self, connection: sa.Connection) -> None:
        self.begun.set()
        assert self.may_go.wait(50)


async def test_those_who_wait_for_a_commit_share_the_next_one(world: World) -> None:
    places = [(await world.conversation("hi")).id for _ in range(4)]
    commits = commits_of(world)
    await asyncio.gather(*(says(world, place, f"{place}-{n}") for place in places for n in range(10)))
    assert len(commits) <= 4
    for place in places:
        entries = await world.desk.reading.entries(place)
        assert [entry.offset for entry in entries] == [*range(1, 13)]
        assert [entry.text for entry in entries[2:]] == [f"words {place}-{n}" for n in range(10)]


async def test_a_group_has_its_limit(world: World) -> None:
    place, commits = (await world.conversation("hi")).id, commits_of(world)
    await asyncio.gather(*(says(world, place, f"k{n}") for n in range(group_commit.GROUP * 2)))
    assert len(commits) >= 2
    assert len(await world.desk.reading.entries(place)) == 2 + group_commit.GROUP * 2


async def test_one_that_is_refused_takes_nobody_of_its_group_with_it(world: World) -> None:
    place, commits = (await world.conversation("hi")).id, commits_of(world)
    mine = [says(world, place, "a1"), says(world, place, "a2")]
    theirs = says(world, ConversationId("nowhere"), "x")
    found = await asyncio.gather(mine[0], theirs, mine[1], return_exceptions=True)
    assert [isinstance(one, Exception) for one in found] == [False, True, False]
    assert len(commits) == 1
    assert (await world.texts(place))[2:] == ["words a1", "words a2"]


async def test_the_same_words_twice_in_one_group_are_one_line_and_the_second_finds_it(world: World) -> None:
    place = (await world.conversation("hi")).id
    said = CustomerMessage("Hello?", "a1")
    write = world.desk.customers.record_customer_message
    found = await asyncio.gather(*(write(place, said) for _ in range(3)))
    assert [one.duplicate for one in found] == [False, True, True]
    assert {one.entry.offset for one in found} == {3}


async def test_what_a_refused_one_had_written_is_gone(world: World) -> None:
    where = await world.conversation("hi")
    written = asyncio.Event()

    async def refused() -> None:
        async with world.backends.records.transaction() as tx:
            await tx.people.set_email(where.customer, "wrong@example.com")
            written.set()
            raise KeyError("changed its mind")

    found = await asyncio.gather(
        says(world, where.id, "a1"), refused(), says(world, where.id, "a2"), return_exceptions=True
    )
    assert isinstance(found[1], KeyError)
    assert written.is_set()
    assert (await world.desk.reading.customer(where.customer)).email is None
    assert (await world.texts(where.id))[2:] == ["words a1", "words a2"]


async def test_a_commit_that_fails_is_everybody_s_and_the_next_one_works(world: World) -> None:
    place, disk = (await world.conversation("hi")).id, FailingDisk()
    disk.put_under(world.backends.records.writing_engine)
    disk.fail_next = True
    async with world.desk.live.follow(customer_topic(place)) as follower:
        failed = await asyncio.gather(*(says(world, place, f"k{n}") for n in range(3)), return_exceptions=True)
        assert [type(one) for one in failed] == [CommitFails] * 3
        assert await world.texts(place) == ["I am an automated assistant.", "hi"]
        await says(world, place, "k3")
        assert (await anext(aiter(follower))).offset == 3  # nothing was told of those that were not kept
    assert (await world.texts(place))[2:] == ["words k3"]


async def test_nothing_is_told_before_it_is_on_the_disk(world: World, tmp_path: Path) -> None:
    place = (await world.conversation("hi")).id
    disk, heard = SlowDisk(world), []

    async def listen() -> None:
        async with world.desk.live.follow(customer_topic(place)) as follower:
            async for told in follower:
                heard.append(told.offset)

    listener = asyncio.create_task(listen())
    await asyncio.sleep(0)
    saying = asyncio.ensure_future(says(world, place, "a1"))
    await asyncio.to_thread(disk.begun.wait, 50)
    assert not heard
    assert not saying.done()
    assert _lines(as_after_a_kill(tmp_path) / "record.db") == 2
    disk.may_go.set()
    await saying
    assert _lines(as_after_a_kill(tmp_path) / "record.db") == 3
    assert heard == [3]
    listener.cancel()


async def test_a_caller_cancelled_while_it_waits_for_the_disk_leaves_nothing_half_done(world: World) -> None:
    place = (await world.conversation("hi")).id
    disk = SlowDisk(world)
    saying = asyncio.ensure_future(says(world, place, "a1"))
    await asyncio.to_thread(disk.begun.wait, 50)
    later = asyncio.ensure_future(says(world, place, "a2"))
    await asyncio.sleep(0)
    saying.cancel()
    later.cancel()
    disk.may_go.set()
    results = await asyncio.gather(saying, later, return_exceptions=True)
    assert [type(one) for one in results] == [asyncio.CancelledError] * 2
    await says(world, place, "a3")
    assert (await world.texts(place))[2:] == ["words a1", "words a3"]


async def test_a_writer_of_another_process_is_waited_for(world: World, tmp_path: Path) -> None:
    place = (await world.conversation("hi")).id
    with closing(sqlite3.connect(tmp_path / "record.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        saying = asyncio.ensure_future(says(world, place, "a1"))
        assert (await world.texts(place))[2:] == []  # who reads does not wait
        assert not saying.done()
        other.execute("ROLLBACK")
        await saying
    assert (await world.texts(place))[2:] == ["words a1"]


async def test_a_transaction_that_the_disk_ended_is_nobody_s_success(world: World) -> None:
    """SQLite ends the whole transaction when the disk is full or cannot be read."""
    place = (await world.conversation("hi")).id

    async def broken() -> None:
        async with world.backends.records.transaction() as tx:
            await tx.connection.execute(sa.text("ROLLBACK"))
            raise Unavailable("as a full disk does")

    found = await asyncio.gather(says(world, place, "a1"), broken(), says(world, place, "a2"), return_exceptions=True)
    assert [isinstance(one, Exception) for one in found] == [True, True, False]
    await says(world, place, "a3")
    assert (await world.texts(place))[2:] == ["words a2", "words a3"]


def _lines(file: Path) -> int:
    with closing(sqlite3.connect(file)) as record:
        return int(record.execute("SELECT count(*) FROM entries").fetchone()[0])
