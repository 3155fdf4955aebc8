"""Redis killed, emptied, stopped and cut off: no verb fails or waits, screens are sent to the record, and it heals."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
import redis

from handover.backends.live_in_process import Sharing
from handover.backends.live_redis import RedisFeed, open_redis
from handover.backends.live_redis_publisher import MAX_WAITING
from handover.ports import Follower, LiveFeed, Told
from tests.support.distributed import free_port
from tests.support.replicas import PATIENCE, open_sharing, read, until
from tests.support.tcp_pipe import TcpPipe
from tools.local_servers import RedisServer

pytestmark = [pytest.mark.servers, pytest.mark.timeout(180)]


class Screen:
    """A follower that is read all the time, as a page is."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.resyncs = 0

    async def read(self, follower: Follower) -> None:
        async for told in follower:
            if told.kind == "resync":
                self.resyncs += 1
            else:
                self.heard.append(told.text)


@asynccontextmanager
async def screen(live: LiveFeed, *topics: str) -> AsyncIterator[Screen]:
    async with live.follow(*topics) as follower:
        page = Screen()
        reading = asyncio.create_task(page.read(follower))
        try:
            yield page
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)


class Load:
    """Verbs that publish, one after the other; keeps the longest time one of them took."""

    def __init__(self, live: LiveFeed) -> None:
        self._live = live
        self.said = 0
        self.longest = 0.0

    async def say(self, count: int = 1) -> None:
        for _ in range(count):
            began = time.process_time()
            await self._live.publish(Told("a", "x", f"{self.said}"))
            self.longest = max(self.longest, time.process_time() - began)
            self.said += 1


async def hear_each_other(one: Sharing, other: Sharing) -> None:
    """Both are healthy, and what one says the other's screens hear."""
    await until(lambda: one.live.healthy and other.live.healthy)
    for teller, hearer in ((one, other), (other, one)):
        async with hearer.live.follow("probe") as follower:
            await teller.live.publish(Told("probe", "x", "are you there"))
            assert (await read(follower, 1))[0].text == "are you there"


async def through(one: Sharing, other: Sharing, harm: Callable[[], None], heal: Callable[[], None]) -> None:
    """Two processes with a screen each go through a fault under load and come out of it whole."""
    async with screen(one.live, "a") as own, screen(other.live, "a") as far:
        load = Load(one.live)
        await load.say(50)
        await until(lambda: len(far.heard) == 50)
        harm()
        await load.say(50)
        # A way out that has nothing to send notices nothing: what was said since the fault is what it stumbles over.
        await until(lambda: one.live.counts.publish_failures > 0)
        await until(lambda: not one.live.healthy and not other.live.healthy)
        dropped = one.live.counts.publish_failures
        await load.say(50)
        assert one.live.counts.publish_failures == dropped + 50  # dropped at once, nothing queues
        await until(lambda: len(own.heard) == 150)  # who is served here misses nothing
        before = own.resyncs, far.resyncs
        heal()
        await hear_each_other(one, other)
        await until(lambda: own.resyncs > before[0] and far.resyncs > before[1])
        heard = len(far.heard)
        await load.say(20)
        await until(lambda: len(far.heard) >= heard + 20)
        assert far.heard[-20:] == [str(n) for n in range(150, 170)]
        assert own.heard == [str(n) for n in range(170)]
        assert len(set(far.heard)) == len(far.heard)
        assert load.longest < 1.0


async def test_redis_killed_and_started_empty(redis_server: RedisServer) -> None:
    async with open_sharing(redis_server.url) as one, open_sharing(redis_server.url) as other:
        await through(one, other, redis_server.kill, redis_server.start)
        assert one.live.counts.listener_lost > 0
        assert one.live.counts.publisher_lost > 0


async def test_redis_stopped_for_a_while(redis_server: RedisServer) -> None:
    process = redis_server.process
    assert process is not None

    def stop() -> None:
        os.kill(process.pid, signal.SIGSTOP)

    def go_on() -> None:
        os.kill(process.pid, signal.SIGCONT)

    try:
        async with open_sharing(redis_server.url) as one, open_sharing(redis_server.url) as other:
            await through(one, other, stop, go_on)
    finally:
        go_on()


