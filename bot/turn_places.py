"""The places for turns at once, how long turns hold one, and from both: how long the line before them is in seconds."""

from __future__ import annotations

import asyncio

from handover.ports import Clock

# Seconds that a turn is thought to take before the first one has ended.
_GUESS = 1.0
# What the newest turn weighs in the mean: about the last sixteen turns count.
_WEIGHT = 1 / 16


class TurnPlaces:
    """``count`` turns at once. `Place` holds one of them."""

    def __init__(self, count: int, clock: Clock) -> None:
        self._count = count
        self._clock = clock
        self._free = asyncio.Semaphore(count)
        self._since: dict[Place, float] = {}
        self._mean = _GUESS

    @property
    def taken(self) -> int:
        """How many turns are under way."""
        return len(self._since)

    def wait(self, waiting: int) -> float:
        """Seconds that somebody who comes now would wait, behind ``waiting`` others without a place.

        The mean time of a turn, times the turns to be ended first, over the places. Turns that hang have no time yet;
        therefore those under way count by their age once that is above the mean.
        """
        ahead = waiting - (self._count - self.taken)
        if ahead < 0:
            return 0.0
        now = self._clock.monotonic()
        age = sum(now - since for since in self._since.values()) / max(1, self.taken)
        return max(self._mean, age) * (ahead + 1) / self._count

    def place(self) -> Place:
        """A place to be taken; not taken yet."""
        return Place(self)

    async def take(self, place: Place) -> None:
        """For `Place`: waits until one is free."""
        await self._free.acquire()
        self._since[place] = self._clock.monotonic()

    def leave(self, place: Place, *, counts: bool) -> None:
        """For `Place`: nothing happens when none was taken."""
        since = self._since.pop(place, None)
        if since is None:
            return
        self._free.release()
        if counts:
            self._mean += (self._clock.monotonic() - since - self._mean) * _WEIGHT


class Place:
    """One of the turns at once; given back exactly when it was taken, also by a worker that is let go meanwhile."""

    def __init__(self, places: TurnPlaces) -> None:
        self._places = places
        self._counts = False

    async def take(self) -> None:
        """Waits until there is one."""
        await self._places.take(self)

    def counts(self) -> None:
        """A real turn was taken here: its time is part of the mean."""
        self._counts = True

    def give_back(self) -> None:
        """The turn is over, or never came to be."""
        self._places.leave(self, counts=self._counts)
