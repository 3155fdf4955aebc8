"""The desk's verbs for customers, as a support manager would tell them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from handover.conversation import Control, Lifecycle
from handover.desk import CustomerMessage
from handover.entries import ConversationId
from handover.errors import BadInput, Fenced, NotFound
from handover.evidence import Evidence, Reply, TurnReport
from handover.screens import AGENTS
from tests.support.desk_world import ANSWER, World, open_world


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path) as opened:
        yield opened


async def test_a_message_sent_twice_is_kept_once(world: World) -> None:
    conversation = await world.conversation()
    said = CustomerMessage("hello", "c1")
    first = await world.desk.customers.record_customer_message(conversation.id, said)
    again = await world.desk.customers.record_customer_message(conversation.id, said)
    assert (first.duplicate, again.duplicate) == (False, True)
    assert again.entry == first.entry
    assert await world.texts(conversation.id) == ["I am an automated assistant.", "hello"]


async def test_a_provider_that_delivers_twice_is_heard_once(world: World) -> None:
    conversation = await world.conversation()
    record = world.desk.customers.record_customer_message
    first = await record(conversation.id, CustomerMessage("hi", "a", provider_message_id="m1"))
    again = await record(conversation.id, CustomerMessage("hi", "b", provider_message_id="m1"))
    assert again.duplicate
    assert again.entry == first.entry


async def test_a_customer_has_one_conversation_per_inbox(world: World) -> None:
    customer = await world.desk.customers.new_customer()
    one = await world.desk.customers.start("web", customer.id, greeting="Hello")
    assert await world.desk.customers.start("web", customer.id, greeting="Hello") == one
    assert (await world.desk.customers.start("telegram", customer.id)).id != one.id


async def test_an_unknown_conversation_is_not_found(world: World) -> None:
    with pytest.raises(NotFound):
        await world.says(ConversationId("none"), "hello")


async def test_a_late_bot_reply_is_kept_as_a_draft_and_never_shown(world: World) -> None:
    agent = await world.agent("Mia")
    conversation = await world.conversation("hi")
    brief = await world.desk.bot.begin_turn(conversation.id, owner="a", seconds=15)
    assert brief is not None
    await world.desk.agents.take(agent, conversation.id, conversation.epoch)
    assert not await world.desk.bot.turn_may_speak(brief.turn, brief.epoch)
    with pytest.raises(Fenced):
        await world.desk.bot.publish_delta(brief.turn, brief.epoch, "Hel")
    for _ in range(2):
        end = await world.desk.bot.record_turn(brief, Reply("Hello!"), ANSWER, TurnReport(Evidence("hi")))
        assert end.outcome == "fenced"
    assert "Hello!" not in await world.texts(conversation.id)
    assert [d.text for d in await world.desk.reading.drafts(conversation.id)] == ["Hello!"]
    assert await world.desk.bot.begin_turn(conversation.id, owner="a", seconds=15) is None


async def test_a_customer_who_asks_twice_for_a_person_waits_once(world: World) -> None:
    conversation = await world.conversation("hi")
    first = await world.desk.customers.ask_for_human(conversation.id, "h1")
    assert first.control is Control.OFFERED
    assert await world.desk.customers.ask_for_human(conversation.id, "h2") == first
    await world.desk.customers.stop_waiting(conversation.id, "s1")
    resent = await world.desk.customers.ask_for_human(conversation.id, "h1")
    assert resent.control is Control.BOT


async def test_somebody_who_waits_with_nobody_there_may_leave_a_message(world: World) -> None:
    conversation = await world.offered()
    assert world.policy.words.nobody_here in (await world.texts(conversation.id))[-1]
    waiting = (await world.desk.reading.control(conversation.id)).waiting
    assert waiting is not None
    assert (waiting.desk_open, waiting.position) == (False, 1)
    for _ in range(2):
        left = await world.desk.customers.leave_message(conversation.id, "l1", "ann@example.com", "Call me")
        assert (left.lifecycle, left.control) == (Lifecycle.ACTIVE, Control.NOBODY)
    assert (await world.texts(conversation.id)).count("Call me") == 1
    (row,) = await world.desk.reading.rows("waiting", None)
    assert row.customer.email == "ann@example.com"
    await world.agent("Mia")
    await world.says(conversation.id, "are you there?")
    assert (await world.desk.reading.conversation(conversation.id)).control is Control.OFFERED


async def test_a_resolved_conversation_opens_again_with_the_customer_s_next_word(world: World) -> None:
    agent = await world.agent("Mia")
    conversation = await world.conversation("hi")
    done = await world.desk.agents.resolve(agent, conversation.id)
    assert (done.lifecycle, done.control) == (Lifecycle.RESOLVED, Control.NOBODY)
    assert await world.desk.agents.resolve(agent, conversation.id) == done
    await world.says(conversation.id, "one more thing")
    again = await world.desk.reading.conversation(conversation.id)
    assert (again.lifecycle, again.control) == (Lifecycle.ACTIVE, Control.BOT)
    brief = await world.desk.bot.begin_turn(conversation.id, owner="a", seconds=15)
    assert brief is not None
    assert brief.text == "one more thing"


async def test_a_stretch_is_rated_once_and_a_second_score_replaces_the_first(world: World) -> None:
    conversation = await world.conversation("hi")
    await world.desk.customers.rate(conversation.id, 1, 2, "meh")
    await world.desk.customers.rate(conversation.id, 1, 5, None)
    (rating,) = await world.desk.reading.ratings(conversation.id)
    assert (rating.score, rating.comment) == (5, None)
    with pytest.raises(BadInput):
        await world.desk.customers.rate(conversation.id, 7, 5, None)
    with pytest.raises(BadInput):
        await world.desk.customers.rate(conversation.id, 1, 6, None)


async def test_the_marks_of_readers_only_rise_and_never_beyond_what_was_said(world: World) -> None:
    conversation = await world.conversation("hi", "there")
    for offset in (2, 1, 99):
        await world.desk.customers.customer_saw(conversation.id, offset)
        async with world.backends.records.transaction() as tx:
            await tx.conversations.mark(conversation.id, told=offset)
    row = await world.desk.reading.stored(conversation.id)
    assert (row.seen, row.told) == (row.conversation.last_offset, 3) == (3, 3)


async def test_every_number_of_the_feed_is_told_so_that_no_console_reads_again_what_it_has(world: World) -> None:
    told: set[int] = set()
    async with world.desk.live.follow(AGENTS) as follower:
        conversation = await world.conversation("hi")
        silent = await world.desk.customers.new_customer(name="Bo")
        await world.desk.customers.start("web", silent.id)
        await world.bot_turn(conversation.id, "Hello.", ANSWER)
        await world.offered()
        everything = set(range(1, await world.desk.reading.feed() + 1))
        async for news in follower:
            told |= {news.offset} if news.kind == "conversation" and news.offset else set(news.covers)
            if told >= everything:
                break
    assert told == everything
