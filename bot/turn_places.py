"""The places for turns at once, how long turns hold one, and from both: how long the line before them is in seconds."""

from __future__ import annotations

import asyncio
from collections import deque

from handover.ports import Clock

# Seconds that a turn is thought to take before the first one has ended.
_GUESS = 1.0
# No turn is thought to take less, seconds.
_SHORTEST = 0.001
# What the newest turn weighs in the mean: about the last sixteen turns count.
_WEIGHT = 1 / 16
# While no place is free the turns that end are counted, over so many seconds, beside as many as the mean stands for:
# where Rasa has one processor, turns get slower the more of them there are, and the mean lags behind.
_WINDOW, _PRIOR = 10.0, 8


class TurnPlaces:
    """``count`` turns at once. `Place` holds one of them."""

    def __init__(self, count: int, clock: Clock) -> None:
        self._count = count
        self._clock = clock
        self._free = asyncio.Semaphore(count)
        self._since: dict[Place, float] = {}
        self._mean = _GUESS
        self._asking = 0
        self._full_since: float | None = None
        self._ended: deque[float] = deque()  # moments, the oldest first, of those that may still count

    @property
    def taken(self) -> int:
        """How many turns are under way."""
        return len(self._since)

    @property
    def crowded(self) -> bool:
        """Whether somebody waits for a place."""
        return self._asking > 0

    def wait(self, waiting: int) -> float:
        """Seconds that somebody who comes now would wait, behind ``waiting`` others without a place.

        The turns to be ended first, over how many end in a second: while all places are taken that is counted; before,
        it follows from the mean time of a turn. Turns that hang have no time yet; therefore those under way count by
        their age once that is above the mean.
        """
        ahead = waiting - (self._count - self.taken)
        if ahead < 0:
            return 0.0
        now = self._clock.monotonic()
        age = now - sum(self._since.values()) / self.taken if self._since else 0.0
        return (ahead + 1) * max(1 / self._rate(now), age / self._count)

    def _rate(self, now: float) -> float:
        """Turns that end in a second. Asked for every message, also of those that are refused: it may not cost much."""
        since = now if self._full_since is None else max(self._full_since, now - _WINDOW)
        while self._ended and self._ended[0] <= since:  # ``since`` only rises, so these never count again
            self._ended.popleft()
        return (len(self._ended) + _PRIOR) / (now - since + _PRIOR * self._mean / self._count)

    def place(self) -> Place:
        """A place to be taken; not taken yet."""
        return Place(self)

    async def take(self, place: Place) -> None:
        """For `Place`: waits until one is free."""
        self._asking += 1
        try:
            await self._free.acquire()
        finally:
            self._asking -= 1
        self._taken(place)

    async def take_now(self, place: Place) -> bool:
        """For `Place`: False when none is free; does not wait."""
        if self._free.locked():
            return False
        await self.take(place)  # the semaphore does not wait then
        return True

    def _taken(self, place: Place) -> None:
        now = self._since[place] = self._clock.monotonic()
        if self.taken >= self._count and self._full_since is None:
            self._full_since = now

    def leave(self, place: Place, *, counts: bool) -> None:
        """For `Place`: nothing happens when none was taken."""
        since = self._since.pop(place, None)
        if since is None:
            return
        self._free.release()
        if not self._free.locked():
            self._full_since = None
        if counts:
            now = self._clock.monotonic()
            self._mean = max(_SHORTEST, self._mean + (now - since - self._mean) * _WEIGHT)
            if self._full_since is not None:
                self._ended.append(now)


class Place:
    """One of the turns at once; given back exactly when it was taken, also by a worker that is let go meanwhile."""

    def __init__(self, places: TurnPlaces) -> None:
        self._places = places
        self._counts = False

    async def take(self) -> None:
        """Waits until there is one."""
        await self._places.take(self)

    async def take_now(self) -> bool:
        """Whether there was one."""
        return await self._places.take_now(self)

    def counts(self) -> None:
        """A real turn was taken here: its time is part of the mean."""
        self._counts = True

    def give_back(self) -> None:
        """The turn is over, or never came to be."""
        self._places.leave(self, counts=self._counts)
