"""What every live feed keeps to: order, topics, bounded queues."""

from __future__ import annotations

import asyncio

import pytest

from handover.backends.live_in_process import MAX_ITEMS, InProcessFeed
from handover.errors import FellBehind
from handover.ports import Follower, LiveFeed, Told


@pytest.fixture(params=["in_process"])
def feed(request: pytest.FixtureRequest) -> LiveFeed:
    return {"in_process": InProcessFeed}[request.param]()


async def read(follower: Follower, count: int) -> list[Told]:
    heard: list[Told] = []
    async with asyncio.timeout(10):
        async for told in follower:
            heard.append(told)
            if len(heard) == count:
                break
    return heard


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
