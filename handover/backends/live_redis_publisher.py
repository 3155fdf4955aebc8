"""The way out to Redis: what is to be published waits here for one task that sends it, and no verb waits for that.

What could not be sent is not sent later; instead every process is told that something is missing (`RESYNC`).
"""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import Callable
from contextlib import suppress

import structlog

from handover.backends.live_redis_wire import Command, RedisAddress, Waits, Wire, keep_connected
from handover.ports import LiveCounts

log = structlog.get_logger(__name__)

BEAT_SECONDS = 1.0
# What comes so soon after a batch waits for the others of its time: at 500 messages a second a batch has two or three.
GATHER_SECONDS = 0.005
MAX_WAITING = 4096
MAX_BYTES = 8 * 1_048_576
_BATCH = 256


class Publisher:
    """Sends in the order it was told. ``beat`` and ``resync`` make the channel and text of these two.

    ``begun`` is called when a connection is new.
    """

    def __init__(
        self,
        address: RedisAddress,
        counts: LiveCounts,
        *,
        beat: Callable[[], tuple[str, str]],
        resync: Callable[[], tuple[str, str]],
        begun: Callable[[], None],
    ) -> None:
        self._address = address
        self._counts = counts
        self._beat = beat
        self._resync = resync
        self._begun = begun
        self._waits = Waits()
        self._waiting: deque[tuple[str, str]] = deque()
        self._bytes = 0
        self._missed = False
        self._numbers = itertools.count(1)
        self._something = asyncio.Event()
        self._idle = asyncio.Event()
        self.up = False

    def send(self, channel: str, text: str) -> None:
        """Have ``text`` published. Never waits and never fails; while Redis is away it is dropped."""
        if not self.up:
            self._drop(1)
            return
        self._idle.clear()
        self._waiting.append((channel, text))
        self._bytes += len(text)
        if len(self._waiting) > MAX_WAITING or self._bytes > MAX_BYTES:
            self._drop_all()
        self._something.set()

    async def run(self) -> None:
        """Connect, send, and connect again, until cancelled."""
        await keep_connected(self._connected, self._waits, self._lost)

    async def _connected(self) -> None:
        try:
            async with self._address.wire() as wire:
                self.up = True
                self._begun()
                await self._carry(wire)
        finally:
            self.up = False
            self._drop_all()
            self._idle.set()

    def _lost(self, why: str) -> None:
        self._counts.publisher_lost += 1
        log.warning("live_feed_cannot_publish", why=why)

    async def drained(self, seconds: float) -> None:
        """Wait until everything is sent, but not longer."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._idle.wait()

    async def _carry(self, wire: Wire) -> None:
        loop = asyncio.get_running_loop()
        beat_at = loop.time()
        while True:
            batch = [self._waiting.popleft() for _ in range(min(_BATCH, len(self._waiting)))]
            self._bytes -= sum(len(text) for _, text in batch)
            telling = len(batch)
            resyncing = self._missed
            if resyncing:
                batch.insert(0, self._resync())
            if loop.time() >= beat_at:
                batch.append(self._beat())
                beat_at = loop.time() + BEAT_SECONDS
            await self._publish(wire, batch, telling)
            gathered = loop.time() + GATHER_SECONDS
            if resyncing:
                self._missed = False
            self._waits.succeeded()
            if not self._waiting:
                self._idle.set()
                await self._wait(beat_at - loop.time())
                if self._waiting and loop.time() < gathered:
                    await asyncio.sleep(gathered - loop.time())

    async def _publish(self, wire: Wire, batch: list[tuple[str, str]], telling: int) -> None:
        if not batch:
            return
        # Numbered as they go out: what a stalled connection delivers after its successor has spoken is known as old.
        commands: list[Command] = [("PUBLISH", channel, f"{next(self._numbers)} {text}") for channel, text in batch]
        try:
            await wire.ask(*commands)
        except BaseException:
            self._drop(telling)  # perhaps some went out; who heard them hears "resync" besides, which is harmless
            raise

    async def _wait(self, seconds: float) -> None:
        self._something.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, seconds)):
                await self._something.wait()

    def _drop_all(self) -> None:
        self._drop(len(self._waiting))
        self._waiting.clear()
        self._bytes = 0

    def _drop(self, count: int) -> None:
        if count:
            self._missed = True
            self._counts.publish_failures += count
