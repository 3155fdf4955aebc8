"""The live feed of many processes: each tells its own screens itself, the others by Redis, which is a doorbell only.

The record has everything before it is told here, so Redis may lose, forget or be gone: then screens hear `RESYNC`.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections import OrderedDict, defaultdict
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager, suppress

import structlog

from handover.backends.live_in_process import InProcessFeed, InProcessFollower, Sharing
from handover.backends.live_redis_limits import RedisLimits
from handover.backends.live_redis_listener import Listener
from handover.backends.live_redis_publisher import Publisher
from handover.backends.live_redis_wire import RedisAddress
from handover.marks import MarkedPresence, Marks
from handover.ports import RESYNC, Told

log = structlog.get_logger(__name__)

FOLLOW_SECONDS = 1.0  # how long a new follower waits until Redis has noted its topics
_OPEN_SECONDS = 2.0
_CLOSE_SECONDS = 1.0
_TICK_SECONDS = 1.0
_OWNERS = 1000  # processes whose last number is remembered
# Each process tells its own screens who is there, from the marks of all: see `handover.presence`.
_OF_ONE_PROCESS = frozenset({"presence"})
_TO_ALL, _BEATS = "!all", "!beat/"


class RedisFeed(InProcessFeed):
    """Implements `handover.ports.LiveFeed`. Works between `open` and its end.

    ``on_control(kind, owner, text)`` hears what other processes say to all processes rather than to screens;
    ``on_healthy`` is called whenever the processes begin to hear each other.
    """

    def __init__(self, url: str) -> None:
        super().__init__()
        self.owner = uuid.uuid4().hex
        self.on_control: Callable[[str, str, str], None] = lambda kind, owner, text: None
        self.on_healthy: Callable[[], None] = lambda: None
        address = RedisAddress(url)
        self._prefix = address.prefix
        self._own_beat = f"{_BEATS}{self.owner}"
        self._publisher = Publisher(
            address, self.counts, beat=self._beat, resync=self._resync, begun=self._perhaps_healthy
        )
        self._listener = Listener(address, self.counts, self)
        self._late: defaultdict[str, set[InProcessFollower]] = defaultdict(set)
        self._numbers: OrderedDict[str, int] = OrderedDict()
        self._comers: defaultdict[str, list[asyncio.Future[None]]] = defaultdict(list)  # each waits for one topic
        self._was_healthy = asyncio.Event()

    @property
    def healthy(self) -> bool:
        return self._publisher.up and self._listener.up

    def state(self) -> str:
        if self.healthy:
            return "over Redis"
        return "Redis does not answer: screens of this replica are told by it, those of others ask the record"

    @asynccontextmanager
    async def open(self, seconds: float) -> AsyncIterator[None]:
        """Connect, but begin without Redis when that takes longer than ``seconds``."""
        tasks = [asyncio.create_task(work.run()) for work in (self._publisher, self._listener)]
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._was_healthy.wait()
            if not self.healthy:
                log.warning("live_feed_begins_without_redis")
            yield
            await self._publisher.drained(_CLOSE_SECONDS)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def publish(self, told: Told) -> None:
        self.tell_here(told)
        if told.kind not in _OF_ONE_PROCESS:
            self._publisher.send(f"{self._prefix}{told.topic}", f"{self.owner} {_head(told)}\n{told.text}")

    def say_to_all(self, kind: str, text: str) -> None:
        """Something for the other processes themselves."""
        self._publisher.send(f"{self._prefix}{_TO_ALL}", f"{self.owner} {kind} -\n{text}")

    @asynccontextmanager
    async def follow(self, *topics: str) -> AsyncIterator[InProcessFollower]:
        async with super().follow(*topics) as follower:
            # Who waits until Redis has noted its topics reads the record late enough, and needs no resync.
            for topic in topics:
                self._late.get(topic, set()).discard(follower)
            await self._until_heard(topics)
            for topic in topics:
                if not self._listener.hears(self._prefix + topic):
                    self._late[topic].add(follower)
            yield follower

    def joins(self, follower: InProcessFollower, topic: str) -> None:
        super().joins(follower, topic)
        if not self._listener.hears(self._prefix + topic):
            self._late[topic].add(follower)
            self._listener.change(self._prefix + topic)

    def leaves(self, follower: InProcessFollower, topic: str) -> None:
        super().leaves(follower, topic)
        self._late.get(topic, set()).discard(follower)
        if topic not in self.followers:
            self._late.pop(topic, None)
            self._comers.pop(topic, None)
            self._listener.change(self._prefix + topic)

    # --- what the listener asks and tells: `live_redis_listener.Hearing` ---

    def wanted(self) -> Collection[str]:
        return [self._prefix + name for name in (_TO_ALL, self._own_beat, *self.followers)]

    def wants(self, channel: str) -> bool:
        topic = channel.removeprefix(self._prefix)
        return topic in self.followers or topic in {_TO_ALL, self._own_beat}

    def listening(self) -> None:
        self._late.clear()
        self._resync_here()
        for topic in tuple(self._comers):
            self._wake(topic)
        self._perhaps_healthy()

    def _perhaps_healthy(self) -> None:
        if self.healthy:
            log.info("live_feed_over_redis")
            self._was_healthy.set()
            self.on_healthy()

    def heard_from_now(self, channel: str) -> None:
        # Whoever did not wait for this has perhaps read the record too early.
        topic = channel.removeprefix(self._prefix)
        for follower in self._late.pop(topic, ()):
            follower.put(RESYNC)
        self._wake(topic)

    def heard(self, channel: str, text: bytes) -> None:
        try:
            head, _, body = text.decode().partition("\n")
            number, owner, kind, offset = head.split(" ")
            told = _told(channel.removeprefix(self._prefix), kind, offset, body)
            if told.topic == self._own_beat:
                self.counts.lag = max(0.0, time.monotonic() - float(body))
            late = self._is_late(owner, int(number))
        except ValueError:
            self.counts.not_understood += 1
            return
        if told.topic == self._own_beat:
            self._listener.beat()
        elif owner != self.owner and not late:  # our own screens have had it
            self._heard_of_another(owner, told)

    def _heard_of_another(self, owner: str, told: Told) -> None:
        if told.topic != _TO_ALL:
            self.tell_here(told)
        elif told.kind == RESYNC.kind:
            self._resync_here()
        else:
            self.on_control(told.kind, owner, told.text)

    def _is_late(self, owner: str, number: int) -> bool:
        """Whether ``owner`` has said something newer; the resync that came with that stands for this one too."""
        late = number <= self._numbers.get(owner, 0)
        if not late:
            self._numbers[owner] = number
            self._numbers.move_to_end(owner)
            if len(self._numbers) > _OWNERS:
                self._numbers.popitem(last=False)
        return late

    def _resync_here(self) -> None:
        self.counts.resyncs += 1
        for follower in {each for followers in self.followers.values() for each in followers}:
            follower.put(RESYNC)

    async def _until_heard(self, topics: Collection[str]) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(FOLLOW_SECONDS):
                for topic in topics:
                    while self._listener.up and not self._listener.hears(self._prefix + topic):
                        heard = asyncio.get_running_loop().create_future()
                        self._comers[topic].append(heard)
                        await heard

    def _wake(self, topic: str) -> None:
        """Those who wait for ``topic``, and nobody else: when a process is lost, thousands wait at once."""
        for comer in self._comers.pop(topic, ()):
            if not comer.done():
                comer.set_result(None)

    def _beat(self) -> tuple[str, str]:
        return f"{self._prefix}{self._own_beat}", f"{self.owner} beat -\n{time.monotonic()}"

    def _resync(self) -> tuple[str, str]:
        return f"{self._prefix}{_TO_ALL}", f"{self.owner} {RESYNC.kind} -\n"


def _head(told: Told) -> str:
    """Kind and offset; a row's kind names its conversation too. A replica of an older release sends it on as it is."""
    row = f"{'~' if told.waits else '/'}{told.about}" if told.about else ""
    return f"{told.kind}{row} {'-' if told.offset is None else told.offset}"


