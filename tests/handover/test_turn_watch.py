"""Whoever waits for the end of a turn hears of it at once: from the live feed, or the record where that is mute."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from handover.backends.live_in_process import InProcessFeed
from handover.desk import TurnBrief
from handover.evidence import Evidence, Reply, TurnReport
from handover.turn_watch import until_silent
from tests.support.desk_world import ANSWER, World, open_world
from tests.support.faulty_feed import SilentFeed
from tests.support.replicas import until

GENEROUS = 30.0  # seconds; only a fault takes this long


@asynccontextmanager
async def waiting(world: World, brief: TurnBrief) -> AsyncIterator[asyncio.Task[None]]:
    """Somebody who waits for the end of the turn and listens by now."""
    feed = world.backends.live
    assert isinstance(feed, InProcessFeed)
    task = asyncio.create_task(world.desk.bot.until_silent(brief.turn, brief.epoch))
    async with asyncio.timeout(GENEROUS):
        await until(lambda: bool(feed.followers and world.clock.sleeping))
        yield task
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert not feed.followers


async def begun(world: World) -> TurnBrief:
    conversation = await world.conversation("Where is my order?")
    brief = await world.desk.bot.begin_turn(conversation.id, owner="test", seconds=15)
    assert brief is not None
    return brief


async def taken(world: World, brief: TurnBrief) -> None:
    agent = await world.agent("Mia")
    await world.desk.agents.take(agent, brief.conversation.id, brief.epoch)


async def newer_words(world: World, brief: TurnBrief) -> None:
    await world.says(brief.conversation.id, "I mean the tent.")


async def answered(world: World, brief: TurnBrief) -> None:
    await world.desk.bot.record_turn(brief, Reply("On its way."), ANSWER, TurnReport(Evidence(brief.text)))


async def stalled(world: World, brief: TurnBrief) -> None:
    world.clock.advance(60)
    await world.desk.bot.overdue_turns()


@pytest.mark.parametrize("ends", [taken, newer_words, answered, stalled])
async def test_the_end_of_a_turn_is_heard_of_when_it_comes(
    tmp_path: Path, ends: Callable[[World, TurnBrief], Awaitable[None]]
) -> None:
    async with open_world(tmp_path) as world:
        brief = await begun(world)
        async with waiting(world, brief) as over:
            await ends(world, brief)
            await over


async def test_pieces_of_its_own_reply_do_not_end_it(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        brief = await begun(world)
        async with waiting(world, brief) as over:
            for _ in range(3):
                await world.desk.bot.publish_delta(brief.turn, brief.epoch, "It is ")
            await until(lambda: world.clock.sleeping == 1)
            assert not over.done()
            await taken(world, brief)
            await over


async def test_a_turn_whose_tool_acts_goes_on_whatever_the_customer_says(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        brief = await begun(world)
        async with waiting(world, brief) as over:
            assert await world.desk.bot.turn_may_act(brief.turn, brief.epoch)
            await newer_words(world, brief)
            await until(lambda: world.clock.sleeping == 1)
            assert not over.done()
            await taken(world, brief)
            await over


@pytest.mark.parametrize("epoch", [0, 2])
async def test_a_turn_that_is_over_already_or_never_was_is_no_wait(tmp_path: Path, epoch: int) -> None:
    async with open_world(tmp_path) as world, asyncio.timeout(GENEROUS):
        brief = await begun(world)
        await world.desk.bot.until_silent(brief.turn, epoch)
        await taken(world, brief)
        await world.desk.bot.until_silent(brief.turn, brief.epoch)


@pytest.mark.parametrize("healthy", [True, False])
async def test_while_processes_do_not_hear_each_other_the_record_is_asked_every_second(
    tmp_path: Path, *, healthy: bool
) -> None:
    async with open_world(tmp_path) as world:
        here = (await begun(world)).conversation.id
        asked: list[bool] = []

        async def may_speak() -> bool:
            asked.append(len(asked) < 2)
            return asked[-1]

        feed = SilentFeed(healthy=healthy)
        over = asyncio.create_task(until_silent(may_speak, here, feed, world.clock))
        async with asyncio.timeout(GENEROUS):
            for second in range(1, 3):
                await until(lambda: world.clock.sleeping == 1)
                world.clock.advance(1)
                if not healthy:
                    await until(partial(lambda upto: len(asked) == upto, second + 1))
            if healthy:
                await until(lambda: world.clock.sleeping == 1)
                assert asked == [True]
            else:
                await over
                assert asked == [True, True, False]
        over.cancel()
        await asyncio.gather(over, return_exceptions=True)
