"""The queue read again: what has not changed is not read, and what has is what a first reading gives."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from handover.ports import Transaction
from handover.wanted import Queue
from tests.support.desk_world import World, open_world


@pytest.fixture
async def world(any_record: str, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path) as opened:
        yield opened


async def again(tx: Transaction, known: Queue) -> Queue:
    """``known`` brought up to date; it says what reading everything says."""
    now = await tx.offers.queue(known)
    assert list(now.offers) == await tx.offers.waiting()
    assert now.stirred == await tx.offers.stirred()
    return now


async def test_an_empty_queue_is_empty(world: World) -> None:
    async with world.backends.records.reading() as tx:
        nobody = Queue({})
        assert await again(tx, nobody) is nobody


async def test_only_what_changed_is_read_again(world: World) -> None:
    waiting = []
    for _ in range(4):
        waiting.append(await world.offered())
        world.clock.advance(1)
    async with world.backends.records.transaction() as tx:
        first = await again(tx, Queue({}))
        assert [offer.conversation for offer in first.offers] == [one.id for one in waiting]
        assert await again(tx, first) is first
        assert await tx.offers.move(replace(first.offers[1], round=2))
        await tx.offers.close(waiting[2].id, world.clock.now(), None)
        second = await again(tx, first)
        assert [offer.conversation for offer in second.offers] == [waiting[place].id for place in (0, 1, 3)]
        assert second.offers[0] is first.offers[0]
        assert second.offers[1].round == 2
        assert second.offers[2] is first.offers[3]
        await tx.offers.close(waiting[0].id, world.clock.now(), None)
        third = await again(tx, second)
    newest = await world.offered()
    async with world.backends.records.reading() as tx:
        fourth = await again(tx, third)
    assert fourth.offers[-1].conversation == newest.id
    assert fourth.offers[0] is third.offers[0]


async def test_everything_gone_is_an_empty_queue_again(world: World) -> None:
    waiting = await world.offered()
    async with world.backends.records.transaction() as tx:
        before = await again(tx, Queue({}))
        await tx.offers.close(waiting.id, world.clock.now(), None)
        assert (await again(tx, before)).stirred == (0, 0)
