"""Waiting for something, but not longer than the clock allows; the clock may be one that a test moves."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from handover.ports import Clock

_T = TypeVar("_T")
# Real seconds for a cancelled piece of work to end. What ignores this is left behind: a turn must not wait for it.
_LETTING_GO = 0.5


async def within(clock: Clock, seconds: float, work: Coroutine[Any, Any, _T]) -> _T:
    """The result of ``work``. Raises TimeoutError after ``seconds`` by ``clock``, or what ``work`` raises."""
    task = asyncio.ensure_future(work)
    alarm = asyncio.ensure_future(clock.sleep(seconds))
    try:
        await asyncio.wait({task, alarm}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise TimeoutError
        return task.result()
    finally:
        await let_go(task, alarm)


async def done_or_told(clock: Clock, seconds: float, work: asyncio.Future[Any], told: asyncio.Event) -> None:
    """Wait until ``work`` is done, ``told`` is set, or ``seconds`` have passed; ``work`` goes on."""
    waiting, alarm = asyncio.ensure_future(told.wait()), asyncio.ensure_future(clock.sleep(seconds))
    try:
        await asyncio.wait({work, waiting, alarm}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await let_go(waiting, alarm)


async def let_go(*tasks: asyncio.Future[Any]) -> None:
    """Cancel what is not done, and wait a moment for it to end."""
    unfinished = {task for task in tasks if not task.done()}
    for task in unfinished:
        task.add_done_callback(_forget)
        task.cancel()
    if unfinished:
        await asyncio.wait(unfinished, timeout=_LETTING_GO)


def _forget(task: asyncio.Future[Any]) -> None:
    """Look at a late error, so that asyncio does not complain that nobody did."""
    if not task.cancelled():
        task.exception()