def _told(topic: str, kind: str, offset: str, text: str) -> Told:
    """What another process told. Raises ValueError."""
    number = None if offset == "-" else int(offset)
    waits = "~" in kind
    name, _, about = kind.partition("~" if waits else "/")
    return Told(topic, name, text, number, about, waits)


@asynccontextmanager
async def open_redis(url: str, *, seconds: float = _OPEN_SECONDS) -> AsyncIterator[Sharing]:
    """Everything the processes share over Redis at ``url``, until the end of the block. Raises BadInput.

    A Redis that is not there within ``seconds`` is no reason not to begin: it is connected to as soon as it is there.
    """
    feed = RedisFeed(url)
    marks = Marks(time.monotonic, lambda text: feed.say_to_all("marks", text))
    feed.on_control = lambda kind, owner, text: marks.hear(owner, text) if kind == "marks" else None
    feed.on_healthy = lambda: marks.say_all(ask=True)
    async with RedisLimits(url, lambda: feed.healthy) as limits, feed.open(seconds):
        ticking = asyncio.create_task(_tick(marks))
        try:
            yield Sharing(live=feed, presence=MarkedPresence(marks), marks=marks, limits=limits)
            marks.leave()
        finally:
            ticking.cancel()
            await asyncio.gather(ticking, return_exceptions=True)


async def _tick(marks: Marks) -> None:
    while True:
        await asyncio.sleep(_TICK_SECONDS)
        try:
            marks.tick()
        except Exception:
            log.exception("marks_failed")
