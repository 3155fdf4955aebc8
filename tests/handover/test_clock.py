"""The clocks: real time moves on, and the tests' clock only by hand."""

from __future__ import annotations

import asyncio
from datetime import UTC

from handover.clock import SystemClock
from tests.support.hand_clock import HandClock


async def test_real_time_is_in_utc_and_never_goes_back() -> None:
    clock = SystemClock()
    before = clock.monotonic()
    await clock.sleep(0)
    assert clock.now().tzinfo is UTC
    assert clock.monotonic() >= before


async def test_a_sleeper_wakes_when_the_test_says_so() -> None:
    clock = HandClock()
    start = clock.now()
    sleeper = asyncio.create_task(clock.sleep(10))
    await asyncio.sleep(0)
    clock.advance(9)
    await asyncio.sleep(0)
    assert (sleeper.done(), clock.sleeping) == (False, 1)
    clock.advance(1)
    await sleeper
    assert ((clock.now() - start).total_seconds(), clock.monotonic()) == (10, 10)
