"""Processes of one service that share a Redis, as tests need them: opened, spoken to, and ended without a word."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from handover.backends.live_in_process import Sharing
from handover.backends.live_redis import open_redis
from handover.ports import Follower, Told

PATIENCE = 40.0  # seconds; a machine under load may need many


@asynccontextmanager
async def open_sharing(url: str) -> AsyncIterator[Sharing]:
    """One process that hears the others; waits until it does."""
    async with open_redis(url, seconds=PATIENCE) as sharing:
        assert sharing.live.healthy
        yield sharing


async def read(follower: Follower, count: int) -> list[Told]:
    """The next ``count`` things this follower hears, beside signs that something may be missing."""
    heard: list[Told] = []
    async with asyncio.timeout(PATIENCE):
        async for told in follower:
            if told.kind != "resync":
                heard.append(told)
            if len(heard) == count:
                break
    return heard


async def until(what: Callable[[], bool | Awaitable[bool]]) -> None:
    """Wait until ``what`` is so. Raises TimeoutError when it does not become so."""
    async with asyncio.timeout(PATIENCE):
        while True:
            now = what()
            if now if isinstance(now, bool) else await now:
                return
            await asyncio.sleep(0.02)
