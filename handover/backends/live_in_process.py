"""The live feed of one process: followers have bounded queues, and nobody waits for a slow one."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from handover.errors import FellBehind
from handover.gathered_rows import GatheredRows
from handover.limits import Limits, LocalLimits
from handover.marks import MarkedPresence, Marks
from handover.ports import RESYNC, LiveCounts, LiveFeed, Presence, Told

# A reader further behind than this is cut off and catches up from the record.
MAX_ITEMS = 256
MAX_BYTES = 1_048_576


class InProcessFollower:
    """One reader's queue; implements `handover.ports.Follower`."""

    __slots__ = ("_bytes", "_feed", "_fell_behind", "_queue", "_resync_waits", "_wake", "topics")

    def __init__(self, feed: InProcessFeed) -> None:
        self._feed = feed
        self._queue: deque[Told] | None = None  # an empty one has room for 64
        self._bytes = 0
        self._fell_behind = False
        self._resync_waits = False
        self._wake: Callable[[], None] | None = None
        self.topics: tuple[str, ...] = ()

    def add(self, topic: str) -> None:
        if topic not in self.topics:
            self.topics += (topic,)
        self._feed.joins(self, topic)

    def remove(self, topic: str) -> None:
        self.topics = tuple(each for each in self.topics if each != topic)
        self._feed.leaves(self, topic)

    def put(self, told: Told) -> None:
        """Queue ``told``, or mark this reader as fallen behind and drop what it had."""
        if told.kind == RESYNC.kind:
            if self._resync_waits:
                return  # what waits unread will be answered from the record as it is then
            self._resync_waits = True
        self._bytes += len(told.text)
        if self._queue is None:
            self._queue = deque()
        if len(self._queue) >= MAX_ITEMS or self._bytes > MAX_BYTES:
            self._fell_behind = True
            self._queue.clear()
        else:
            self._queue.append(told)
        if self._wake is not None:
            self._wake()

    def wakes(self, wake: Callable[[], None] | None) -> None:
        self._wake = wake

    def take(self) -> Told | None:
        if self._fell_behind:
            raise FellBehind("This reader was too slow; it must catch up by offset.")
        if not self._queue:
            self._queue = None
            return None
        told = self._queue.popleft()
        self._bytes -= len(told.text)
        if told.kind == RESYNC.kind:
            self._resync_waits = False
        return told

    def __aiter__(self) -> AsyncIterator[Told]:
        return self._read()

    async def _read(self) -> AsyncIterator[Told]:
        something = asyncio.Event()
        self.wakes(something.set)
        while True:
            something.clear()
            while (told := self.take()) is not None:
                yield told
            await something.wait()


class _Following:
    """The block in which a follower follows."""

    __slots__ = ("_feed", "_follower", "_topics")

    def __init__(self, feed: InProcessFeed, topics: tuple[str, ...]) -> None:
        self._feed = feed
        self._topics = topics

    async def __aenter__(self) -> InProcessFollower:
        self._follower = InProcessFollower(self._feed)
        for topic in self._topics:
            self._follower.add(topic)
        return self._follower

    async def __aexit__(self, *_: object) -> None:
        for topic in self._follower.topics:
            self._follower.remove(topic)


class InProcessFeed:
    """Implements `handover.ports.LiveFeed` within one process."""

    def __init__(self) -> None:
        self.followers: dict[str, tuple[InProcessFollower, ...]] = {}  # mostly one: a set would be four times as large
        self.counts = LiveCounts()
        self.rows = GatheredRows(self._tell)

    @property
    def healthy(self) -> bool:
        return True

    def state(self) -> str:
        return "in this process"

    async def publish(self, told: Told) -> None:
        self.tell_here(told)

    def tell_here(self, told: Told) -> None:
        if told.about and told.topic in self.followers:
            self.rows.hear(told)
        else:
            self._tell(told)

    def _tell(self, told: Told) -> None:
        for follower in self.followers.get(told.topic, ()):
            follower.put(told)

    def joins(self, follower: InProcessFollower, topic: str) -> None:
        here = self.followers.get(topic, ())
        if follower not in here:
            self.followers[topic] = (*here, follower)

    def leaves(self, follower: InProcessFollower, topic: str) -> None:
        left = tuple(each for each in self.followers.get(topic, ()) if each is not follower)
        if left:
            self.followers[topic] = left
        else:
            self.followers.pop(topic, None)

    def follow(self, *topics: str) -> AbstractAsyncContextManager[InProcessFollower]:
        return _Following(self, topics)


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
