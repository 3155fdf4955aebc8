"""The matcher at work on the record: passes that are shared, races of two processes, and what a quiet desk costs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from handover.backends import open_backends
from handover.desk import open_desk
from handover.entries import AgentId
from handover.screens import customer_topic
from handover.wanted import How, Tried, with_try
from tests.handover.test_cost_of_a_message import counted
from tests.support.desk_world import World, open_world


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path) as opened:
        yield opened


async def test_a_quiet_desk_only_looks_whether_anything_has_changed(world: World) -> None:
    await world.agent("Mia")
    for _ in range(3):
        await world.offered()
    await world.desk.agents.tick()
    async with counted(world) as statements:
        await world.desk.agents.tick()
    assert all(statement.split()[0] in ("BEGIN", "SELECT") for statement in statements)
    assert "BEGIN IMMEDIATE" not in statements
    assert len(statements) <= 20, statements


async def test_many_who_ask_at_once_share_a_pass(world: World) -> None:
    await world.agent("Mia")
    await world.offered()
    async with counted(world) as statements:
        await asyncio.gather(*(world.desk.agents.accounts_changed() for _ in range(50)))
    reads = sum(statement == "SELECT offers.id," for statement in statements)
    assert 1 <= reads <= 2, "the first pass, and one for all who asked meanwhile"


async def test_an_offer_that_changed_since_it_was_read_is_not_written_over(world: World) -> None:
    await world.agent("Mia")
    await world.offered()
    async with world.backends.records.transaction() as tx:
        (read,) = await tx.offers.waiting()
        assert await tx.offers.move(replace(read, round=2))
        assert not await tx.offers.move(replace(read, ringing=(AgentId("ghost"),)))
        (now,) = await tx.offers.waiting()
    assert (now.round, now.ringing, now.version) == (2, (AgentId("mia"),), read.version + 1)


async def test_who_is_cut_off_before_asking_for_a_pass_is_seen_by_the_next_tick(world: World, tmp_path: Path) -> None:
    """The process of an agent who declines is killed when that is in the record: others are rung all the same."""
    mia, tom = await world.agent("Mia"), await world.agent("Tom")
    waiting = await world.offered()
    await world.desk.agents.tick()
    async with world.backends.records.transaction() as tx:
        (offer,) = await tx.offers.waiting()
        first, other = (mia, tom) if offer.ringing[0] == mia.id else (tom, mia)
        declined = with_try((), Tried(first.id, How.DECLINED, world.clock.now()))
        assert await tx.offers.move(replace(offer, past=declined, ringing=()))
    await world.desk.agents.tick()
    assert [o.conversation for o in await world.desk.reading.open_offers(other)] == [waiting.id]


async def test_a_pass_that_is_cut_off_leaves_its_work_to_the_next_tick(world: World) -> None:
    mia = await world.agent("Mia")
    held = await world.desk.agents.take(mia, (here := await world.conversation("hi")).id, here.epoch)
    asked = asyncio.create_task(world.desk.agents.transfer(mia, here.id, held.epoch))
    async with world.desk.live.follow(customer_topic(here.id)) as follower:
        async for told in follower:
            if told.kind == "control":  # it is in the record; its pass is still to come
                break
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    tom = await world.agent("Tom", here=False)
    await world.backends.presence.mark(tom.id, True)
    await world.desk.agents.tick()
    assert [o.conversation for o in await world.desk.reading.open_offers(tom)] == [here.id]


async def test_an_event_of_the_queue_asks_once_in_each_transaction_how_everybody_stands(world: World) -> None:
    """Offering: in the offer's own transaction, in the pass, and for the news to those in line."""
    await world.agent("Mia")
    here = await world.conversation("hi")
    async with counted(world) as statements:
        await world.desk.customers.ask_for_human(here.id, "h1")
    assert sum("agents" in one for one in statements) == 3, statements


async def test_a_pass_that_fails_refuses_nobody_and_the_next_tick_runs_it(world: World, tmp_path: Path) -> None:
    mia = await world.agent("Mia")
    async with open_backends(f"sqlite+aiosqlite:///{tmp_path / 'record.db'}") as others:
        elsewhere = open_desk(others, clock=world.clock, policy=world.policy)
        waiting = await world.conversation("hi")
        # The other process knows of no console and rings nobody; this one notices at its next tick.
        await elsewhere.customers.ask_for_human(waiting.id, "h1")
        assert await world.desk.reading.open_offers(mia) == []
        await world.desk.agents.tick()
        assert [o.conversation for o in await world.desk.reading.open_offers(mia)] == [waiting.id]
        await elsewhere.close()
