"""The watchdog notices what no worker does, and never stops looking."""

import asyncio
from contextlib import suppress

import pytest

from bot.relay import RelaySettings
from bot.turns import Turns
from bot.watchdog import Watchdog
from handover.backends import Backends
from handover.desk import CustomerMessage, Desk, open_desk
from handover.entries import ConversationId
from handover.policy_settings import load_policy
from tests.support.hand_clock import HandClock
from tests.support.relay_world import a_world
from tests.support.scripted_dialogue import ScriptedDialogue
from tests.support.scripted_lives import ScriptedLives

SETTINGS = RelaySettings(policy=load_policy())


async def a_waiting_customer(desk: Desk) -> ConversationId:
    customer = await desk.customers.new_customer(name="Bo")
    conversation = await desk.customers.start("web", customer.id)
    await desk.customers.record_customer_message(conversation.id, CustomerMessage("Anybody?", "m1"))
    return conversation.id


class NoTurn:
    async def take(self, conversation: ConversationId, **_: object) -> None:
        return None


async def test_a_turn_whose_process_died_is_offered_to_people(backends: Backends) -> None:
    clock = HandClock()
    desk = open_desk(backends, clock=clock, policy=SETTINGS.policy)
    here = await a_waiting_customer(desk)
    assert await desk.bot.begin_turn(here, owner="a process that died", seconds=15) is not None
    turns = Turns(NoTurn(), settings=SETTINGS, clock=clock)
    watchdog = Watchdog(desk.bot, turns, lives=ScriptedLives(), clock=clock, every=1, forgotten_after=8)
    clock.advance(16)
    await watchdog.look()
    assert (await desk.reading.conversation(here)).control == "bot"
    clock.advance(2)
    await watchdog.look()
    assert (await desk.reading.conversation(here)).control == "offered"


async def test_only_words_that_waited_too_long_are_woken(backends: Backends) -> None:
    clock = HandClock()
    desk = open_desk(backends, clock=clock, policy=SETTINGS.policy)
    here = await a_waiting_customer(desk)
    turns = Turns(NoTurn(), settings=SETTINGS, clock=clock)
    watchdog = Watchdog(desk.bot, turns, lives=ScriptedLives(), clock=clock, every=1, forgotten_after=8)
    await watchdog.look()
    assert turns.at_work == 0
    clock.advance(9)
    await watchdog.look()
    assert turns.at_work == 1
    turns.abandon(here)


async def test_the_turns_of_a_process_that_ended_are_taken_again_at_once_and_by_one(backends: Backends) -> None:
    clock = HandClock()
    desk = open_desk(backends, clock=clock, policy=SETTINGS.policy)
    here = await a_waiting_customer(desk)
    assert await desk.bot.begin_turn(here, owner="a", seconds=15) is not None
    ended: set[str] = set()
    workers = [Turns(NoTurn(), settings=SETTINGS, clock=clock) for _ in range(3)]
    watchdogs = [
        Watchdog(desk.bot, turns, lives=ScriptedLives(owner, ended), clock=clock, every=1, forgotten_after=8)
        for owner, turns in zip("bcd", workers, strict=True)
    ]
    await asyncio.gather(*(watchdog.look() for watchdog in watchdogs))
    assert [turns.at_work for turns in workers] == [0, 0, 0]
    ended.add("a")
    await asyncio.gather(*(watchdog.look() for watchdog in watchdogs))
    assert sorted(turns.at_work for turns in workers) == [0, 0, 1]
    assert await desk.bot.begin_turn(here, owner="b", seconds=15) is not None
    for turns in workers:
        turns.abandon(here)


async def test_a_process_never_takes_its_own_turns_for_left(backends: Backends) -> None:
    clock = HandClock()
    desk = open_desk(backends, clock=clock, policy=SETTINGS.policy)
    here = await a_waiting_customer(desk)
    brief = await desk.bot.begin_turn(here, owner="a", seconds=15)
    assert brief is not None
    turns = Turns(NoTurn(), settings=SETTINGS, clock=clock)
    lives = ScriptedLives("a", {"a"})
    await Watchdog(desk.bot, turns, lives=lives, clock=clock, every=1, forgotten_after=8).look()
    assert await desk.bot.turn_may_speak(brief.turn, brief.epoch)


async def test_processes_do_not_all_look_at_the_same_moment() -> None:
    clock = HandClock()
    for spread, looks in ((0.0, 1), (1.0, 2)):
        failing = Failing()
        turns = Turns(NoTurn(), settings=SETTINGS, clock=clock)
        lives = ScriptedLives()
        watchdog = Watchdog(
            failing, turns, lives=lives, clock=clock, every=1, forgotten_after=8, spread=lambda early=spread: early
        )
        task = asyncio.create_task(watchdog.run())
        for seconds in (0, 0.8):
            clock.advance(seconds)
            for _ in range(5):
                await asyncio.sleep(0)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        assert failing.looks == looks


async def test_a_turn_that_hangs_whatever_is_done_to_it_does_not_stop_the_watchdog(backends: Backends) -> None:
    released = asyncio.Event()

    async def stubborn(_: object) -> str:
        while not released.is_set():
            with suppress(asyncio.CancelledError):
                await released.wait()
        return "at last"

    async with a_world(backends, ScriptedDialogue([stubborn])) as world:
        await world.says("Hello!")
        await world.until_heard(1)
        # The turn's own time limit and the watchdog's run together; either way a person is asked.
        world.clock.advance(18)
        await world.until_control("offered")
        released.set()
        await world.until_done()
        assert await world.bot_says() == []


class Failing:
    """A desk for the bot whose record is away at first."""

    def __init__(self) -> None:
        self.looks = 0

    async def overdue_turns(self) -> list[object]:
        self.looks += 1
        if self.looks < 3:
            raise ConnectionError("the record is away")
        return []

    async def unanswered(self, *, older_than: float) -> list[ConversationId]:
        return []

    async def at_work(self) -> dict[str, list[ConversationId]]:
        return {}

    async def release(self, conversation: ConversationId, owner: str) -> bool:
        raise AssertionError("nobody is at work")


async def test_a_record_that_is_away_for_a_while_does_not_end_the_watch(
    capsys: pytest.CaptureFixture[str],
) -> None:
    clock, failing = HandClock(), Failing()
    turns = Turns(NoTurn(), settings=SETTINGS, clock=clock)
    watchdog = Watchdog(failing, turns, lives=ScriptedLives(), clock=clock, every=1, forgotten_after=8)
    task = asyncio.create_task(watchdog.run())
    for _ in range(4):
        for _ in range(5):
            await asyncio.sleep(0)
        clock.advance(1)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert failing.looks >= 3
    assert "the watchdog could not look" in capsys.readouterr().out
