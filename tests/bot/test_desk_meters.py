"""The gauges show what the desk holds; a record that is away leaves the last figures, and nothing falls over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from bot.desk_meters import BEAT_SECONDS, LOOK_SECONDS, DeskMeters
from handover.conversation import Move
from handover.desk_change import change
from handover.errors import Unavailable
from handover.ports import Transaction
from tests.support.desk_world import World, open_world
from tests.support.hand_clock import HandClock


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path) as opened:
        yield opened


class Shown:
    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.meters = DeskMeters(self.registry)

    def __call__(self, name: str, **labels: str) -> float:
        value = self.registry.get_sample_value(f"switchboard_{name}", labels)
        assert value is not None, name
        return value

    async def look(self, world: World) -> None:
        await self.meters.look(world.backends.records, world.backends.presence, world.clock)


async def test_the_queue_and_those_who_serve_it_are_shown(world: World) -> None:
    shown = Shown()
    await shown.look(world)
    assert (shown("queue_waiting"), shown("queue_oldest_seconds"), shown("outbox_waiting")) == (0, 0, 0)
    mia = await world.agent("Mia", capacity=4)
    await world.agent("Eve", here=False)
    await world.agent("Ben", state="busy")
    first, _ = await world.offered(), await world.offered()
    world.clock.advance(5)
    await shown.look(world)
    assert (shown("queue_waiting"), shown("offers_ringing"), shown("queue_oldest_seconds")) == (2, 2, 5)
    assert shown("agents", availability="online", reachable="true") == 1
    assert shown("agents", availability="online", reachable="false") == 1
    assert shown("agents", availability="busy", reachable="true") == 1
    assert (shown("slots"), shown("slots_held")) == (4, 0)
    await world.desk.agents.accept(mia, first.id, first.epoch)
    await shown.look(world)
    assert (shown("queue_waiting"), shown("slots_held")) == (1, 2)
    world.clock.advance(timedelta(hours=1).total_seconds())
    await shown.look(world)
    assert shown("queue_overdue") == 1


class Away:
    """A record that cannot be had."""

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        raise Unavailable("The record is away.")
        yield

    reading = transaction


async def test_changes_of_hands_are_counted_by_what_was_done(world: World) -> None:
    shown = Shown()
    shown.meters.watch_moves(world.desk.moves)
    assert (shown("moves_total", by="offer"), shown("moves_total", by="hand_back")) == (0, 0)
    mia = await world.agent("Mia")
    first = await world.offered()
    await world.desk.agents.accept(mia, first.id, first.epoch)
    assert (shown("moves_total", by="offer"), shown("moves_total", by="accept")) == (1, 1)


async def test_a_move_that_is_not_kept_is_not_counted(world: World) -> None:
    shown = Shown()
    shown.meters.watch_moves(world.desk.moves)
    first = await world.offered()
    mia = await world.agent("Mia")

    async def accepted_and_lost() -> None:
        async with change(world.desk.agents._parts, first.id) as work:
            await work.move(Move.ACCEPT, mia.id, agent=mia.id)
            raise Unavailable("The disk is full.")

    with pytest.raises(Unavailable):
        await accepted_and_lost()
    assert shown("moves_total", by="accept") == 0


async def test_a_record_that_is_away_leaves_the_last_figures(world: World) -> None:
    shown, clock = Shown(), HandClock()
    await world.agent("Mia")
    await world.offered()
    await shown.look(world)
    looked = shown("desk_looked_timestamp_seconds")
    looking = asyncio.create_task(shown.meters.keep_looking(Away(), world.backends.presence, clock))
    for _ in range(3):
        await asyncio.sleep(0)
        clock.advance(LOOK_SECONDS)
    looking.cancel()
    assert (shown("queue_waiting"), shown("desk_looked_timestamp_seconds")) == (1, looked)


async def test_how_late_the_loop_was_is_measured() -> None:
    shown, clock = Shown(), HandClock()
    feeling = asyncio.create_task(shown.meters.feel_the_loop(clock))
    for _ in range(4):
        await asyncio.sleep(0)
        clock.advance(BEAT_SECONDS + 0.3)
    await asyncio.sleep(0)
    feeling.cancel()
    assert shown("loop_lag_seconds_count") >= 3
    assert shown("loop_lag_seconds_bucket", le="0.25") == 0
