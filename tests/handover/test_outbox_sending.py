"""A line in parts: what is written before and after each send, and what becomes of an outcome that nobody knows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from handover.dead_letters import DeadLetters
from handover.entries import ConversationId
from handover.errors import Unavailable
from handover.outcomes import DeliveryState, Outcome, SendResult
from tests.support.pushing_world import Killed, Pushing, busy, open_pushing

LOST = SendResult(Outcome.UNKNOWN, note="No answer came.", todo="Ask the customer.")
BROKEN = SendResult(Outcome.FINAL_ACCOUNT, note="The token is no longer good.", todo="Make a new one.")


@pytest.fixture
async def pushing(tmp_path: Path) -> AsyncIterator[Pushing]:
    async with open_pushing(tmp_path) as opened:
        yield opened


async def rows(pushing: Pushing) -> list[tuple[Any, ...]]:
    """(offset, state, delivery) of each line."""
    async with pushing.world.backends.records.reading() as tx:
        found = await tx.connection.execute(sa.text('SELECT "offset", state, delivery FROM outbox ORDER BY id'))
        return [tuple(row) for row in found]


async def parts(pushing: Pushing) -> list[tuple[Any, ...]]:
    """(state, tries) of each part."""
    async with pushing.world.backends.records.reading() as tx:
        query = sa.text("SELECT state, tries FROM outbox_parts ORDER BY outbox, number")
        return [tuple(row) for row in await tx.connection.execute(query)]


async def greeted(pushing: Pushing) -> ConversationId:
    """A conversation whose greeting has gone out."""
    conversation = await pushing.world.conversation("hi", inbox="telegram")
    pushing.channel.steps = [None]
    await pushing.until_quiet()
    return conversation.id


def letters(pushing: Pushing) -> DeadLetters:
    return DeadLetters(pushing.world.backends.records, pushing.world.clock)


async def test_a_line_goes_out_part_by_part_under_keys_of_their_own(pushing: Pushing) -> None:
    pushing.channel.pieces = str.split
    pushing.channel.steps = [None] * 5
    conversation = await pushing.world.conversation(inbox="telegram")
    await pushing.until_quiet()
    assert [text for _, text in pushing.channel.sent] == ["I", "am", "an", "automated", "assistant."]
    assert [key for key, _ in pushing.channel.sent] == [f"{conversation.id}:1:{number}" for number in range(5)]
    assert await rows(pushing) == [(1, "sent", "sent")]


async def test_a_later_part_is_tried_again_and_those_before_it_are_not(pushing: Pushing) -> None:
    pushing.channel.pieces = str.split
    pushing.channel.steps = [None, None, busy(7), None, None, None]
    await pushing.world.conversation(inbox="telegram")
    await pushing.until_quiet()
    assert [state for state, _ in await parts(pushing)] == ["sent", "sent", "queued", "queued", "queued"]
    pushing.world.clock.advance(6.9)
    await pushing.until_quiet()
    assert len(pushing.channel.sent) == 2  # when the platform says how long, it is exactly so long
    pushing.world.clock.advance(0.2)
    await pushing.until_quiet()
    assert len(pushing.channel.sent) == 5
    assert await rows(pushing) == [(1, "sent", "sent")]


async def test_what_never_got_an_answer_is_not_sent_again_but_put_before_people(pushing: Pushing) -> None:
    conversation = await greeted(pushing)
    await pushing.world.bot_turn(conversation, "Hello!")
    pushing.channel.steps = [LOST]
    await pushing.until_quiet()
    assert await rows(pushing) == [(1, "sent", "sent"), (3, "queued", "unknown")]
    pushing.world.clock.advance(pushing.world.policy.outbox.unknown_seconds - 1)
    await pushing.until_quiet()
    assert (await rows(pushing))[1] == (3, "queued", "unknown")
    pushing.world.clock.advance(2)
    await pushing.until_quiet()
    assert (await rows(pushing))[1] == (3, "failed", "unknown")
    (dead,) = await letters(pushing).list()
    assert (dead.unknown, dead.note, dead.todo) == (True, "No answer came.", "Ask the customer.")
    await pushing.world.says(conversation, "hello?")
    await pushing.world.bot_turn(conversation, "Still here.")
    pushing.channel.steps = [None]
    await pushing.until_quiet()  # who waits is not kept waiting by a line that people are asked about
    assert (await rows(pushing))[-1] == (5, "sent", "sent")


@pytest.mark.parametrize("broken", [ZeroDivisionError("ours"), TimeoutError()])
async def test_a_sender_that_breaks_in_the_middle_of_a_send_leaves_it_unknown(
    pushing: Pushing, broken: Exception
) -> None:
    await pushing.world.conversation(inbox="telegram")
    pushing.channel.steps = [broken]
    await pushing.until_quiet()
    assert await parts(pushing) == [("unknown", 1)]


@pytest.mark.parametrize(("idempotent", "states"), [(False, ("unknown", 1)), (True, ("sent", 2))])
async def test_who_dies_in_the_middle_of_a_send_leaves_it_unknown_unless_twice_is_once(
    pushing: Pushing, idempotent: bool, states: tuple[str, int]
) -> None:
    await pushing.world.conversation(inbox="telegram")
    pushing.channel.idempotent = idempotent
    pushing.channel.steps = [Killed(), *([None] if idempotent else [])]
    with pytest.raises(Killed):
        await pushing.worker.send_due()
    assert await parts(pushing) == [("sending", 1)]
    pushing.world.clock.advance(pushing.world.policy.outbox.lease_seconds)
    await pushing.until_quiet()
    assert await parts(pushing) == [states]
    assert len(set(pushing.channel.tried)) == 1


async def test_where_twice_is_once_an_unknown_outcome_is_sent_again_under_the_same_key(pushing: Pushing) -> None:
    await pushing.world.conversation(inbox="telegram")
    pushing.channel.idempotent = True
    pushing.channel.steps = [LOST, None]
    await pushing.until_quiet()
    pushing.world.clock.advance(2)
    await pushing.until_quiet()
    assert await parts(pushing) == [("sent", 2)]
    assert len(set(pushing.channel.tried)) == 1


async def test_where_twice_is_once_tries_that_ran_out_may_still_have_arrived(pushing: Pushing) -> None:
    await pushing.world.conversation(inbox="telegram")
    tries = pushing.world.policy.outbox.tries
    pushing.channel.idempotent = True
    pushing.channel.steps = [LOST, *[busy() for _ in range(tries - 1)]]
    for _ in range(tries):
        await pushing.until_quiet()
        pushing.world.clock.advance(60)
    await pushing.until_quiet()
    assert await rows(pushing) == [(1, "failed", "unknown")]


async def test_a_broken_account_stops_the_inbox_and_costs_the_line_nothing(pushing: Pushing) -> None:
    await pushing.world.conversation(inbox="telegram")
    pushing.channel.steps = [BROKEN]
    assert await pushing.worker.send_due() == 1
    assert pushing.channel.stopped == [("telegram", "The token is no longer good. Make a new one.")]
    assert await parts(pushing) == [("queued", 0)]

    async def paused() -> list[str]:
        return ["telegram"]

    assert await replace(pushing.worker, paused=paused).send_due() == 0
    pushing.channel.steps = [None]
    await pushing.until_quiet()
    assert await rows(pushing) == [(1, "sent", "sent")]


async def test_tries_end_with_their_number_or_their_time(pushing: Pushing) -> None:
    await pushing.world.conversation(inbox="telegram")
    pushing.channel.steps = [busy(), busy()]
    await pushing.until_quiet()
    pushing.world.clock.advance(pushing.world.policy.outbox.retry_seconds + 1)
    await pushing.until_quiet()
    assert await rows(pushing) == [(1, "failed", "failed")]


@pytest.mark.parametrize(("growth", "seconds"), [(2.0, 4), (4.0, 16)])
async def test_pauses_grow_as_the_platform_wants_it(pushing: Pushing, growth: float, seconds: float) -> None:
    await pushing.world.conversation(inbox="telegram")
    worker = replace(pushing.worker, chance=lambda: 1.0)
    again = replace(busy(), growth=growth)
    pushing.channel.steps = [again, again, again, None]
    for pause in (1, growth):
        await worker.send_due()
        pushing.world.clock.advance(pause)
    await worker.send_due()
    pushing.world.clock.advance(seconds - 0.01)
    assert await worker.send_due() == 0
    pushing.world.clock.advance(0.02)
    assert await worker.send_due() == 1


async def test_a_limit_makes_a_line_wait_and_costs_it_no_try(pushing: Pushing) -> None:
    await pushing.world.conversation(inbox="telegram")
    pushing.channel.waits = [3.0, 0.5, 0.0]
    for pause in (3.0, 0.5):
        await pushing.until_quiet()
        pushing.world.clock.advance(pause)
    pushing.channel.steps = [None]
    await pushing.until_quiet()
    assert await parts(pushing) == [("sent", 1)]


async def test_what_may_not_be_sent_says_why_and_a_notice_that_is_too_late_is_dropped(pushing: Pushing) -> None:
    await pushing.world.conversation(inbox="telegram")
    pushing.channel.refused = SendResult(Outcome.FINAL_WINDOW, note="Too late.", todo="Send a template.")
    await pushing.until_quiet()
    pushing.channel.refused, pushing.channel.dropped = None, "Too late for a notice."
    await pushing.world.conversation(inbox="telegram")
    await pushing.until_quiet()
    assert await rows(pushing) == [(1, "failed", "failed"), (1, "withdrawn", "queued")]
    (dead,) = await letters(pushing).list()
    assert (dead.note, dead.todo, dead.unknown) == ("Too late.", "Send a template.", False)


async def test_the_rest_of_a_bot_s_line_is_withdrawn_when_a_person_takes_over_between_two_parts(
    pushing: Pushing,
) -> None:
    conversation = await greeted(pushing)
    await pushing.world.bot_turn(conversation, "One two")
    mia = await pushing.world.agent("Mia")
    pushing.channel.pieces = str.split
    pushing.channel.steps = [None, busy(1)]
    await pushing.until_quiet()
    now = await pushing.world.desk.reading.conversation(conversation)
    await pushing.world.desk.agents.take(mia, conversation, now.epoch)
    pushing.world.clock.advance(1)
    pushing.channel.steps = [None] * 5  # "Mia has joined the conversation."
    await pushing.until_quiet()
    assert "two" not in [text for _, text in pushing.channel.sent]
    assert (await rows(pushing))[1][:2] == (3, "withdrawn")


async def test_agents_see_how_far_a_line_has_come_and_the_worker_that_told_them_may_die(pushing: Pushing) -> None:
    conversation = await greeted(pushing)
    silent = replace(pushing.worker, told=None)
    await pushing.world.bot_turn(conversation, "Hello!")
    pushing.channel.steps = [None]
    while await silent.send_due():
        pass
    async with pushing.world.backends.records.reading() as tx:
        assert (await tx.marks.get(conversation, 3)).delivery is None
    assert await pushing.worker.tell() == 1
    assert await pushing.worker.tell() == 0
    async with pushing.world.backends.records.reading() as tx:
        assert (await tx.marks.get(conversation, 3)).delivery is DeliveryState.SENT


async def test_who_is_stopped_lets_a_send_end_and_who_lost_the_record_for_a_moment_goes_on(pushing: Pushing) -> None:
    conversation = await pushing.world.conversation(inbox="telegram")
    pushing.channel.held, pushing.channel.steps = asyncio.Event(), [None]
    asked = 0

    async def paused() -> list[str]:
        nonlocal asked
        asked += 1
        if asked == 2:
            raise Unavailable("The record cannot be read.")
        return []

    running = asyncio.create_task(replace(pushing.worker, paused=paused).run())
    while not pushing.channel.tried or asked < 3:
        pushing.world.clock.advance(1)
        await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.sleep(0.05)
    assert not running.done()
    pushing.channel.held.set()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert await parts(pushing) == [("sent", 1)]
    assert pushing.channel.tried == [f"{conversation.id}:1:0"]
