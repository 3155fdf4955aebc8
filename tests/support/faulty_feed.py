"""A live feed on its worst day: it loses, repeats and delays whatever it tells, as a seeded random says."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

from handover.backends.live_in_process import InProcessFeed, InProcessFollower
from handover.ports import Told
from handover.sockets import OWN

FAULTS = ("lose", "repeat", "delay", "pass", "pass")


class SilentFeed(InProcessFeed):
    """Nobody publishes on it, so that nobody is told anything; it knows so when ``healthy`` is False."""

    def __init__(self, *, healthy: bool) -> None:
        super().__init__()
        self._healthy = healthy

    @property
    def healthy(self) -> bool:
        return self._healthy


class FaultyFollower(InProcessFollower):
    """What the reader itself queues is no part of the feed and is never lost."""

    def __init__(self, feed: InProcessFeed, chance: Random) -> None:
        super().__init__(feed)
        self._chance = chance
        self._late: list[Told] = []

    def put(self, told: Told) -> None:
        if told.topic in (OWN, "*"):
            super().put(told)
            return
        fault = self._chance.choice(FAULTS)
        if fault == "delay":
            self._late.append(told)
        for each in {"lose": [], "delay": [], "repeat": [told, told], "pass": [told]}[fault]:
            super().put(each)
        if self._late and self._chance.random() < 0.3:
            super().put(self._late.pop(self._chance.randrange(len(self._late))))

    def let_go(self) -> None:
        """Everything late arrives."""
        while self._late:
            super().put(self._late.pop())


class FaultyFeed:
    """Implements `handover.ports.LiveFeed` over ``real``."""

    def __init__(self, real: InProcessFeed, chance: Random) -> None:
        self._real = real
        self._chance = chance
        self.followers: list[FaultyFollower] = []

    @property
    def healthy(self) -> bool:
        return True

    async def publish(self, told: Told) -> None:
        await self._real.publish(told)

    @asynccontextmanager
    async def follow(self, *topics: str) -> AsyncIterator[FaultyFollower]:
        follower = FaultyFollower(self._real, self._chance)
        self.followers.append(follower)
        for topic in topics:
            follower.add(topic)
        try:
            yield follower
        finally:
            self.followers.remove(follower)
            for topic in tuple(follower.topics):
                follower.remove(topic)

    def comes_back(self) -> None:
        """Whatever was late arrives, and readers are told to look at the record."""
        for follower in self.followers:
            follower.let_go()
            follower.put(Told("*", "resync", ""))
