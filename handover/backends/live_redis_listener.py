"""The way in from Redis: one subscribed connection for the whole process, whatever its screens follow."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection
from typing import Any, Protocol

import structlog

from handover.backends.live_redis_wire import Lost, RedisAddress, Waits, Wire, channels, keep_connected
from handover.ports import LiveCounts

log = structlog.get_logger(__name__)

# Our own beat comes by every second. Silence for so long is a dead connection, or one to another server.
SILENCE_SECONDS = 4.0


class Hearing(Protocol):
    """Who is told what comes in."""

    def wanted(self) -> Collection[str]:
        """The names of all channels to listen to."""
        ...

    def wants(self, channel: str) -> bool:
        """Whether ``channel`` is one of them."""
        ...

    def listening(self) -> None:
        """The connection is new, and all that was wanted is heard from now on: something may have been missed."""
        ...

    def heard_from_now(self, channel: str) -> None:
        """One more channel is heard."""
        ...

    def heard(self, channel: str, text: bytes) -> None: ...


class Listener:
    """Keeps the subscriptions equal to what is wanted. ``up``: everything that was wanted at first is heard."""

    def __init__(self, address: RedisAddress, counts: LiveCounts, hearing: Hearing) -> None:
        self._address = address
        self._counts = counts
        self._hearing = hearing
        self._changed = asyncio.Event()
        self._changed_channels: set[str] = set()
        self._asked: set[str] = set()
        self._unanswered: Counter[str] = Counter()
        self._beat_at = 0.0
        self._waits = Waits()
        self.up = False

    def change(self, channel: str) -> None:
        """Whether ``channel`` is wanted has changed."""
        self._changed_channels.add(channel)
        self._changed.set()

    def beat(self) -> None:
        """Our own beat has come by."""
        self._beat_at = asyncio.get_running_loop().time()

    def hears(self, channel: str) -> bool:
        """Whether nothing said on ``channel`` from now on is missed."""
        return self.up and channel in self._asked and not self._unanswered[channel]

    async def run(self) -> None:
        """Connect, listen, and connect again, until cancelled."""
        await keep_connected(self._connected, self._waits, self._lost)

    async def _connected(self) -> None:
        try:
            async with self._address.wire() as wire:
                self._asked.clear()
                self._unanswered.clear()
                self.beat()
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._subscribe(wire))
                    tasks.create_task(self._read(wire))
        finally:
            self.up = False

    def _lost(self, why: str) -> None:
        self._counts.listener_lost += 1
        log.warning("live_feed_cannot_listen", why=why)

    async def _subscribe(self, wire: Wire) -> None:
        self._changed_channels = set(self._hearing.wanted())
        while True:
            changed, self._changed_channels = self._changed_channels, set()
            self._changed.clear()
            wanted = {channel for channel in changed if self._hearing.wants(channel)}
            more, less = sorted(wanted - self._asked), sorted((changed - wanted) & self._asked)
            self._asked.update(more)
            self._asked.difference_update(less)
            self._unanswered.update(more)
            if more or less:
                await wire.send(*channels("SUBSCRIBE", more), *channels("UNSUBSCRIBE", less))
            await self._changed.wait()

    async def _read(self, wire: Wire) -> None:
        while True:
            for message in await wire.read(SILENCE_SECONDS):
                self._take(message)
            if asyncio.get_running_loop().time() - self._beat_at > SILENCE_SECONDS:
                raise Lost("our own beat does not come by")
            await asyncio.sleep(0)  # a flood must leave room for everybody else

    def _take(self, message: Any) -> None:
        match message:
            case [b"message", bytes() as channel, bytes() as text]:
                self._hearing.heard(channel.decode(), text)
            case [b"subscribe", bytes() as channel, int()]:
                self._answered(channel.decode())
            case _:
                pass

    def _answered(self, channel: str) -> None:
        self._unanswered[channel] -= 1
        if self._unanswered[channel] <= 0:
            del self._unanswered[channel]
        if self.up:
            if self.hears(channel):
                self._hearing.heard_from_now(channel)
        elif not self._unanswered:
            self.up = True
            self._waits.succeeded()
            self._hearing.listening()
