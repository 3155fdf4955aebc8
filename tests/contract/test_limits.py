"""Rate limits, in one process and over Redis: a share is a share, whichever replica is asked."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
import redis

from handover.backends.live_in_process import in_process
from handover.errors import TooMany
from handover.limits import Limits, RateLimit
from tests.support.replicas import open_sharing, until
from tools.local_servers import RedisServer

_SLOW = 1 / 3600  # one an hour: no test is so slow that it gets a token back


@pytest.fixture(params=["in_process", pytest.param("redis", marks=pytest.mark.servers)])
async def limits(request: pytest.FixtureRequest) -> AsyncIterator[Limits]:
    async with AsyncExitStack() as stack:
        if request.param == "in_process":
            yield in_process().limits
        else:
            server: RedisServer = request.getfixturevalue("redis_server")
            yield (await stack.enter_async_context(open_sharing(server.url))).limits


def newcomers(limits: Limits, *, per_second: float = _SLOW, burst: float = 3) -> RateLimit:
    return limits.limit("newcomers", time.monotonic, per_second=per_second, burst=burst)


async def taken(limit: RateLimit, key: str, tries: int) -> int:
    """How many of ``tries`` were allowed."""
    allowed = 0
    for _ in range(tries):
        try:
            await limit.take(key, "slow down")
        except TooMany:
            continue
        allowed += 1
    return allowed


async def test_a_burst_is_allowed_and_then_refused_with_the_time_to_wait(limits: Limits) -> None:
    limit = newcomers(limits)
    assert await taken(limit, "a", 3) == 3
    with pytest.raises(TooMany, match="slow down") as refused:
        await limit.take("a", "slow down")
    assert refused.value.retry_after == pytest.approx(3600, rel=0.1)


async def test_one_key_using_up_its_share_leaves_the_others_theirs(limits: Limits) -> None:
    limit = newcomers(limits)
    assert await taken(limit, "a", 5) == 3
    assert await taken(limit, "b", 5) == 3
    assert await taken(limits.limit("others", time.monotonic, per_second=_SLOW, burst=1), "a", 5) == 1


async def test_what_was_used_comes_back_with_time(limits: Limits) -> None:
    limit = newcomers(limits, per_second=50, burst=1)
    await limit.take("a", "slow down")

    async def again() -> bool:
        return await taken(limit, "a", 1) == 1

    await until(again)


async def test_many_at_once_get_no_more_than_the_burst(limits: Limits) -> None:
    limit = newcomers(limits)
    assert sum(await asyncio.gather(*(taken(limit, "a", 1) for _ in range(10)))) == 3


@pytest.mark.servers
async def test_replicas_count_together(redis_server: RedisServer) -> None:
    async with open_sharing(redis_server.url) as one, open_sharing(redis_server.url) as other:
        assert await taken(newcomers(one.limits), "a", 2) == 2
        assert await taken(newcomers(other.limits), "a", 5) == 1


@pytest.mark.servers
async def test_without_redis_each_replica_counts_for_itself_and_nobody_is_kept_waiting(
    redis_server: RedisServer,
) -> None:
    async with open_sharing(redis_server.url) as one:
        limit = newcomers(one.limits)
        assert await taken(limit, "a", 3) == 3
        redis_server.kill()
        assert await taken(limit, "a", 5) == 3
        redis_server.start()
        await until(lambda: one.live.healthy)
        assert await taken(limit, "a", 5) == 3  # Redis came back empty


@pytest.mark.servers
async def test_nothing_is_left_in_redis_for_ever(redis_server: RedisServer) -> None:
    async with open_sharing(redis_server.url) as one:
        await taken(newcomers(one.limits, per_second=100, burst=10), "a", 5)
        with redis.Redis.from_url(redis_server.url) as client:
            keys = client.keys("*")
            assert keys == [b"switchboard/0/limit/newcomers/a"]
            assert 0 < client.pttl(keys[0]) <= 2_000
