"""Offers: who is rung, what happens when nobody comes, and what the customer is told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from handover.conversation import Control
from handover.errors import BadInput, Forbidden, NotFound, NotYours
from handover.evidence import Decision, Evidence, Outcome, Reason
from handover.ports import Follower
from tests.support.desk_world import World, open_world


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path) as opened:
        yield opened


async def heard(follower: Follower, kind: str) -> dict[str, Any]:
    """The next frame of ``kind``; a test that waits for one that never comes fails by timeout."""
    async with asyncio.timeout(10):
        async for told in follower:
            if told.kind == kind:
                frame: dict[str, Any] = json.loads(told.text)
                return frame
    raise AssertionError(kind)


async def test_everybody_free_is_rung_and_the_rest_hear_that_it_is_gone(world: World) -> None:
    mia, tom = await world.agent("Mia"), await world.agent("Tom")
    await world.agent("Eve", here=False)
    busy = await world.agent("Ben", state="busy")
    follow = world.desk.live.follow
    async with follow("agent:mia") as at_mia, follow("agent:tom") as at_tom, follow("agents") as at_all:
        conversation = await world.offered()
        assert (await heard(at_mia, "offer"))["packet"]["reason"] == "asked"
        assert (await heard(at_tom, "offer"))["conversation"] == conversation.id
        assert await world.desk.reading.open_offers(busy) == []
        await world.desk.agents.accept(tom, conversation.id, conversation.epoch)
        assert (await heard(at_all, "offer_gone"))["taken_by"] == "Tom"
    assert await world.desk.reading.open_offers(mia) == []


async def test_an_offer_nobody_takes_is_shown_again_wider_and_the_customer_is_told_once(world: World) -> None:
    mia, busy = await world.agent("Mia"), await world.agent("Ben", state="busy")
    conversation = await world.offered()
    assert await world.desk.reading.open_offers(busy) == []
    await world.desk.agents.decline(mia, conversation.id, "lunch")
    assert await world.desk.reading.open_offers(mia) == []
    (offer,) = await world.desk.reading.open_offers(busy)
    assert (offer.overdue, offer.round, offer.epoch) == (False, 1, conversation.epoch)
    world.clock.advance(world.policy.offers.lease_seconds + 1)
    await world.desk.agents.tick()
    (offer,) = await world.desk.reading.open_offers(busy)
    assert offer.overdue
    assert (await world.texts(conversation.id)).count(world.policy.words.taking_long) == 1
    assert await world.desk.reading.open_offers(mia) == []
    # Those who declined are asked again once everybody was asked.
    world.clock.advance(world.policy.offers.lease_seconds + 1)
    await world.desk.agents.tick()
    assert len(await world.desk.reading.open_offers(mia)) == 1


async def test_who_comes_online_is_shown_what_waits_and_customers_hear_that_somebody_is_there(world: World) -> None:
    mia = await world.agent("Mia", state="offline", here=False)
    conversation = await world.offered()
    follow = world.desk.live.follow
    async with follow("agent:mia") as at_mia, follow(f"customer:{conversation.id}") as at_customer:
        await world.desk.agents.reachable(mia.id, True)
        await world.desk.agents.set_availability(mia, "online")
        assert (await heard(at_mia, "offer"))["conversation"] == conversation.id
        assert (await heard(at_customer, "control"))["waiting"]["desk_open"] is True
        await world.desk.agents.reachable(mia.id, False)
        assert (await heard(at_customer, "control"))["waiting"]["desk_open"] is False
    assert not await world.desk.reading.desk_open()


async def test_a_transfer_rings_at_one_colleague_and_then_at_everybody(world: World) -> None:
    mia, tom, eve = await world.agent("Mia"), await world.agent("Tom"), await world.agent("Eve")
    conversation = await world.conversation("hi")
    held = await world.desk.agents.take(mia, conversation.id, conversation.epoch)
    with pytest.raises(BadInput):
        await world.desk.agents.transfer(mia, conversation.id, held.epoch, mia.id)
    nobody: Any = "nobody"
    with pytest.raises(NotFound):
        await world.desk.agents.transfer(mia, conversation.id, held.epoch, nobody)
    passed = await world.desk.agents.transfer(mia, conversation.id, held.epoch, tom.id)
    assert await world.desk.agents.transfer(mia, conversation.id, held.epoch, tom.id) == passed
    (offer,) = await world.desk.reading.open_offers(tom)
    assert offer.to == tom.id
    assert await world.desk.reading.open_offers(eve) == []
    with pytest.raises(NotYours):
        await world.desk.agents.accept(eve, conversation.id, passed.epoch)
    world.clock.advance(world.policy.offers.transfer_lease_seconds + 1)
    await world.desk.agents.tick()
    taken = await world.desk.agents.accept(eve, conversation.id, passed.epoch)
    assert taken.agent == eve.id


async def test_a_declined_transfer_goes_to_everybody_at_once(world: World) -> None:
    mia, tom, eve = await world.agent("Mia"), await world.agent("Tom"), await world.agent("Eve")
    conversation = await world.conversation("hi")
    held = await world.desk.agents.take(mia, conversation.id, conversation.epoch)
    await world.desk.agents.transfer(mia, conversation.id, held.epoch, tom.id)
    await world.desk.agents.decline(tom, conversation.id, "no time")
    assert len(await world.desk.reading.open_offers(eve)) == 1
    assert await world.desk.reading.open_offers(tom) == []


async def test_two_agents_at_the_same_moment_have_one_winner(world: World) -> None:
    agents = [await world.agent(name) for name in ("Mia", "Tom", "Eve")]
    conversation = await world.offered()
    tries = [world.desk.agents.accept(a, conversation.id, conversation.epoch) for a in agents]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(not isinstance(r, BaseException) for r in results) == 1
    assert {r.detail["taken_by"] for r in results if hasattr(r, "detail")} <= {"Mia", "Tom", "Eve"}


async def test_the_queue_moves_up_when_somebody_is_served(world: World) -> None:
    mia = await world.agent("Mia")
    first = await world.offered("a")
    world.clock.advance(1)
    second = await world.offered("b")
    waiting = (await world.desk.reading.control(second.id)).waiting
    assert waiting is not None
    assert waiting.position == 2
    async with world.desk.live.follow(f"customer:{second.id}") as at_customer:
        await world.desk.agents.accept(mia, first.id, first.epoch)
        assert (await heard(at_customer, "control"))["waiting"]["position"] == 1


async def test_a_screen_that_follows_sees_what_a_reload_shows_and_never_a_note(world: World) -> None:
    mia = await world.agent("Mia")
    conversation = await world.conversation()
    before = await world.desk.reading.entries(conversation.id)
    async with world.desk.live.follow(f"customer:{conversation.id}") as follower:
        await world.says(conversation.id, "I want a person")
        held = await world.desk.agents.take(mia, conversation.id, conversation.epoch)
        await world.desk.agents.note(mia, conversation.id, "PRIVATE")
        await world.desk.agents.say(mia, conversation.id, "a1", "*Hello*", held.last_offset)
        await world.desk.agents.resolve(mia, conversation.id)
        after = await world.desk.reading.entries(conversation.id, len(before))
        followed, texts = [], []
        async with asyncio.timeout(10):
            async for told in follower:
                texts.append(told.text)
                if told.kind == "entry":
                    followed.append((told.offset, json.loads(told.text)["text"]))
                elif json.loads(told.text).get("lifecycle") == "resolved":
                    break
    assert followed == [(e.offset, e.text) for e in after]
    assert not any("PRIVATE" in text for text in texts)
    assert (await world.desk.reading.conversation(conversation.id)).control is Control.NOBODY


async def test_lists_show_each_conversation_where_it_belongs(world: World) -> None:
    mia = await world.agent("Mia")
    with_bot = await world.conversation("a")
    waiting = await world.offered("b")
    mine = await world.conversation("c")
    await world.desk.agents.take(mia, mine.id, mine.epoch)
    done = await world.conversation("d")
    await world.desk.agents.resolve(mia, done.id)
    shown = {view: [r.conversation for r in await world.desk.reading.rows(view, mia)] for view in ("bot", "offers")}
    assert shown == {"bot": [with_bot.id], "offers": [waiting.id]}
    assert [r.conversation for r in await world.desk.reading.rows("mine", mia)] == [mine.id]
    assert [r.conversation for r in await world.desk.reading.rows("resolved", mia)] == [done.id]
    everything = await world.desk.reading.rows("all", mia, limit=2)
    page = await world.desk.reading.rows("all", mia, before=everything[-1].feed)
    assert len({r.conversation for r in (*everything, *page)}) == 4
    with pytest.raises(BadInput):
        await world.desk.reading.rows("everything", mia)
    feed = await world.desk.reading.feed()
    await world.says(with_bot.id, "more")
    assert [r.conversation for r in await world.desk.reading.changed_since(feed)] == [with_bot.id]


async def test_the_customer_hears_once_that_nobody_is_there_and_is_rung_for_when_somebody_comes(world: World) -> None:
    mia = await world.agent("Mia")
    conversation = await world.offered()
    await world.desk.agents.reachable(mia.id, False)
    feed = -1
    for _ in range(5):
        world.clock.advance(200)
        await world.desk.agents.tick()
        before, feed = feed, await world.desk.reading.feed()
    assert before == feed, "a desk with nobody in it writes nothing every second"
    assert (await world.texts(conversation.id)).count(world.policy.words.nobody_here) == 1
    await world.desk.agents.reachable(mia.id, True)
    assert len(await world.desk.reading.open_offers(mia)) == 1


async def test_a_transfer_to_a_team_rings_at_its_members_first(world: World) -> None:
    mia, lea = await world.agent("Mia"), await world.agent("Lea", role="lead")
    tom, eve = await world.agent("Tom"), await world.agent("Eve")
    await world.desk.agents.set_matching(lea, replace(tom, teams=frozenset({"workshop"})))
    conversation = await world.conversation("hi")
    held = await world.desk.agents.take(mia, conversation.id, conversation.epoch)
    with pytest.raises(BadInput, match="no team called circus"):
        await world.desk.agents.transfer(mia, conversation.id, held.epoch, team="circus")
    with pytest.raises(BadInput, match="not to both"):
        await world.desk.agents.transfer(mia, conversation.id, held.epoch, tom.id, "workshop")
    await world.desk.agents.transfer(mia, conversation.id, held.epoch, team="workshop")
    (offer,) = await world.desk.reading.open_offers(tom)
    assert (offer.team, offer.weight, offer.escalated) == ("workshop", 2, False)
    assert (await world.desk.reading.row(conversation.id)).team == "workshop"
    assert await world.desk.reading.open_offers(eve) == []
    await world.desk.agents.decline(tom, conversation.id)
    assert len(await world.desk.reading.open_offers(eve)) == 1
    await world.desk.agents.decline(eve, conversation.id)
    (last,) = await world.desk.reading.open_offers(lea)
    assert last.escalated


async def test_what_it_is_about_decides_whom_it_rings_at(world: World) -> None:
    lea = await world.agent("Lea", role="lead")
    pay, any_one = await world.agent("Pay"), await world.agent("Any")
    with pytest.raises(Forbidden):
        await world.desk.agents.set_matching(pay, replace(pay, skills=frozenset({"payments"})))
    with pytest.raises(BadInput, match="no skill called juggling"):
        await world.desk.agents.set_matching(lea, replace(pay, skills=frozenset({"juggling"})))
    refund = await world.conversation("Where is my money?")
    decision = Decision(Outcome.HAND_OVER, Reason.NO_KNOWLEDGE, "unknown")
    await world.bot_turn(refund.id, None, decision, Evidence("Where is my money?", intent="refund_status"))
    assert {o.conversation for o in await world.desk.reading.open_offers(any_one)} == {refund.id}
    await world.desk.agents.set_matching(lea, replace(pay, skills=frozenset({"payments"})))
    second = await world.conversation("Money!")
    await world.bot_turn(second.id, None, decision, Evidence("Money!", intent="refund_status"))
    assert {o.conversation for o in await world.desk.reading.open_offers(any_one)} == {refund.id}
    (offer,) = [o for o in await world.desk.reading.open_offers(pay) if o.conversation == second.id]
    assert offer.needs == ("payments",)


async def test_the_queue_is_ordered_by_deadline_and_an_agent_with_one_place_is_shown_the_most_urgent(
    world: World,
) -> None:
    slow = await world.conversation("hm")
    unknown = Decision(Outcome.HAND_OVER, Reason.NO_KNOWLEDGE, "unknown")
    await world.bot_turn(slow.id, None, unknown)
    world.clock.advance(30)
    urgent = await world.conversation("grr")
    await world.bot_turn(urgent.id, None, Decision(Outcome.HAND_OVER, Reason.ANGER, "angry"))
    assert [o.conversation for o in await world.desk.reading.open_offers()] == [urgent.id, slow.id]
    waiting = (await world.desk.reading.control(slow.id)).waiting
    assert waiting is not None
    assert waiting.position == 2
    mia = await world.agent("Mia", capacity=2)
    assert [o.conversation for o in await world.desk.reading.open_offers(mia)] == [urgent.id]
    held = await world.desk.agents.accept(mia, urgent.id, (await world.desk.reading.conversation(urgent.id)).epoch)
    assert await world.desk.reading.open_offers(mia) == []
    await world.desk.agents.resolve(mia, urgent.id, held.epoch)
    assert [o.conversation for o in await world.desk.reading.open_offers(mia)] == [slow.id]
