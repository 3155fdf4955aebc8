"""The live feed of one process: followers have bounded queues, and nobody waits for a slow one."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from handover.errors import FellBehind
from handover.limits import Limits, LocalLimits
from handover.marks import MarkedPresence, Marks
from handover.ports import RESYNC, LiveCounts, LiveFeed, Presence, Told

# A reader further behind than this is cut off and catches up from the record.
MAX_ITEMS = 256
MAX_BYTES = 1_048_576


class InProcessFollower:
    """One reader's queue; implements `handover.ports.Follower`."""

    def __init__(self, feed: InProcessFeed) -> None:
        self._feed = feed
        self._queue: deque[Told] = deque()
        self._bytes = 0
        self._fell_behind = False
        self._resync_waits = False
        self._something = asyncio.Event()
        self.topics: set[str] = set()

    def add(self, topic: str) -> None:
        self.topics.add(topic)
        self._feed.joins(self, topic)

    def remove(self, topic: str) -> None:
        self.topics.discard(topic)
        self._feed.leaves(self, topic)

    def put(self, told: Told) -> None:
        """Queue ``told``, or mark this reader as fallen behind and drop what it had."""
        if told.kind == RESYNC.kind:
            if self._resync_waits:
                return  # what waits unread will be answered from the record as it is then
            self._resync_waits = True
        self._bytes += len(told.text)
        if len(self._queue) >= MAX_ITEMS or self._bytes > MAX_BYTES:
            self._fell_behind = True
            self._queue.clear()
        else:
            self._queue.append(told)
        self._something.set()

    def __aiter__(self) -> AsyncIterator[Told]:
        return self._read()

    async def _read(self) -> AsyncIterator[Told]:
        while True:
            await self._something.wait()
            if self._fell_behind:
                raise FellBehind("This reader was too slow; it must catch up by offset.")
            while self._queue:
                told = self._queue.popleft()
                self._bytes -= len(told.text)
                if told.kind == RESYNC.kind:
                    self._resync_waits = False
                yield told
            if not self._fell_behind:
                self._something.clear()


class InProcessFeed:
    """Implements `handover.ports.LiveFeed` within one process."""

    def __init__(self) -> None:
        self.followers: dict[str, set[InProcessFollower]] = {}
        self.counts = LiveCounts()

    @property
    def healthy(self) -> bool:
        return True

    def state(self) -> str:
        return "in this process"

    async def publish(self, told: Told) -> None:
        self.tell_here(told)

    def tell_here(self, told: Told) -> None:
        for follower in self.followers.get(told.topic, ()):
            follower.put(told)

    def joins(self, follower: InProcessFollower, topic: str) -> None:
        self.followers.setdefault(topic, set()).add(follower)

    def leaves(self, follower: InProcessFollower, topic: str) -> None:
        here = self.followers.get(topic)
        if here is not None:
            here.discard(follower)
            if not here:
                del self.followers[topic]

    @asynccontextmanager
    async def follow(self, *topics: str) -> AsyncIterator[InProcessFollower]:
        follower = InProcessFollower(self)
        for topic in topics:
            follower.add(topic)
        try:
            yield follower
        finally:
            for topic in tuple(follower.topics):
                follower.remove(topic)


@dataclass(frozen=True, slots=True)
class Sharing:
    """What the processes of one service know of each other, besides the record."""

    live: LiveFeed
    presence: Presence
    marks: Marks
    limits: Limits


def in_process() -> Sharing:
    """For a service of one process."""
    marks = Marks(time.monotonic)
    return Sharing(live=InProcessFeed(), presence=MarkedPresence(marks), marks=marks, limits=LocalLimits())
