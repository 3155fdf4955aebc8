"""One worker a conversation, bursts answered once, slow ones in nobody's way."""

import asyncio
from contextlib import ExitStack

import pytest

from bot.turns import TurnOutcome, Turns
from handover.entries import ConversationId
from tests.support.hand_clock import HandClock
from tests.support.turn_taker import HERE, SETTINGS, THERE, Taker, breathe, running


async def test_a_finished_message_is_answered_at_once() -> None:
    taker = Taker()
    async with running(taker, HandClock()) as turns:
        turns.said(HERE, "Where is my order?", button=False)
        await breathe()
        assert taker.names == [HERE]
        assert turns.at_work == 0


async def test_a_burst_is_one_turn() -> None:
    taker, clock = Taker(), HandClock()
    async with running(taker, clock) as turns:
        turns.said(HERE, "hello", button=False)
        await breathe()
        clock.advance(0.5)
        turns.said(HERE, "my order and", button=False)
        await breathe()
        clock.advance(0.5)
        await breathe()
        assert taker.names == []
        turns.said(HERE, "the tent are late.", button=False)
        await breathe()
        assert taker.names == [HERE]


async def test_a_customer_who_types_on_is_waited_for_until_the_cap() -> None:
    taker, clock = Taker(), HandClock()
    async with running(taker, clock) as turns:
        turns.said(HERE, "well", button=False)
        for _ in range(5):
            await breathe()
            clock.advance(1)
            turns.typed(HERE)
            await breathe()
            assert taker.names == []
        clock.advance(1.01)
        await breathe()
        assert taker.names == [HERE]


async def test_words_that_come_during_a_turn_are_taken_up_after_it() -> None:
    gate = asyncio.Event()

    async def slow(_: Taker, __: ConversationId) -> TurnOutcome:
        await gate.wait()
        return "committed"

    taker = Taker(slow)
    async with running(taker, HandClock()) as turns:
        turns.said(HERE, "One.", button=False)
        await breathe()
        turns.said(HERE, "Two.", button=False)
        await breathe()
        assert taker.names == [HERE]
        gate.set()
        await breathe()
        assert taker.names == [HERE, HERE]


async def test_a_superseded_turn_is_taken_again_and_at_last_answers_what_it_has() -> None:
    async def superseded(taker: Taker, _: ConversationId) -> TurnOutcome:
        return "committed" if taker.taken[-1][1] else "superseded"

    taker = Taker(superseded)
    async with running(taker, HandClock()) as turns:
        turns.said(HERE, "One.", button=False)
        await breathe()
    assert [even_if_newer for _, even_if_newer, _ in taker.taken] == [False, False, True]


async def test_while_others_wait_for_a_place_no_turn_is_thrown_away_for_newer_words() -> None:
    gates = {name: asyncio.Event() for name in "abcd"}

    async def slow(_: Taker, conversation: ConversationId) -> TurnOutcome:
        await gates[conversation].wait()
        return "committed"

    taker = Taker(slow)
    async with running(taker, HandClock()) as turns:
        for name in "abcd":
            turns.said(ConversationId(name), "Hello!", button=False)
            await breathe()
        for name in "abcd":
            gates[name].set()
            await breathe()
    # "c" began while "d" waited behind it.
    assert [(name, even_if_newer) for name, even_if_newer, _ in taker.taken] == [
        ("a", False), ("b", False), ("c", True), ("d", False),
    ]  # fmt: skip


async def test_a_slow_conversation_does_not_hold_up_another() -> None:
    async def stuck_here(_: Taker, conversation: ConversationId) -> TurnOutcome:
        if conversation == HERE:
            await asyncio.Event().wait()
        return "committed"

    taker = Taker(stuck_here)
    async with running(taker, HandClock()) as turns:
        turns.said(HERE, "Slow.", button=False)
        turns.said(THERE, "Quick.", button=False)
        await breathe()
        assert taker.names == [HERE, THERE]
        assert turns.at_work == 1


async def test_when_all_places_are_taken_for_a_whole_turn_people_are_asked() -> None:
    async def stuck(taker: Taker, _: ConversationId) -> TurnOutcome:
        if not taker.taken[-1][2]:
            await asyncio.Event().wait()
        return "committed"

    taker, clock = Taker(stuck), HandClock()
    async with running(taker, clock) as turns:
        for name in ("a", "b", "c"):
            turns.said(ConversationId(name), "Hello!", button=False)
        await breathe()
        assert taker.names == ["a", "b"]
        clock.advance(SETTINGS.turn_seconds)
        await breathe()
        assert taker.taken[-1] == ("c", True, True)


async def test_a_turn_that_breaks_harms_no_other_and_its_conversation_may_be_woken() -> None:
    async def breaks_once(taker: Taker, conversation: ConversationId) -> TurnOutcome:
        if taker.names == [HERE]:
            raise RuntimeError("broken")
        return "committed"

    taker = Taker(breaks_once)
    async with running(taker, HandClock()) as turns:
        turns.said(HERE, "One.", button=False)
        await breathe()
        turns.said(THERE, "Two.", button=False)
        turns.wake(HERE)
        await breathe()
        assert taker.names == [HERE, THERE, HERE]


async def test_an_abandoned_turn_gives_its_place_back_and_the_conversation_goes_on() -> None:
    async def stuck_at_first(taker: Taker, conversation: ConversationId) -> TurnOutcome:
        if taker.names.count(conversation) == 1:
            await asyncio.Event().wait()
        return "committed"

    taker = Taker(stuck_at_first)
    async with running(taker, HandClock()) as turns:
        turns.said(HERE, "One.", button=False)
        turns.said(THERE, "One.", button=False)
        await breathe()
        turns.abandon(HERE)
        await breathe()
        turns.said(HERE, "Two.", button=False)
        await breathe()
        assert taker.names == [HERE, THERE, HERE]


async def test_waking_a_conversation_that_is_being_answered_changes_nothing() -> None:
    taker, clock = Taker(), HandClock()
    async with running(taker, clock) as turns:
        turns.said(HERE, "so I thought,", button=False)
        turns.wake(HERE)
        await breathe()
        assert taker.names == []


async def test_words_that_are_being_recorded_stand_in_the_line() -> None:
    turns = Turns(Taker(), settings=SETTINGS, clock=HandClock())
    assert turns.wait == 0
    with ExitStack() as recording:
        for _ in range(2 + SETTINGS.turns_at_once):
            recording.enter_context(turns.coming())
        assert turns.wait > 0
    assert turns.wait == 0


async def test_words_from_before_the_start_are_taken_up_by_it() -> None:
    taker = Taker()
    turns = Turns(taker, settings=SETTINGS, clock=HandClock())
    turns.said(HERE, "Hello!", button=False)
    task = asyncio.create_task(turns.run())
    await breathe()
    assert taker.names == [HERE]
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
