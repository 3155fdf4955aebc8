"""Turns that begin in the record together with their words are taken at once, and by somebody if a call is cut off."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest_asyncio

from handover.entries import AuthorKind
from tests.support.relay_world import World, a_world, backends_in
from tests.support.scripted_dialogue import ScriptedDialogue


@pytest_asyncio.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with backends_in(tmp_path) as backends, a_world(backends, ScriptedDialogue(otherwise="Yes.")) as opened:
        await opened.says("Hello?")  # the relay runs by the end of this
        await opened.until_bot_said(1)
        yield opened


async def test_words_that_are_finished_begin_their_turn(world: World) -> None:
    begun = (await world.says("Where is my order?")).begun
    assert begun is not None
    await world.until_bot_said(2)
    assert world.dialogue.heard[1].turn == begun.turn


async def test_words_that_may_go_on_and_those_that_join_them_do_not(world: World) -> None:
    await world.until_done()
    assert (await world.says("and")).begun is None
    assert (await world.says("the tent?")).begun is None
    await world.until_bot_said(2)
    assert world.dialogue.heard[1].text == "and\nthe tent?"


async def test_words_whose_call_was_cut_off_at_any_moment_are_answered_once_if_they_were_recorded(world: World) -> None:
    for moments in range(40):
        await world.until(partial(_nothing_is_owed, world))
        # No question: one that is asked again and again would be for people.
        saying = asyncio.create_task(world.says("Thanks!"))
        for _ in range(moments):
            await asyncio.sleep(0)
        saying.cancel()
        await asyncio.gather(saying, return_exceptions=True)
    await world.until(partial(_nothing_is_owed, world))
    who = [entry.author.kind for entry in await world.entries()]
    # Words whose commit was under way may have joined the next ones; one answer is for both then.
    assert who.count(AuthorKind.CUSTOMER) > 2
    assert who[-1] is AuthorKind.BOT
    assert (AuthorKind.BOT, AuthorKind.BOT) not in pairwise(who)
    assert set(who) == {AuthorKind.CUSTOMER, AuthorKind.BOT}


async def _nothing_is_owed(world: World) -> bool:
    bot = world.desk.bot
    if world.relay.at_work or await bot.at_work():
        return False
    if await bot.unanswered(older_than=0):
        # Recorded beside a worker that was just ending: such words are the watchdog's. It takes no turn for another.
        world.clock.advance(1)
        return False
    return not world.relay.at_work  # a turn that was given up may have been taken again between these questions
