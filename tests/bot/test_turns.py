"""One worker a conversation, bursts answered once, slow ones in nobody's way."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager, suppress
from typing import cast

import pytest

from bot.bursts import BurstSettings
from bot.relay_settings import RelaySettings
from bot.turns import TurnOutcome, Turns
from handover.desk import TurnBrief
from handover.entries import ConversationId
from handover.policy_settings import load_policy
from tests.support.hand_clock import HandClock

HERE, THERE = ConversationId("here"), ConversationId("there")
SETTINGS = RelaySettings(policy=load_policy(), turns_at_once=2, turn_seconds=15, burst=BurstSettings())
Taking = Callable[["Taker", ConversationId], Awaitable[TurnOutcome | None]]


class Taker:
    """Takes turns as told; notes each as (conversation, even_if_newer, overloaded), and fails on two at once."""

    def __init__(self, taking: Taking | None = None) -> None:
        self.taken: list[tuple[ConversationId, bool, bool]] = []
        self._taking = taking
        self.newer = asyncio.Event()
        self.begun: list[TurnBrief | None] = []
        self.released: list[ConversationId] = []
        self._at_work: set[ConversationId] = set()

    async def take(
        self,
        conversation: ConversationId,
        *,
        newer: asyncio.Event,
        even_if_newer: bool,
        overloaded: bool = False,
        begun: TurnBrief | None = None,
    ) -> TurnOutcome | None:
        self.newer = newer
        self.begun.append(begun)
        assert conversation not in self._at_work, "two turns of one conversation at once"
        self._at_work.add(conversation)
        self.taken.append((conversation, even_if_newer, overloaded))
        try:
            return await self._taking(self, conversation) if self._taking else "committed"
        finally:
            self._at_work.discard(conversation)

    async def release(self, conversation: ConversationId) -> None:
        self.released.append(conversation)

    @property
    def names(self) -> list[ConversationId]:
        return [taken[0] for taken in self.taken]


async def breathe() -> None:
    """Let every task run until it waits for something."""
    for _ in range(30):
        await asyncio.sleep(0)


@asynccontextmanager
async def running(taker: Taker, clock: HandClock) -> AsyncIterator[Turns]:
    turns = Turns(taker, settings=SETTINGS, clock=clock)
    task = asyncio.create_task(turns.run())
    await breathe()
    try:
        yield turns
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        assert turns.at_work == 0


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


BRIEF = cast("TurnBrief", "a brief that nobody here reads")


async def test_a_turn_that_began_with_its_words_is_taken_as_it_is() -> None:
    taker = Taker()
    async with running(taker, HandClock()) as turns:
        assert await turns.reserve(HERE, "Where is my order?", button=False)
        turns.begun(HERE, BRIEF)
        await breathe()
        assert (taker.taken, taker.begun) == ([(HERE, False, False)], [BRIEF])


@pytest.mark.parametrize("words", ["well", "my order and", "the order I made"])
async def test_words_that_may_go_on_begin_no_turn_with_themselves(words: str) -> None:
    async with running(Taker(), HandClock()) as turns:
        assert not await turns.reserve(HERE, words, button=False)
        assert await turns.reserve(HERE, words, button=True)
        turns.begun(HERE, None)


async def test_one_at_a_time_begins_with_its_words_and_only_where_a_place_is_free() -> None:
    taker = Taker()
    async with running(taker, HandClock()) as turns:
        assert await turns.reserve(HERE, "One.", button=False)
        assert not await turns.reserve(HERE, "Two.", button=False)
        assert await turns.reserve(THERE, "One.", button=False)
        assert not await turns.reserve(ConversationId("third"), "One.", button=False)  # there are two places
        turns.begun(THERE, None)  # another process has a turn there
        assert await turns.reserve(ConversationId("third"), "One.", button=False)
        for each in (HERE, ConversationId("third")):
            turns.begun(each, BRIEF)
        assert not await turns.reserve(HERE, "Three.", button=False)  # somebody is at work
        await breathe()
        assert taker.begun == [BRIEF, BRIEF]
        assert await turns.reserve(HERE, "Four.", button=False)
        assert await turns.reserve(THERE, "Four.", button=False)
        for each in (HERE, THERE):
            turns.begun(each, None)


async def test_before_it_runs_nothing_begins_with_its_words() -> None:
    turns = Turns(Taker(), settings=SETTINGS, clock=HandClock())
    assert not await turns.reserve(HERE, "Hello!", button=False)


async def test_words_that_come_before_a_begun_turn_is_taken_are_newer() -> None:
    async def looks(taker: Taker, _: ConversationId) -> TurnOutcome:
        return "superseded" if taker.begun[-1] is not None and taker.newer.is_set() else "committed"

    taker = Taker(looks)
    async with running(taker, HandClock()) as turns:
        assert await turns.reserve(HERE, "One.", button=False)
        turns.begun(HERE, BRIEF)
        turns.said(HERE, "Two.", button=False)
        await breathe()
        assert taker.begun == [BRIEF, None]


async def test_when_nobody_knows_whether_a_turn_began_it_is_released_and_the_words_are_looked_for() -> None:
    taker = Taker()
    async with running(taker, HandClock()) as turns:
        for name in ("a", "b", "c"):  # more than there are places: each is given back
            assert await turns.reserve(ConversationId(name), "One.", button=False)
            turns.lost(ConversationId(name))
            await breathe()
        assert (taker.released, taker.names, taker.begun) == (["a", "b", "c"], ["a", "b", "c"], [None] * 3)


async def test_a_turn_that_began_behind_the_back_of_a_worker_is_released_and_the_worker_looks_again() -> None:
    gate = asyncio.Event()

    async def in_the_way(taker: Taker, _: ConversationId) -> TurnOutcome | None:
        await gate.wait()
        return "committed" if taker.released else None

    taker = Taker(in_the_way)
    async with running(taker, HandClock()) as turns:
        assert await turns.reserve(HERE, "One.", button=False)
        turns.said(HERE, "Two.", button=False)  # recorded through another socket, and told of before
        await breathe()
        turns.begun(HERE, BRIEF)
        await breathe()
        gate.set()
        await breathe()
        assert (taker.released, taker.begun) == ([HERE], [None, None])
        assert turns.at_work == 0


async def test_a_turn_let_go_before_it_was_taken_keeps_no_place() -> None:
    async with running(Taker(), HandClock()) as turns:
        for _ in range(3):  # there are two places
            assert await turns.reserve(HERE, "One.", button=False)
            turns.begun(HERE, BRIEF)
            turns.abandon(HERE)
            await breathe()
