"""Nothing is waited for longer than the clock allows."""

import asyncio
from contextlib import suppress

import pytest

from bot.deadlines import within
from tests.support.hand_clock import HandClock


async def test_what_is_done_in_time_is_given_back() -> None:
    async def quick() -> str:
        return "done"

    clock = HandClock()
    assert await within(clock, 5, quick()) == "done"
    assert clock.sleeping == 0


async def test_an_error_is_passed_on_as_it_is() -> None:
    async def broken() -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        await within(HandClock(), 5, broken())


async def test_what_takes_too_long_is_let_go() -> None:
    ended = asyncio.Event()

    async def slow() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    clock = HandClock()
    waiting = asyncio.create_task(within(clock, 5, slow()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    clock.advance(5)
    with pytest.raises(TimeoutError):
        await waiting
    assert ended.is_set()


async def test_work_that_refuses_to_end_holds_nobody_up() -> None:
    released = asyncio.Event()

    async def stubborn() -> None:
        while not released.is_set():
            with suppress(asyncio.CancelledError):
                await released.wait()
        raise RuntimeError("too late for anybody to hear")

    clock = HandClock()
    waiting = asyncio.create_task(within(clock, 5, stubborn()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    clock.advance(5)
    with pytest.raises(TimeoutError):
        await waiting
    released.set()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
