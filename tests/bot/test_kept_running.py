"""Background work: a failure is counted and the work begins again; cancelling it ends it."""

from __future__ import annotations

import asyncio

import pytest

from bot.kept_running import keep_running
from handover.meters import Meters
from tests.support.hand_clock import HandClock


async def test_work_that_fails_is_counted_and_begun_again_after_a_pause() -> None:
    clock, meters = HandClock(), Meters()
    begun = asyncio.Event()
    times = 0

    async def work() -> None:
        nonlocal times
        times += 1
        begun.set()
        raise RuntimeError("broken")

    task = asyncio.create_task(keep_running("desk", work, clock=clock, meters=meters))
    for expected in (1, 2, 3):
        await begun.wait()
        begun.clear()
        assert times == expected
        await asyncio.sleep(0)  # let it reach its pause
        assert clock.sleeping == 1
        clock.advance(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    failures = meters.registry.get_sample_value("switchboard_background_failures_total", {"task": "desk"})
    assert failures == 3
