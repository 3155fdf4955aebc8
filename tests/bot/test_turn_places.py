"""How long the line before the bot is: from measured turns, and from turns that hang."""

import asyncio

import pytest

from bot.turn_places import Place, TurnPlaces
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


async def test_only_what_ended_lately_and_while_all_places_were_taken_says_how_fast_turns_end() -> None:
    clock = HandClock()
    places = TurnPlaces(1, clock)

    async def turns(held: Place, count: int, seconds: float) -> Place:
        for _ in range(count):
            following = places.place()
            asking = asyncio.create_task(following.take())
            await asyncio.sleep(0)
            clock.advance(seconds)
            held.counts()
            held.give_back()
            await asking
            held = following
        return held

    first = places.place()
    await first.take()
    last = await turns(first, 400, 0.01)
    assert places.wait(99) == pytest.approx(1.0, rel=0.3)  # a hundred to come, a hundred a second
    await turns(last, 100, 1.0)
    assert places.wait(99) == pytest.approx(100.0, rel=0.3)  # the quick ones are long over


async def test_places_are_crowded_while_somebody_waits_for_one() -> None:
    places = TurnPlaces(1, HandClock())
    held = places.place()
    await held.take()
    assert not places.crowded
    asking = asyncio.create_task(places.place().take())
    await asyncio.sleep(0)
    assert places.crowded
    held.give_back()
    await asking
    assert not places.crowded
    given_up = asyncio.create_task(places.place().take())
    await asyncio.sleep(0)
    given_up.cancel()
    await asyncio.wait([given_up])
    assert not places.crowded
