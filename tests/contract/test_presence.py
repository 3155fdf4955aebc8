"""Presence, in one process and over Redis: who has a console open, who looks at a conversation, who writes in it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest

from handover.agent_frames import PresenceFrame
from handover.backends.live_in_process import Sharing, in_process
from handover.entries import AgentId, ConversationId
from handover.presence import Presence
from handover.screens import desk_topic, told
from tests.support.replicas import open_sharing, read, until
from tools.local_servers import RedisServer

HERE = ConversationId("c")
ADA, BEN = AgentId("ada"), AgentId("ben")


@dataclass
class Place:
    """One process, or the same one twice."""

    sharing: Sharing
    viewing: Presence


@pytest.fixture(params=["in_process", pytest.param("redis", marks=pytest.mark.servers)])
async def places(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Place, Place]]:
    """Two windows' processes: the same one embedded, two replicas over Redis."""
    async with AsyncExitStack() as stack:
        if request.param == "in_process":
            opened = [in_process()]
        else:
            server: RedisServer = request.getfixturevalue("redis_server")
            opened = [await stack.enter_async_context(open_sharing(server.url)) for _ in range(2)]
        made = [Place(each, Presence(time.monotonic, each.marks, each.live.tell_here)) for each in opened]
        yield made[0], made[-1]


async def test_who_opens_a_console_is_here_in_every_process(places: tuple[Place, Place]) -> None:
    one, other = (place.sharing.presence for place in places)
    await one.mark(ADA, True)
    await other.mark(BEN, True)

    async def both_see_both() -> bool:
        return await one.here() == await other.here() == {ADA, BEN}

    await until(both_see_both)
    await one.mark(ADA, False)

    async def only_ben() -> bool:
        return await one.here() == await other.here() == {BEN}

    await until(only_ben)


async def test_screens_of_every_process_show_who_looks_and_who_writes(places: tuple[Place, Place]) -> None:
    one, other = places
    one.viewing.opened(HERE, ADA)
    other.viewing.opened(HERE, BEN)
    await until(lambda: one.viewing.frame(HERE).viewing == other.viewing.frame(HERE).viewing == ("ada", "ben"))
    assert one.viewing.types(HERE, ADA)
    await until(lambda: other.viewing.frame(HERE).typing == ("ada",))
    one.viewing.said(HERE, ADA)
    await until(lambda: other.viewing.frame(HERE).typing == ())
    one.viewing.closed(HERE, ADA)
    await until(lambda: other.viewing.frame(HERE).viewing == ("ben",))


@pytest.mark.servers
async def test_a_screen_is_told_when_somebody_elsewhere_comes_and_never_what_is_older(
    redis_server: RedisServer,
) -> None:
    async with open_sharing(redis_server.url) as one, open_sharing(redis_server.url) as other:
        here = Presence(time.monotonic, one.marks, one.live.tell_here)
        there = Presence(time.monotonic, other.marks, other.live.tell_here)
        here.opened(HERE, ADA)
        async with one.live.follow(desk_topic(HERE)) as follower:
            there.opened(HERE, BEN)
            # The other process tells its own screens; a frame made there does not travel.
            await other.live.publish(told(desk_topic(HERE), there.frame(HERE)))
            there.closed(HERE, BEN)
            frames = [PresenceFrame.model_validate_json(each.text) for each in await read(follower, 2)]
        assert [frame.viewing for frame in frames] == [("ada", "ben"), ("ada",)]


@pytest.mark.servers
async def test_redis_emptied_or_gone_for_a_moment_hides_nobody(redis_server: RedisServer) -> None:
    async with open_sharing(redis_server.url) as one, open_sharing(redis_server.url) as other:
        await one.presence.mark(ADA, True)

        async def seen() -> bool:
            return await other.presence.here() == {ADA}

        await until(seen)
        redis_server.kill()
        await until(lambda: not one.live.healthy and not other.live.healthy)
        assert await seen()
        await one.presence.mark(BEN, True)  # nobody hears it now
        redis_server.start()

        async def both() -> bool:
            assert ADA in await other.presence.here()
            return await other.presence.here() == {ADA, BEN}

        await until(both)


@pytest.mark.servers
async def test_a_replica_that_comes_later_knows_who_is_here(redis_server: RedisServer) -> None:
    async with open_sharing(redis_server.url) as one:
        await one.presence.mark(ADA, True)
        async with open_sharing(redis_server.url) as late:

            async def seen() -> bool:
                return await late.presence.here() == {ADA}

            await until(seen)
            await late.presence.mark(BEN, True)

            async def both() -> bool:
                return await one.presence.here() == {ADA, BEN}

            await until(both)

        async def gone() -> bool:  # it said good-bye, so nobody waits for an expiry
            return await one.presence.here() == {ADA}

        await until(gone)
