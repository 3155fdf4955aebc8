"""Time at the desk: first replies that do not come, agents who are gone, snoozes that end without room."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from handover.agents import Agent
from handover.conversation import Control, Conversation, Lifecycle
from handover.entries import ConversationId
from handover.errors import IllegalMove
from tests.handover.test_offers import heard
from tests.support.desk_world import World, open_world


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path) as opened:
        yield opened


async def accepted(world: World, agent: Agent) -> Conversation:
    conversation = await world.offered()
    return await world.desk.agents.accept(agent, conversation.id, conversation.epoch)


async def ringing(world: World, agent: Agent) -> list[str]:
    return [offer.conversation for offer in await world.desk.reading.open_offers(agent)]


async def later(world: World, seconds: float) -> None:
    world.clock.advance(seconds)
    await world.desk.agents.tick()


async def control(world: World, conversation: ConversationId) -> Control:
    return (await world.desk.reading.conversation(conversation)).control


async def test_who_accepts_and_leaves_the_customer_without_a_word_loses_it_to_others_and_is_told(world: World) -> None:
    mia, tom = await world.agent("Mia"), await world.agent("Tom")
    held = await accepted(world, mia)
    due = (await world.desk.reading.row(held.id)).reply_due
    assert due == world.clock.now() + timedelta(seconds=world.policy.offers.first_reply_seconds)
    async with world.desk.live.follow("agent:mia") as at_mia:
        await later(world, world.policy.offers.first_reply_seconds - 1)
        assert await control(world, held.id) is Control.HUMAN
        await later(world, 1)
        told = await heard(at_mia, "error")
    assert (told["code"], told["conversation"]) == ("reply_late", held.id)
    assert await control(world, held.id) is Control.OFFERED
    assert await ringing(world, mia) == []
    assert await ringing(world, tom) == [held.id]
    assert (await world.texts(held.id)).count("Mia cannot answer right now, so a colleague takes over. "
                                              "Someone will be with you shortly.") == 1  # fmt: skip
    async with world.backends.records.reading() as tx:
        (offer,) = await tx.offers.all_open()
    assert [(tried.agent, tried.how) for tried in offer.past] == [("mia", "no_reply")]
    # The customer has waited all that time: the deadline is still the first one's.
    assert offer.deadline < world.clock.now() + timedelta(seconds=1)


async def test_a_first_reply_ends_the_wait_for_it(world: World) -> None:
    mia = await world.agent("Mia")
    held = await accepted(world, mia)
    await world.desk.agents.say(mia, held.id, "a1", "Hello", held.last_offset)
    assert (await world.desk.reading.row(held.id)).reply_due is None
    await later(world, 3_600)
    assert await control(world, held.id) is Control.HUMAN


async def test_who_takes_one_that_waits_for_nothing_need_not_reply_at_once(world: World) -> None:
    mia = await world.agent("Mia")
    conversation = await world.conversation("hi")
    await world.bot_turn(conversation.id)
    held = await world.desk.agents.take(mia, conversation.id, conversation.epoch)
    assert (await world.desk.reading.row(held.id)).reply_due is None


async def test_an_idle_conversation_stays_longer_with_an_agent_who_is_gone(world: World) -> None:
    mia, tom = await world.agent("Mia"), await world.agent("Tom")
    held = await accepted(world, mia)
    await world.desk.agents.say(mia, held.id, "a1", "Have a look and write again.", held.last_offset)
    await world.desk.agents.reachable(mia.id, False)
    await later(world, 0)
    await later(world, world.policy.agents.gone_idle_seconds - 1)
    assert await control(world, held.id) is Control.HUMAN
    await later(world, 1)
    assert await ringing(world, tom) == [held.id]


async def test_an_agent_who_comes_back_in_time_keeps_what_was_theirs(world: World) -> None:
    mia = await world.agent("Mia")
    held = await accepted(world, mia)
    await world.says(held.id, "hello?")
    await world.desk.agents.reachable(mia.id, False)
    await later(world, 0)
    await later(world, world.policy.agents.gone_seconds - 1)
    await world.desk.agents.reachable(mia.id, True)
    await later(world, world.policy.agents.gone_seconds)
    assert await control(world, held.id) is Control.HUMAN


async def test_a_snooze_frees_the_place_and_a_waking_one_without_a_place_goes_to_others(world: World) -> None:
    mia = await world.agent("Mia", capacity=2)
    first = await accepted(world, mia)
    second = await world.offered("b")
    assert await ringing(world, mia) == []
    await world.desk.agents.snooze(mia, first.id, world.clock.now() + timedelta(seconds=60))
    assert await ringing(world, mia) == [second.id]
    await world.desk.agents.accept(mia, second.id, second.epoch)
    with pytest.raises(IllegalMove, match="snooze another one"):
        await world.desk.agents.say(mia, first.id, "a1", "Back again", 99)
    assert await control(world, first.id) is Control.HUMAN
    tom = await world.agent("Tom", capacity=2)
    await later(world, 60)
    now = await world.desk.reading.conversation(first.id)
    assert (now.lifecycle, now.control) == (Lifecycle.ACTIVE, Control.OFFERED)
    assert await ringing(world, tom) == [first.id]


async def test_a_customer_who_writes_to_a_snoozed_one_of_a_full_agent_is_heard_by_others(world: World) -> None:
    mia = await world.agent("Mia", capacity=2)
    first = await accepted(world, mia)
    await world.desk.agents.snooze(mia, first.id)
    await accepted(world, mia)
    tom = await world.agent("Tom")
    await world.says(first.id, "I am back")
    assert await ringing(world, tom) == [first.id]
    assert "I am back" in await world.texts(first.id)


async def test_nobody_is_given_more_than_their_slots_though_they_ask_for_everything_at_once(world: World) -> None:
    mia = await world.agent("Mia", capacity=5)
    conversations = [await world.offered(f"word {n}") for n in range(5)]
    tries = [world.desk.agents.accept(mia, one.id, one.epoch) for one in conversations]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(result, Conversation) for result in results) == 2
    assert sum(isinstance(result, IllegalMove) for result in results) == 3
    (standing,) = await world.desk.reading.standings()
    assert (standing.held, standing.room) == (4, 1)


async def test_ticks_of_two_processes_at_once_do_each_thing_once(world: World) -> None:
    mia, _ = await world.agent("Mia"), await world.agent("Tom")
    held = await accepted(world, mia)
    world.clock.advance(world.policy.offers.first_reply_seconds)
    await asyncio.gather(*(world.desk.agents.tick() for _ in range(5)))
    now = await world.desk.reading.conversation(held.id)
    assert (now.control, now.epoch) == (Control.OFFERED, held.epoch + 1)
    world.clock.advance(world.policy.offers.lease_seconds)
    await asyncio.gather(*(world.desk.agents.tick() for _ in range(5)))
    (offer,) = await world.desk.reading.open_offers()
    assert offer.round == 2