async def test_redis_emptied(redis_server: RedisServer) -> None:
    async with (
        open_sharing(redis_server.url) as one,
        open_sharing(redis_server.url) as other,
        screen(other.live, "a") as far,
    ):
        load = Load(one.live)
        await load.say(20)
        with redis.Redis.from_url(redis_server.url) as client:
            client.flushall()
        await load.say(20)
        await until(lambda: far.heard == [str(n) for n in range(40)])
        await hear_each_other(one, other)


async def test_only_the_subscriptions_are_cut(redis_server: RedisServer) -> None:
    async with (
        open_sharing(redis_server.url) as one,
        open_sharing(redis_server.url) as other,
        screen(other.live, "a") as far,
    ):
        with redis.Redis.from_url(redis_server.url) as client:
            client.client_kill_filter(_type="pubsub")
        await until(lambda: far.resyncs > 0)
        await hear_each_other(one, other)


async def test_only_the_way_out_is_cut_and_the_others_are_told_that_something_is_missing(
    redis_server: RedisServer,
) -> None:
    async with (
        open_sharing(redis_server.url) as one,
        open_sharing(redis_server.url) as other,
        screen(other.live, "a") as far,
    ):
        with redis.Redis.from_url(redis_server.url) as client:
            client.client_kill_filter(_type="normal", skipme=True)
        await until(lambda: one.live.counts.publisher_lost > 0)
        assert isinstance(one.live, RedisFeed)
        await one.live.publish(Told("a", "x", "perhaps too early"))
        await until(lambda: far.resyncs > 0 or far.heard == ["perhaps too early"])
        await hear_each_other(one, other)


@pytest.mark.parametrize("fault", ["reset", "stall", "garble"])
async def test_one_process_is_cut_off_and_the_other_goes_on(redis_server: RedisServer, fault: str) -> None:
    async with (
        TcpPipe(redis_server.port) as pipe,
        open_sharing(f"redis://127.0.0.1:{pipe.port}/0") as cut_off,
        open_sharing(redis_server.url) as other,
        screen(other.live, "a") as far,
        screen(cut_off.live, "a") as own,
    ):
        {"reset": pipe.reset, "stall": pipe.stall, "garble": pipe.garble}[fault]()
        lost = cut_off.live.counts
        await until(lambda: lost.listener_lost > 0 and lost.publisher_lost > 0)
        await until(lambda: not cut_off.live.healthy)
        resyncs = far.resyncs, own.resyncs
        await cut_off.live.publish(Told("a", "x", "said meanwhile"))
        assert other.live.healthy
        pipe.go_on()
        await hear_each_other(cut_off, other)
        await until(lambda: far.resyncs > resyncs[0] and own.resyncs > resyncs[1])
        assert own.heard == ["said meanwhile"]


async def test_a_service_begins_without_redis_and_finds_it_later(redis_server: RedisServer) -> None:
    redis_server.kill()
    async with open_redis(redis_server.url, seconds=0.2) as one:
        assert not one.live.healthy
        async with screen(one.live, "a") as own:
            await one.live.publish(Told("a", "x", "alone"))
            await until(lambda: own.heard == ["alone"])
            redis_server.start()
            async with open_sharing(redis_server.url) as other:
                await hear_each_other(one, other)
            assert own.resyncs > 0


async def test_a_burst_larger_than_the_queue_is_dropped_and_the_others_look_at_the_record(
    redis_server: RedisServer,
) -> None:
    async with (
        open_sharing(redis_server.url) as one,
        open_sharing(redis_server.url) as other,
        screen(other.live, "a") as far,
    ):
        while not one.live.counts.publish_failures:  # no await gives way in here, so nothing is sent meanwhile
            await one.live.publish(Told("a", "x", "words"))
        assert one.live.counts.publish_failures > MAX_WAITING
        await until(lambda: far.resyncs > 0)
        await hear_each_other(one, other)
        assert far.heard == []


async def test_an_address_where_nobody_listens_does_not_hold_up_a_follower() -> None:
    nowhere = f"redis://127.0.0.1:{free_port()}/0"
    async with open_redis(nowhere, seconds=0.1) as alone, asyncio.timeout(PATIENCE), alone.live.follow("a") as follower:
        await alone.live.publish(Told("a", "x", "1"))
        assert (await read(follower, 1))[0].text == "1"
