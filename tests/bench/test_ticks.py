"""The timer of a load: it begins when it was told, comes again, and ends with its block; a schedule leaves none out."""

from __future__ import annotations

import asyncio
import time

from bench.ticks import Ticks, on_schedule


async def test_it_ticks_from_its_start_on_and_not_after_its_end() -> None:
    seen: list[float] = []
    enough = asyncio.Event()

    def tick() -> None:
        seen.append(time.monotonic())
        if len(seen) == 5:
            enough.set()

    start = time.monotonic() + 0.02
    with Ticks(tick, start=start, period=0.001):
        async with asyncio.timeout(20):
            await enough.wait()
    count = len(seen)
    await asyncio.sleep(0.01)
    assert seen[0] >= start
    assert len(seen) == count


async def test_a_schedule_is_kept_in_order_and_what_is_late_is_made_up_for() -> None:
    start = time.monotonic()
    due = [start + at / 100 for at in range(20)]
    done: list[tuple[int, float]] = []

    def act(number: int, now: float) -> None:
        if number == 3:
            while time.monotonic() < due[10]:
                pass  # held up: seven are late then
        done.append((number, now))

    async with asyncio.timeout(20):
        await on_schedule(due, 1 / 100, act)
        await on_schedule([], 1, act)
    assert [number for number, _ in done] == list(range(20))
    assert all(now >= due[number] for number, now in done)
