"""Turns that began in the transaction that recorded their words: taken as they are, or released."""

import asyncio
from typing import cast

import pytest

from bot.turns import TurnOutcome, Turns
from handover.desk import TurnBrief
from handover.entries import ConversationId
from tests.support.hand_clock import HandClock
from tests.support.turn_taker import HERE, SETTINGS, THERE, Taker, breathe, running

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
