"""A task may be cancelled at any moment of a call to the record: nothing is left behind, nothing is half done."""

from __future__ import annotations

import asyncio
import threading
import uuid
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from handover.backends import Backends, open_backends
from handover.backends.records_sql.unbroken import unbroken
from handover.entries import CustomerId
from handover.ports import Told
from handover.stored import Customer
from tests.support.desk_world import World, fresh_record, open_world

BEGAN = datetime(2026, 11, 21, tzinfo=UTC)


def _left_behind() -> list[threading.Thread]:
    """Threads that hold a connection to a record and do not end by themselves."""
    workers = [thread for thread in threading.enumerate() if "_connection_worker_thread" in thread.name]
    for thread in workers:
        thread.join(2)
    return [thread for thread in workers if thread.is_alive()]


async def _reads(backends: Backends) -> None:
    async with backends.records.reading() as tx:
        await tx.conversations.feed()


async def _writes(backends: Backends) -> None:
    async with backends.records.transaction() as tx:
        await tx.people.add_customer(Customer(CustomerId(uuid.uuid4().hex)), BEGAN)


def test_a_call_cancelled_at_any_moment_leaves_no_connection_behind(any_record: str, tmp_path: Path) -> None:
    """Each moment has a loop of its own: a connection that works on after its end fails the test by its complaint."""
    address = asyncio.run(fresh_record(tmp_path))
    for work in (_reads, _writes):
        for moments in range(24 if any_record == "sqlite" else 60):
            asyncio.run(_cancelled_after(moments, work, address))
    assert not _left_behind()


async def _cancelled_after(moments: int, work: Callable[[Backends], Coroutine[Any, Any, None]], address: str) -> None:
    # The one connection the pool has is in use, so that the call opens another.
    async with open_backends(address) as backends, backends.records.reading():
        task = asyncio.create_task(work(backends))
        for _ in range(moments):
            await asyncio.sleep(0)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_a_commit_that_was_begun_is_finished_and_told(any_record: str, tmp_path: Path) -> None:
    async with open_world(tmp_path) as world, world.desk.live.follow("t") as follower:
        reached = asyncio.Event()

        async def writes() -> None:
            async with world.backends.records.transaction() as tx:
                await tx.people.add_customer(Customer(CustomerId("new")), world.clock.now())
                tx.after_commit(Told("t", "x", "told"))
                reached.set()

        task = asyncio.create_task(writes())
        await reached.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await _known(world, "new")
        async for told in follower:
            assert told.text == "told"
            break


async def _known(world: World, name: str) -> bool:
    return (await world.desk.reading.customer(CustomerId(name))).id == name


async def test_who_is_cancelled_twice_waits_for_the_call_all_the_same() -> None:
    gate, done = asyncio.Event(), asyncio.Event()

    async def call() -> None:
        await gate.wait()
        done.set()

    task = asyncio.create_task(unbroken(call()))
    for _ in range(2):
        await asyncio.sleep(0)
        task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    gate.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert done.is_set()
