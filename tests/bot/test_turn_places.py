"""How long the line before the bot is: from measured turns, and from turns that hang."""

import asyncio

import pytest

from bot.turn_places import TurnPlaces
from tests.support.hand_clock import HandClock


async def test_nobody_waits_while_there_is_a_place() -> None:
    places = TurnPlaces(2, HandClock())
    assert places.wait(0) == 0
    assert places.wait(1) == 0
    await places.place().take()
    assert places.wait(0) == 0
    assert places.wait(1) > 0


async def test_the_line_is_its_turns_over_the_places() -> None:
    clock = HandClock()
    places = TurnPlaces(2, clock)
    for _ in range(200):
        place = places.place()
        await place.take()
        clock.advance(3)
        place.counts()
        place.give_back()
    assert places.taken == 0
    assert places.wait(11) == pytest.approx(3 * 10 / 2, rel=0.01)


async def test_turns_that_were_none_say_nothing_about_time() -> None:
    clock = HandClock()
    places = TurnPlaces(1, clock)
    before = places.wait(5)
    place = places.place()
    await place.take()
    clock.advance(60)
    place.give_back()
    assert places.wait(5) == before


async def test_turns_that_hang_make_the_line_long_before_the_first_has_ended() -> None:
    clock = HandClock()
    places = TurnPlaces(2, clock)
    for _ in range(2):
        await places.place().take()
    clock.advance(12)
    assert places.wait(3) == pytest.approx(12 * 4 / 2)


async def test_a_place_is_given_back_once_and_only_when_it_was_taken() -> None:
    places = TurnPlaces(1, HandClock())
    held, never = places.place(), places.place()
    await held.take()
    asking = asyncio.create_task(never.take())
    await asyncio.sleep(0)
    asking.cancel()
    never.give_back()
    assert places.taken == 1
    held.give_back()
    held.give_back()
    await places.place().take()
    assert places.taken == 1


async def test_a_bot_that_gets_slower_with_many_turns_is_known_before_the_mean_says_so() -> None:
    clock = HandClock()
    places = TurnPlaces(10, clock)
    for _ in range(100):  # alone a turn takes a tenth of a second: by the mean a hundred would end in one
        place = places.place()
        await place.take()
        clock.advance(0.1)
        place.counts()
        place.give_back()
    held = [places.place() for _ in range(10)]
    for place in held:
        await place.take()
    line = [asyncio.create_task(places.place().take()) for _ in range(40)]
    await asyncio.sleep(0)
    quick = places.wait(100)
    for place in held:  # together they take ten times as long: ten end in a second
        clock.advance(0.1)
        place.counts()
        place.give_back()
        await asyncio.sleep(0)
    assert quick < 1.1
    assert places.wait(100) > 5
    for one in line:
        one.cancel()
