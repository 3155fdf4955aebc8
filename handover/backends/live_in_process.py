"""The live feed and presence of one process: followers have bounded queues, and nobody waits for a slow one."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from handover.entries import AgentId
from handover.errors import FellBehind
from handover.ports import Told

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
        self._something = asyncio.Event()
        self.topics: set[str] = set()

    def add(self, topic: str) -> None:
        self.topics.add(topic)
        self._feed.followers.setdefault(topic, set()).add(self)

    def remove(self, topic: str) -> None:
        self.topics.discard(topic)
        here = self._feed.followers.get(topic)
        if here is not None:
            here.discard(self)
            if not here:
                del self._feed.followers[topic]

    def put(self, told: Told) -> None:
        """Queue ``told``, or mark this reader as fallen behind and drop what it had."""
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
                yield told
            if not self._fell_behind:
                self._something.clear()


class InProcessFeed:
    """Implements `handover.ports.LiveFeed` within one process."""

    def __init__(self) -> None:
        self.followers: dict[str, set[InProcessFollower]] = {}

    @property
    def healthy(self) -> bool:
        """There is nothing between teller and reader that could break."""
        return True

    async def publish(self, told: Told) -> None:
        for follower in self.followers.get(told.topic, ()):
            follower.put(told)

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


class InProcessPresence:
    """Implements `handover.ports.Presence` within one process."""

    def __init__(self) -> None:
        self._here: set[AgentId] = set()

    async def mark(self, agent: AgentId, here: bool) -> None:
        if here:
            self._here.add(agent)
        else:
            self._here.discard(agent)

    async def here(self) -> frozenset[AgentId]:
        return frozenset(self._here)
