"""The desk's verbs for agents, as a support manager would tell them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from handover.conversation import Control, Lifecycle
from handover.errors import BadInput, IllegalMove, NotYours, StaleView, Taken
from tests.support.desk_world import World, open_world


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path) as opened:
        yield opened


async def test_a_reply_on_a_stale_view_bounces_with_what_was_missed(world: World) -> None:
    agent = await world.agent("Mia")
    conversation = await world.offered()
    held = await world.desk.agents.accept(agent, conversation.id, conversation.epoch)
    missed = await world.says(conversation.id, "never mind, found it")
    with pytest.raises(StaleView) as bounced:
        await world.desk.agents.say(agent, conversation.id, "a1", "Let me look", held.last_offset)
    assert bounced.value.missed == (missed,)
    assert bounced.value.detail == {"last_offset": missed.offset}
    first = await world.desk.agents.say(agent, conversation.id, "a1", "Good!", missed.offset)
    assert await world.desk.agents.say(agent, conversation.id, "a1", "Good!", 0) == first


async def test_only_the_holder_speaks(world: World) -> None:
    mia, tom = await world.agent("Mia"), await world.agent("Tom")
    conversation = await world.offered()
    with pytest.raises(NotYours):
        await world.desk.agents.say(mia, conversation.id, "a1", "Hi", 99)
    held = await world.desk.agents.accept(mia, conversation.id, conversation.epoch)
    for attempt in (
        world.desk.agents.say(tom, conversation.id, "t1", "Hi", 99),
        world.desk.agents.hand_back(tom, conversation.id, held.epoch, "x", (), None),
        world.desk.agents.resolve(tom, conversation.id),
        world.desk.agents.snooze(tom, conversation.id),
        world.desk.agents.transfer(tom, conversation.id, held.epoch),
    ):
        with pytest.raises(NotYours):
            await attempt


async def test_who_comes_second_is_told_who_was_first(world: World) -> None:
    mia, tom = await world.agent("Mia"), await world.agent("Tom")
    conversation = await world.offered()
    held = await world.desk.agents.accept(mia, conversation.id, conversation.epoch)
    with pytest.raises(Taken) as lost:
        await world.desk.agents.accept(tom, conversation.id, conversation.epoch)
    assert lost.value.detail == {"taken_by": "Mia"}
    assert await world.desk.agents.accept(mia, conversation.id, conversation.epoch) == held
    assert "Mia has joined the conversation." in await world.texts(conversation.id)


async def test_nobody_holds_more_than_they_can(world: World) -> None:
    mia = await world.agent("Mia", capacity=3)
    one, two = await world.offered("a"), await world.offered("b")
    await world.desk.agents.accept(mia, one.id, one.epoch)
    with pytest.raises(IllegalMove, match="as many conversations as you can hold"):
        await world.desk.agents.accept(mia, two.id, two.epoch)
    third = await world.conversation("c")
    with pytest.raises(IllegalMove):
        await world.desk.agents.take(mia, third.id, third.epoch)


async def test_a_view_from_before_the_last_change_of_control_takes_nothing(world: World) -> None:
    mia = await world.agent("Mia")
    conversation = await world.offered()
    with pytest.raises(IllegalMove):
        await world.desk.agents.accept(mia, conversation.id, conversation.epoch - 1)


async def test_a_snoozed_conversation_wakes_in_time_or_with_the_customer(world: World) -> None:
    mia = await world.agent("Mia")
    conversation = await world.conversation("hi")
    await world.desk.agents.take(mia, conversation.id, conversation.epoch)
    until = world.clock.now() + timedelta(minutes=5)
    snoozed = await world.desk.agents.snooze(mia, conversation.id, until)
    assert snoozed.lifecycle is Lifecycle.SNOOZED
    world.clock.advance(301)
    await world.desk.agents.tick()
    assert (await world.desk.reading.conversation(conversation.id)).lifecycle is Lifecycle.ACTIVE
    await world.desk.agents.snooze(mia, conversation.id)
    await world.says(conversation.id, "hello?")
    woken = await world.desk.reading.conversation(conversation.id)
    assert (woken.lifecycle, woken.agent) == (Lifecycle.ACTIVE, mia.id)
    with pytest.raises(BadInput):
        await world.desk.agents.snooze(mia, conversation.id, world.clock.now())


async def test_private_notes_are_for_agents_and_kept_once(world: World) -> None:
    mia = await world.agent("Mia")
    conversation = await world.conversation("hi")
    note = await world.desk.agents.note(mia, conversation.id, "Handle with care", "n1")
    assert await world.desk.agents.note(mia, conversation.id, "Handle with care", "n1") == note
    assert await world.desk.reading.notes(conversation.id) == [note]
    assert "Handle with care" not in await world.texts(conversation.id)
    brief = await world.desk.bot.begin_turn(conversation.id, owner="a", seconds=15)
    assert "Handle with care" not in repr(brief)


async def test_an_agent_whose_console_is_gone_does_not_keep_a_customer_waiting(world: World) -> None:
    mia, tom = await world.agent("Mia"), await world.agent("Tom")
    conversation = await world.offered()
    await world.desk.agents.accept(mia, conversation.id, conversation.epoch)
    await world.says(conversation.id, "hello?")
    await world.desk.agents.reachable(mia.id, False)
    await world.desk.agents.tick()
    world.clock.advance(44)
    await world.desk.agents.tick()
    assert (await world.desk.reading.conversation(conversation.id)).control is Control.HUMAN
    world.clock.advance(1)
    await world.desk.agents.tick()
    (offer,) = await world.desk.reading.open_offers(tom)
    assert offer.conversation == conversation.id
