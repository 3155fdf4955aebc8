"""Several processes on one Redis: each thing is heard once and in order, and whoever may have missed one is told so."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
import redis

from handover.backends.live_in_process import Sharing
from handover.backends.live_redis import RedisFeed, open_redis
from handover.backends.live_redis_wire import RedisAddress
from handover.errors import BadInput
from handover.ports import RESYNC, Told
from tests.support.replicas import PATIENCE, open_sharing, read, until
from tools.local_servers import RedisServer

pytestmark = pytest.mark.servers


@pytest.fixture
async def two(redis_server: RedisServer) -> AsyncIterator[tuple[Sharing, Sharing]]:
    async with open_sharing(redis_server.url) as one, open_sharing(redis_server.url) as other:
        yield one, other


def entry(n: int) -> Told:
    return Told("customer:c", "entry", f'{{"text": "line\\n{n}"}}', n)


async def test_what_one_process_publishes_is_heard_by_both_once_and_in_order(two: tuple[Sharing, Sharing]) -> None:
    one, other = two
    said = [entry(n) for n in range(200)]
    async with one.live.follow("customer:c") as own, other.live.follow("customer:c", "b") as far:
        for told in said:
            await one.live.publish(told)
        await one.live.publish(Told("b", "x", "last"))
        assert await read(far, 201) == [*said, Told("b", "x", "last")]
        # By now Redis has brought them back to their publisher too: nothing is heard twice.
        await one.live.publish(entry(200))
        assert await read(own, 201) == [entry(n) for n in range(201)]


async def test_processes_take_turns_and_hear_each_other(two: tuple[Sharing, Sharing]) -> None:
    one, other = two
    async with one.live.follow("a") as here, other.live.follow("a") as there:
        for n in range(20):
            await one.live.publish(Told("a", "x", f"one {n}"))
            await read(there, 1)
            await other.live.publish(Told("a", "x", f"other {n}"))
            assert [told.text for told in await read(here, 2)] == [f"one {n}", f"other {n}"]
            await read(there, 1)


async def test_rows_are_gathered_where_they_are_heard_and_loud_ones_are_not(two: tuple[Sharing, Sharing]) -> None:
    one, other = two
    quiet = [Told("agents", "conversation", f'{{"feed":{n}}}', n, f"c{n}", waits=True) for n in range(1, 4)]
    loud = Told("agents", "conversation", '{"feed":4}', 4, "c3")
    async with one.live.follow("agents") as here, other.live.follow("agents") as there:
        for told in (*quiet, loud):
            await one.live.publish(told)
        for follower in (here, there):
            heard: list[Told] = []
            while {1, 2, 3, 4} - {feed for told in heard for feed in (told.offset, *told.covers)}:
                heard += await read(follower, 1)
            assert quiet[0] in heard
            assert loud in heard
            # On its way over Redis a moment may pass between two of them, and then each comes by itself.
            assert heard.index(quiet[0]) == 0
            assert all(told in (*quiet, loud) or told.kind == "conversations" for told in heard)


async def test_a_topic_added_later_comes_with_a_sign_to_look_at_the_record(two: tuple[Sharing, Sharing]) -> None:
    one, other = two
    async with other.live.follow("a") as follower:
        follower.add("b")
        async with asyncio.timeout(PATIENCE):
            assert await anext(aiter(follower)) is RESYNC
        await one.live.publish(Told("b", "x", "1"))
        assert (await read(follower, 1))[0].text == "1"


async def test_a_crowd_that_follows_at_once_hears_each_its_own_and_nothing_is_kept_for_it(
    two: tuple[Sharing, Sharing],
) -> None:
    one, other = two

    async def comes(number: int) -> str:
        async with other.live.follow(f"t{number}", "all") as follower:
            await one.live.publish(Told(f"t{number}", "x", str(number)))
            heard = await read(follower, 1)
            assert heard[0] is not RESYNC
            return heard[0].text

    leaving = [asyncio.create_task(comes(number)) for number in range(60, 80)]
    await asyncio.sleep(0)
    for task in leaving:
        task.cancel()
    assert await asyncio.gather(*map(comes, range(60))) == [str(number) for number in range(60)]
    await asyncio.gather(*leaving, return_exceptions=True)
    assert not vars(other.live)["_comers"]


async def test_whoever_waited_for_its_topics_needs_no_look_at_the_record(two: tuple[Sharing, Sharing]) -> None:
    one, other = two
    async with other.live.follow("a") as follower:
        await one.live.publish(Told("a", "x", "1"))
        async with asyncio.timeout(PATIENCE):
            assert (await anext(aiter(follower))).text == "1"


async def test_a_hundred_comings_and_goings_leave_only_what_is_followed(
    two: tuple[Sharing, Sharing], redis_server: RedisServer
) -> None:
    one, other = two
    async with other.live.follow("stays") as follower:
        for n in range(100):
            follower.add(f"t{n % 7}")
            follower.remove(f"t{(n + 3) % 7}")
        for n in range(7):
            follower.remove(f"t{n}")
        with redis.Redis.from_url(redis_server.url) as client:
            await until(lambda: client.pubsub_channels("*/t*") == [])
        await one.live.publish(Told("stays", "x", "1"))
        assert (await read(follower, 1))[0].text == "1"


async def test_a_thousand_screens_need_one_connection_each_way(redis_server: RedisServer) -> None:
    async with open_sharing(redis_server.url) as sharing:
        async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as tasks:
            opened = [tasks.create_task(_follow(sharing, f"customer:{n}")) for n in range(1000)]
        assert all(task.result() for task in opened)
        with redis.Redis.from_url(redis_server.url) as client:
            others = [each for each in client.client_list() if each["cmd"] != "client|list"]
        assert len(others) == 2


async def _follow(sharing: Sharing, topic: str) -> bool:
    async with sharing.live.follow(topic):
        return True


async def test_installations_on_one_server_do_not_hear_each_other(redis_server: RedisServer) -> None:
    elsewhere = redis_server.url.removesuffix("/0") + "/1"
    async with (
        open_sharing(redis_server.url) as ours,
        open_sharing(redis_server.url) as ours_too,
        open_sharing(elsewhere) as theirs,
        open_sharing(elsewhere) as theirs_too,
        ours.live.follow("agents") as follower,
        theirs_too.live.follow("agents") as their_follower,
    ):
        await theirs.live.publish(Told("agents", "x", "theirs"))
        assert (await read(their_follower, 1))[0].text == "theirs"  # so it has been through Redis
        await ours_too.live.publish(Told("agents", "x", "ours"))
        assert (await read(follower, 1))[0].text == "ours"


async def test_nonsense_on_our_channels_is_counted_and_left_alone(
    two: tuple[Sharing, Sharing], redis_server: RedisServer
) -> None:
    one, other = two
    prefix = RedisAddress(redis_server.url).prefix
    assert isinstance(other.live, RedisFeed)
    async with other.live.follow("a") as follower:
        with redis.Redis.from_url(redis_server.url) as client:
            for text in (b"", b"\xff\xfe", b"one two", b"1 o k notanumber\n{}", b"one o k -\n"):
                client.publish(f"{prefix}a", text)
            client.publish(f"{prefix}!all", b"1 o marks -\nnot json")
            client.publish(f"{prefix}!beat/{other.live.owner}", b"1 o beat -\nnever")
        await one.live.publish(Told("a", "x", "1"))
        assert (await read(follower, 1))[0].text == "1"
        assert other.live.counts.not_understood == 6


async def test_what_a_stalled_connection_delivers_late_is_not_heard_out_of_order(
    two: tuple[Sharing, Sharing], redis_server: RedisServer
) -> None:
    prefix = RedisAddress(redis_server.url).prefix
    async with two[1].live.follow("a") as follower:
        with redis.Redis.from_url(redis_server.url) as client:
            for number in (5, 7, 6, 7, 8):
                client.publish(f"{prefix}a", f"{number} stranger x -\n{number}")
        assert [told.text for told in await read(follower, 3)] == ["5", "7", "8"]


async def test_the_lag_is_measured_and_is_no_nonsense(two: tuple[Sharing, Sharing]) -> None:
    one, _ = two
    await until(lambda: one.live.counts.lag > 0)
    assert one.live.counts.lag < PATIENCE


async def test_an_end_in_good_order_sends_what_was_said_and_leaves_no_task(redis_server: RedisServer) -> None:
    before = asyncio.all_tasks()
    async with open_sharing(redis_server.url) as stays, stays.live.follow("a") as follower:
        async with open_sharing(redis_server.url) as goes:
            for n in range(50):
                await goes.live.publish(Told("a", "x", str(n)))
        assert [told.text for told in await read(follower, 50)] == [str(n) for n in range(50)]
    assert asyncio.all_tasks() == before


async def test_a_password_is_sent_and_a_wrong_one_is_named_by_its_kind_only(
    redis_server: RedisServer, capsys: pytest.CaptureFixture[str]
) -> None:
    address = redis_server.url.removeprefix("redis://")
    with redis.Redis.from_url(redis_server.url) as client:
        client.config_set("requirepass", "the right one")
        try:
            async with open_sharing(f"redis://:the%20right%20one@{address}") as sharing:
                await sharing.limits.limit("a", time.monotonic, per_second=1, burst=1).take("b", "slow down")
            async with open_redis(f"redis://:a-wrong-one@{address}", seconds=0.2) as sharing:
                await until(lambda: sharing.live.counts.listener_lost > 0)
                assert not sharing.live.healthy
        finally:
            client.config_set("requirepass", "")
    printed = capsys.readouterr().out
    assert "AuthenticationError" in printed
    assert "a-wrong-one" not in printed


def test_an_address_that_is_none_is_refused_without_repeating_it() -> None:
    with pytest.raises(BadInput) as refused:
        RedisFeed("http://:secret@somewhere")
    assert "secret" not in refused.value.message


async def test_who_is_cancelled_while_sending_is_cancelled_at_whatever_moment(redis_server: RedisServer) -> None:
    async with RedisAddress(f"{redis_server.url}?socket_timeout=5").wire() as wire:
        for moment in range(12):
            sending = asyncio.create_task(wire.send(("PING",)))
            for _ in range(moment):
                await asyncio.sleep(0)
            wanted = sending.cancel()
            await asyncio.wait({sending})
            assert sending.cancelled() is wanted
