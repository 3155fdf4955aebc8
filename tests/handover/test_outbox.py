"""The gate: what reaches a channel, once, in order, and only while it may."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from handover.dead_letters import DeadLetters
from handover.errors import NotFound
from handover.outbox import OutboxWorker
from handover.outbox_lines import Line, Plan
from handover.stored import Backlog
from tests.support.desk_world import ASKED
from tests.support.pushing_world import Pushing, ScriptedChannel, busy, final, open_pushing


@pytest.fixture
async def pushing(tmp_path: Path) -> AsyncIterator[Pushing]:
    async with open_pushing(tmp_path) as opened:
        yield opened


async def test_the_bot_s_words_go_out_once_and_the_customer_s_own_never(pushing: Pushing) -> None:
    pushing.channel.steps = [None, None]
    conversation = await pushing.world.conversation("hi", inbox="telegram")
    await pushing.world.bot_turn(conversation.id, "Hello!")
    while await pushing.worker.send_due():
        pass
    assert [text for _, text in pushing.channel.sent] == ["I am an automated assistant.", "Hello!"]
    assert pushing.channel.sent[1][0] == f"{conversation.id}:3:0"
    assert await pushing.states() == [(1, "sent", 1), (3, "sent", 1)]


async def test_the_web_has_no_rows(pushing: Pushing) -> None:
    await pushing.world.conversation("hi")
    assert await pushing.states() == []


async def test_a_bot_line_of_a_control_that_is_over_is_withdrawn_and_people_s_lines_go(pushing: Pushing) -> None:
    world = pushing.world
    mia = await world.agent("Mia")
    conversation = await world.conversation("hi", inbox="telegram")
    await world.bot_turn(conversation.id, "Hello!")
    held = await world.desk.agents.take(mia, conversation.id, conversation.epoch)
    await world.desk.agents.say(mia, conversation.id, "a1", "Mia here", held.last_offset)
    pushing.channel.steps = [None, None]
    while await pushing.worker.send_due():
        pass
    assert [text for _, text in pushing.channel.sent] == ["Mia has joined the conversation.", "Mia here"]
    assert [state for _, state, _ in await pushing.states()] == ["withdrawn", "withdrawn", "sent", "sent"]


async def test_the_last_words_before_a_handover_still_go_out(pushing: Pushing) -> None:
    conversation = await pushing.world.conversation("a person", inbox="telegram")
    pushing.channel.steps = [None]
    await pushing.worker.send_due()
    await pushing.world.bot_turn(conversation.id, "Of course.", ASKED)
    pushing.channel.steps = [None, None]
    while await pushing.worker.send_due():
        pass
    assert "Of course." in [text for _, text in pushing.channel.sent]


async def test_a_line_that_fails_is_tried_again_later_and_nothing_overtakes_it(pushing: Pushing) -> None:
    conversation = await pushing.world.conversation("hi", inbox="telegram")
    await pushing.world.bot_turn(conversation.id, "Hello!")
    pushing.channel.steps = [busy(5)]
    assert await pushing.worker.send_due() == 1
    assert await pushing.worker.send_due() == 0
    pushing.world.clock.advance(5)
    pushing.channel.steps = [None, None]
    while await pushing.worker.send_due():
        pass
    assert await pushing.states() == [(1, "sent", 2), (3, "sent", 1)]


@pytest.mark.parametrize("at_once", [True, False])
async def test_a_line_that_cannot_be_sent_is_settled_as_failed(pushing: Pushing, at_once: bool) -> None:
    await pushing.world.conversation(inbox="telegram")
    tries = 1 if at_once else pushing.world.policy.outbox.tries
    pushing.channel.steps = [final() if at_once else busy() for _ in range(tries)]
    for _ in range(tries):
        await pushing.worker.send_due()
        pushing.world.clock.advance(60)
    assert await pushing.worker.send_due() == 0
    assert await pushing.states() == [(1, "failed", tries)]


async def test_a_line_of_a_worker_that_died_comes_due_again_with_the_same_key(pushing: Pushing) -> None:
    conversation = await pushing.world.conversation(inbox="telegram")
    now = pushing.world.clock.now()
    async with pushing.world.backends.records.transaction() as tx:
        (due,) = await tx.outbox.due(now, 10)
        later = now.replace(minute=now.minute + 1)
        assert await tx.outbox.claim(due.id, now, later)
        assert not await tx.outbox.claim(due.id, now, later)
    assert await pushing.worker.send_due() == 0
    pushing.world.clock.advance(60)
    pushing.channel.steps = [None]
    await pushing.worker.send_due()
    assert pushing.channel.sent[0][0] == f"{conversation.id}:1:0" == f"{due.key}:0"


async def test_an_inbox_without_a_sender_loses_nothing(pushing: Pushing) -> None:
    await pushing.world.conversation(inbox="telegram")
    nobody = OutboxWorker(pushing.world.backends.records, pushing.world.clock, {}, pushing.world.policy.outbox)
    await nobody.send_due()
    assert await pushing.states() == [(1, "queued", 1)]


async def test_a_line_that_ends_its_worker_every_time_is_set_aside_and_the_next_one_goes(pushing: Pushing) -> None:
    conversation = await pushing.world.conversation("hi", inbox="telegram")
    await pushing.world.bot_turn(conversation.id, "Hello!")
    settings = pushing.world.policy.outbox
    for _ in range(settings.poison):
        await _claimed_by_one_that_dies(pushing)
        pushing.world.clock.advance(settings.lease_seconds)
    await pushing.worker.send_due()
    assert (await pushing.states())[0][:2] == (1, "failed")
    pushing.channel.steps = [None]
    await pushing.worker.send_due()
    assert (await pushing.states())[1][:2] == (3, "sent")


async def _claimed_by_one_that_dies(pushing: Pushing) -> None:
    now = pushing.world.clock.now()
    async with pushing.world.backends.records.transaction() as tx:
        (due,) = await tx.outbox.due(now, 1)
        lease = timedelta(seconds=pushing.world.policy.outbox.lease_seconds)
        assert await tx.outbox.claim(due.id, now, now + lease)


async def test_a_sender_with_a_fault_of_its_own_costs_a_try_and_stops_nobody_else(pushing: Pushing) -> None:
    class Broken(ScriptedChannel):
        async def plan(self, line: Line) -> Plan:
            raise ZeroDivisionError(line.delivery.key)

    await pushing.world.conversation(inbox="telegram")
    await pushing.world.conversation(inbox="telegram")
    broken = replace(pushing.worker, senders={"telegram": Broken()})
    assert await broken.send_due() == 2
    assert await pushing.states() == [(1, "queued", 1), (1, "queued", 1)]


@pytest.mark.parametrize(("chance", "seconds"), [(0.0, 0.5), (1.0, 1.0)])
async def test_pauses_are_spread_so_that_lines_do_not_come_back_all_at_once(
    pushing: Pushing, chance: float, seconds: float
) -> None:
    await pushing.world.conversation(inbox="telegram")
    pushing.channel.steps = [busy()]
    worker = replace(pushing.worker, chance=lambda: chance)
    await worker.send_due()
    pushing.world.clock.advance(seconds - 0.01)
    assert await worker.send_due() == 0
    pushing.world.clock.advance(0.02)
    pushing.channel.steps = [None]
    assert await worker.send_due() == 1


async def test_a_dead_line_tried_again_keeps_its_key_and_goes_before_what_still_waits(pushing: Pushing) -> None:
    conversation = await pushing.world.conversation("hi", inbox="telegram")
    pushing.channel.steps = [final()]
    await pushing.worker.send_due()
    await pushing.world.bot_turn(conversation.id, "Hello!")
    letters = DeadLetters(pushing.world.backends.records, pushing.world.clock)
    (dead,) = await letters.list()
    assert (dead.text, dead.note, dead.overtaken) == ("I am an automated assistant.", "no such number", False)
    await letters.retry(dead.delivery.id, "mia")
    pushing.channel.steps = [None, None]
    while await pushing.worker.send_due():
        pass
    assert [key for key, _ in pushing.channel.sent] == [f"{conversation.id}:1:0", f"{conversation.id}:3:0"]
    with pytest.raises(NotFound):
        await letters.retry(dead.delivery.id, "mia")


async def test_a_dead_line_of_a_bot_that_lost_control_is_withdrawn_when_it_is_tried_again(pushing: Pushing) -> None:
    world = pushing.world
    conversation = await world.conversation(inbox="telegram")
    pushing.channel.steps = [final()]
    await pushing.worker.send_due()
    letters = DeadLetters(world.backends.records, world.clock)
    await world.desk.agents.take(await world.agent("Mia"), conversation.id, conversation.epoch)
    await letters.retry((await letters.list())[0].delivery.id, "mia")
    pushing.channel.steps = [None]  # for "Mia has joined"
    while await pushing.worker.send_due():
        pass
    assert [state for _, state, _ in await pushing.states()] == ["withdrawn", "sent"]


async def test_the_backlog_tells_how_long_customers_wait_for_a_channel(pushing: Pushing) -> None:
    began = pushing.world.clock.now()
    await pushing.world.conversation(inbox="telegram")
    pushing.world.clock.advance(60)
    await pushing.world.conversation(inbox="telegram")
    letters = DeadLetters(pushing.world.backends.records, pushing.world.clock)
    assert await letters.backlog() == Backlog(2, began, 0)
