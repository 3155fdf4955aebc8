"""What waiting customers are told by the desk, and what the record keeps of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from handover.agents import Agent
from handover.calendar import ALWAYS_OPEN, Calendar, Calendars, Span
from handover.conversation import Conversation
from handover.entries import ConversationId
from handover.frames import WaitingPart
from handover.ports import Follower
from handover.waits import FEWEST, Wait, WaitEnd
from tests.handover.test_cost_of_a_message import counted
from tests.support.desk_world import World, open_world
from tests.support.distributed import Database

# The hand-moved clock starts on Monday 5 January 2026 at 09:00 UTC: 10:00 in Berlin, two hours before this desk opens.
AFTERNOONS = Calendar(ZoneInfo("Europe/Berlin"), ((Span(720, 1020),),) * 5 + ((), ()))


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path) as opened:
        yield opened


@asynccontextmanager
async def afternoons(folder: Path) -> AsyncIterator[World]:
    async with open_world(folder, calendars=Calendars(AFTERNOONS)) as opened:
        yield opened


async def shown(world: World, conversation: ConversationId) -> WaitingPart:
    waiting = (await world.desk.reading.control(conversation)).waiting
    assert waiting is not None
    return waiting


async def waits(world: World) -> list[Wait]:
    async with world.backends.records.reading() as tx:
        return (await tx.waits.since(world.clock.now() - timedelta(days=30), 1000))[::-1]


async def served(world: World, agent: Agent, *, answer: float = 10, handling: float = 300) -> None:
    """A customer who waits, is taken, and is helped."""
    conversation = await world.offered()
    world.clock.advance(answer)
    held = await world.desk.agents.accept(agent, conversation.id, conversation.epoch)
    world.clock.advance(handling)
    await world.desk.agents.resolve(agent, conversation.id, held.epoch)


async def a_usual_day(world: World, agent: Agent) -> None:
    for n in range(FEWEST + 4):
        await served(world, agent, answer=5 + n, handling=200 + 20 * n)
    world.clock.advance(60)


async def lined_up(world: World, count: int) -> list[Conversation]:
    """Customers who ask for a person a second apart."""
    line = []
    for _ in range(count):
        line.append(await world.offered())
        world.clock.advance(1)
    return line


async def test_with_too_little_known_nothing_is_said_about_the_wait(world: World) -> None:
    await world.agent("Mia")
    waiting = await shown(world, (await world.offered()).id)
    assert (waiting.position, waiting.wait_low, waiting.wait_high, waiting.opens_at) == (1, None, None, None)


async def test_a_customer_is_told_a_range_that_comes_from_what_happened_lately(world: World) -> None:
    mia = await world.agent("Mia", capacity=2)
    await a_usual_day(world, mia)
    first = await world.offered()
    waiting = await shown(world, first.id)
    assert (waiting.wait_low, waiting.wait_high) == (0, 30)
    await world.desk.agents.accept(mia, first.id, first.epoch)
    second, third = await lined_up(world, 2)
    at_two, at_three = await shown(world, second.id), await shown(world, third.id)
    assert (at_two.position, at_three.position) == (1, 2)
    assert at_two.wait_high is not None
    assert at_three.wait_high is not None
    assert 200 <= at_two.wait_high <= 600 < at_three.wait_high
    assert world.policy.words.in_line in (await world.texts(third.id))[-1]


async def test_every_prediction_is_kept_as_first_shown_with_how_it_ended(world: World) -> None:
    mia = await world.agent("Mia", capacity=2)
    await a_usual_day(world, mia)
    before = len(await waits(world))
    taken, gives_up, leaves = await lined_up(world, 3)
    told = await shown(world, taken.id)
    world.clock.advance(20)
    held = await world.desk.agents.accept(mia, taken.id, taken.epoch)
    await world.desk.customers.stop_waiting(gives_up.id, "s1")
    await world.desk.customers.leave_message(leaves.id, "l1", "ann@example.com", None)
    world.clock.advance(100)
    await world.desk.agents.hand_back(mia, taken.id, held.epoch, "done")
    kept = (await waits(world))[before:]
    assert [wait.how for wait in kept] == [WaitEnd.TAKEN, WaitEnd.GAVE_UP, WaitEnd.LEFT_MESSAGE]
    assert kept[0].predicted is not None
    assert (kept[0].predicted.low, kept[0].predicted.high) == (told.wait_low, told.wait_high)
    assert [wait.seconds for wait in kept] == [23, 22, 21]
    assert kept[0].released_at == world.clock.now()
    assert [wait.place for wait in kept] == [1, 2, 3]
    report = (await world.desk.reading.waits_report(30)).all
    assert (report.waits, report.gave_up, report.left_message) == (before + 3, 1, 1)
    assert report.within_range == 1.0


async def test_a_conversation_that_was_taken_without_waiting_leaves_no_wait(world: World) -> None:
    mia = await world.agent("Mia")
    conversation = await world.conversation("hi")
    held = await world.desk.agents.take(mia, conversation.id, conversation.epoch)
    await world.desk.agents.hand_back(mia, conversation.id, held.epoch, "done")
    assert await waits(world) == []


async def test_a_transfer_is_a_wait_of_its_own(world: World) -> None:
    mia, tom = await world.agent("Mia"), await world.agent("Tom")
    conversation = await world.offered()
    held = await world.desk.agents.accept(mia, conversation.id, conversation.epoch)
    passed = await world.desk.agents.transfer(mia, conversation.id, held.epoch)
    await world.desk.agents.accept(tom, conversation.id, passed.epoch)
    assert [(wait.epoch, wait.how) for wait in await waits(world)] == [
        (conversation.epoch, WaitEnd.TAKEN),
        (passed.epoch, WaitEnd.TAKEN),
    ]


async def test_nobody_there_and_closed_by_plan_is_said_once_with_the_next_opening(tmp_path: Path) -> None:
    async with afternoons(tmp_path) as world:
        conversation = await world.offered()
        waiting = await shown(world, conversation.id)
        assert waiting.desk_open is False
        assert waiting.opens_at is not None
        assert waiting.opens_at.isoformat() == "2026-01-05T11:00:00+00:00"
        notice = (await world.texts(conversation.id))[-1]
        assert "We are back on Monday, 5 January at 12:00 (Berlin time)." in notice
        assert world.policy.words.nobody_here not in notice
        for _ in range(3):
            world.clock.advance(world.policy.offers.lease_seconds + 1)
            await world.desk.agents.tick()
        assert (await world.texts(conversation.id))[-1] == notice
        await world.desk.customers.leave_message(conversation.id, "l1", "ann@example.com", None)
        assert (await world.texts(conversation.id))[-1].endswith("(Berlin time) and will answer to ann@example.com.")
        (kept,) = await waits(world)
        assert kept.opens_at == waiting.opens_at
        assert kept.predicted is None


async def test_nobody_there_while_the_calendar_says_open_promises_no_moment(tmp_path: Path) -> None:
    async with afternoons(tmp_path) as world:
        world.clock.advance(3 * 3600)
        conversation = await world.offered()
        assert (await shown(world, conversation.id)).opens_at is None
        assert world.policy.words.nobody_here in (await world.texts(conversation.id))[-1]


async def test_somebody_who_works_outside_the_hours_counts(tmp_path: Path) -> None:
    async with afternoons(tmp_path) as world:
        await world.agent("Mia")
        conversation = await world.offered()
        waiting = await shown(world, conversation.id)
        assert (waiting.desk_open, waiting.opens_at) == (True, None)
        assert world.policy.words.soon in (await world.texts(conversation.id))[-1]


async def test_whose_turn_comes_after_closing_time_is_not_promised_it(tmp_path: Path) -> None:
    async with afternoons(tmp_path) as world:
        world.clock.advance(3 * 3600)
        mia = await world.agent("Mia", capacity=2)
        await a_usual_day(world, mia)
        first = await world.offered()
        await world.desk.agents.accept(mia, first.id, first.epoch)
        line = await lined_up(world, 6)
        assert (await shown(world, line[-1].id)).wait_low is not None
        until = AFTERNOONS.open_until(world.clock.now())
        assert until is not None
        world.clock.advance((until - world.clock.now()).total_seconds() - 600)
        assert (await shown(world, line[-1].id)).wait_low is None
        assert (await shown(world, line[0].id)).wait_low is not None


async def told(follower: Follower, count: int) -> list[int]:
    places = []
    async with asyncio.timeout(10):
        async for one in follower:
            places.append(json.loads(one.text)["waiting"]["position"])
            if len(places) == count:
                break
    return places


async def test_those_in_line_hear_that_it_moved_whoever_left_it(world: World) -> None:
    mia = await world.agent("Mia")
    line = await lined_up(world, 4)
    async with world.desk.live.follow(f"customer:{line[3].id}") as last:
        await world.desk.agents.accept(mia, line[0].id, line[0].epoch)
        await world.desk.customers.stop_waiting(line[1].id, "s1")
        await world.desk.customers.leave_message(line[2].id, "l1", "ann@example.com", None)
        assert await told(last, 3) == [3, 2, 1]


async def test_many_moves_at_once_are_told_together_and_the_last_place_is_right(world: World) -> None:
    agents = [await world.agent(name) for name in ("Mia", "Tom", "Eve", "Ben")]
    line = await lined_up(world, 5)
    async with world.desk.live.follow(f"customer:{line[4].id}") as last:
        wins = zip(agents, line[:4], strict=True)
        await asyncio.gather(*(world.desk.agents.accept(a, c.id, c.epoch) for a, c in wins))
        places = []
        async with asyncio.timeout(10):
            async for one in last:
                places.append(json.loads(one.text)["waiting"]["position"])
                if places[-1] == 1:
                    break
    assert places == sorted(places, reverse=True)
    assert len(places) <= 4


async def test_a_move_of_the_line_costs_the_same_however_long_it_is(world: World) -> None:
    mia = await world.agent("Mia", capacity=50)
    costs = []
    for length in (3, 12):
        line = await lined_up(world, length)
        async with counted(world) as statements:
            await world.desk.agents.accept(mia, line[0].id, line[0].epoch)
        costs.append(len(statements))
    assert costs[0] == costs[1]
    # ... and a message costs what it did: see test_cost_of_a_message.


async def test_the_usual_calendar_of_a_desk_without_one_never_closes(world: World) -> None:
    assert ALWAYS_OPEN.is_open(world.clock.now())
    waiting = await shown(world, (await world.offered()).id)
    assert (waiting.desk_open, waiting.opens_at) == (False, None)


@pytest.mark.servers
async def test_postgresql_keeps_waits_and_tells_the_line_the_same_way(postgres: Database) -> None:
    async with open_world(url=postgres.url) as world:
        mia = await world.agent("Mia", capacity=2)
        await a_usual_day(world, mia)
        first, second = await lined_up(world, 2)
        async with world.desk.live.follow(f"customer:{second.id}") as at_second:
            held = await world.desk.agents.accept(mia, first.id, first.epoch)
            assert await told(at_second, 1) == [1]
        world.clock.advance(30)
        await world.desk.agents.resolve(mia, first.id, held.epoch)
        kept = (await waits(world))[-2:]
        assert [(wait.how, wait.seconds) for wait in kept] == [(WaitEnd.TAKEN, 2), (None, None)]
        assert kept[0].released_at == world.clock.now()
        assert all(wait.predicted is not None for wait in kept)
        assert (await world.desk.reading.waits_report(30)).all.still_waiting == 1
