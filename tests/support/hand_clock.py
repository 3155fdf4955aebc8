"""A clock that moves only when a test moves it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta


class HandClock:
    """Starts at a fixed moment; ``advance`` moves time and wakes the sleepers whose time has come."""

    def __init__(self, start: datetime = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)) -> None:
        self._now = start
        self._elapsed = 0.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        sleeper = (self._elapsed + seconds, done)
        self._sleepers.append(sleeper)
        try:
            await done
        finally:
            if sleeper in self._sleepers:
                self._sleepers.remove(sleeper)

    def advance(self, seconds: float) -> None:
        """Move time forward; sleepers due by then run when the test next awaits."""
        self._elapsed += seconds
        self._now += timedelta(seconds=seconds)
        for due, done in sorted(self._sleepers, key=lambda sleeper: sleeper[0]):
            if due <= self._elapsed and not done.done():
                done.set_result(None)

    @property
    def sleeping(self) -> int:
        """How many tasks wait for time to pass."""
        return len(self._sleepers)
