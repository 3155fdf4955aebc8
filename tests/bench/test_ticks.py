"""The timer of a load: it begins when it was told, comes again, and ends with its block."""

from __future__ import annotations

import asyncio
import time

from bench.ticks import Ticks


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
