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
