"""What every live feed keeps to: order, topics, bounded queues, and a sign whenever something may have been missed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from handover.backends.live_in_process import MAX_ITEMS, InProcessFeed, in_process
from handover.errors import FellBehind
from handover.ports import RESYNC, LiveFeed, Told
from tests.support.replicas import open_sharing, read
from tools.local_servers import RedisServer


@pytest.fixture(params=["in_process", pytest.param("redis", marks=pytest.mark.servers)])
async def feed(request: pytest.FixtureRequest) -> AsyncIterator[LiveFeed]:
    if request.param == "in_process":
        yield in_process().live
        return
    server: RedisServer = request.getfixturevalue("redis_server")
    async with open_sharing(server.url) as sharing:
        yield sharing.live


async def test_a_follower_hears_its_topics_in_order(feed: LiveFeed) -> None:
    said = [Told("a", "entry", str(n), n) for n in range(5)]
    async with feed.follow("a", "b") as follower:
        for told in said:
            await feed.publish(told)
        await feed.publish(Told("c", "entry", "not ours"))
        await feed.publish(Told("b", "entry", "ours"))
        assert await read(follower, 6) == [*said, Told("b", "entry", "ours")]


async def test_topics_come_and_go_while_following(feed: LiveFeed) -> None:
    async with feed.follow() as follower:
        follower.add("a")
        await feed.publish(Told("a", "x", "1"))
        follower.remove("a")
        follower.remove("never added")
        await feed.publish(Told("a", "x", "2"))
        follower.add("a")
        await feed.publish(Told("a", "x", "3"))
        assert [told.text for told in await read(follower, 2)] == ["1", "3"]


async def test_a_reader_that_stops_reading_is_cut_off_and_harms_nobody(feed: LiveFeed) -> None:
    async with feed.follow("a") as slow, feed.follow("a") as quick:
        for n in range(MAX_ITEMS + 1):
            await feed.publish(Told("a", "x", str(n)))
            assert (await read(quick, 1))[0].text == str(n)
        with pytest.raises(FellBehind):
            await read(slow, 1)


async def test_a_few_big_things_count_like_many_small_ones(feed: LiveFeed) -> None:
    async with feed.follow("a") as follower:
        for _ in range(5):
            await feed.publish(Told("a", "x", "y" * 300_000))
        with pytest.raises(FellBehind):
            await read(follower, 1)


async def test_who_left_is_told_nothing(feed: LiveFeed) -> None:
    async with feed.follow("a"):
        pass
    await feed.publish(Told("a", "x", "1"))
    assert isinstance(feed, InProcessFeed)
    assert feed.followers == {}


async def test_what_is_for_this_process_is_heard_in_it(feed: LiveFeed) -> None:
    async with feed.follow("a") as follower:
        feed.tell_here(Told("a", "x", "1"))
        assert [told.text for told in await read(follower, 1)] == ["1"]


async def test_one_look_at_the_record_answers_every_resync_that_waits(feed: LiveFeed) -> None:
    assert isinstance(feed, InProcessFeed)
    async with feed.follow("a") as follower:
        for _ in range(MAX_ITEMS * 2):
            follower.put(RESYNC)
        await feed.publish(Told("a", "x", "after"))
        assert [told.text for told in await read(follower, 1)] == ["after"]
        follower.put(RESYNC)
        async with asyncio.timeout(10):
            assert await anext(aiter(follower)) is RESYNC


async def test_a_feed_that_works_says_so(feed: LiveFeed) -> None:
    assert feed.healthy
    assert feed.state() in {"in this process", "over Redis"}
