"""Two replicas on one PostgreSQL and one Redis: whoever is served by one sees what is written at the other, and when
Redis is emptied or gone everybody still sees all of it, a little later."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis

from tests.support.distributed import Database
from tests.support.replicas import until
from tests.support.service import Service, running_service
from tests.support.talking import Json, Page
from tools.local_servers import RedisServer

pytestmark = [pytest.mark.servers, pytest.mark.timeout(180)]


@dataclass
class Replicas:
    """A customer at the one replica and an agent's console at the other."""

    one: Service
    other: Service
    server: RedisServer
    customer: Page
    console: Page
    conversation: str
    said: int = 0

    def healthy(self) -> bool:
        return self.one.backends.live.healthy and self.other.backends.live.healthy

    async def talk(self) -> None:
        """One line each way, each seen at the other replica."""
        self.said += 1
        text = f"From the customer, {self.said}."
        await self.customer.says(type="say", client_id=f"c{self.said}", text=text)
        seen = await self.console.hears("entry", lambda frame: frame["text"] == text)
        await self.console.says(
            type="say", conversation=self.conversation, client_id=f"a{self.said}",
            text=f"From the agent, {self.said}.", seen=seen["offset"],
        )  # fmt: skip
        await self.customer.hears("entry", lambda frame: frame["text"] == f"From the agent, {self.said}.")

    async def are_degraded_but_let_nobody_wait(self) -> None:
        """Told by `/readyz` and `/metrics`. (Other parts are missing in a test, so its status says nothing.)"""

        async def degraded() -> bool:
            ready = json.loads((await self.one.http.get("/readyz")).text)
            return bool(ready["degraded"] and not ready["parts"]["live_feed"]["ok"])

        await until(degraded)
        counted = (await self.one.http.get("/metrics")).text
        assert "switchboard_live_feed_healthy 0.0" in counted
        assert 'switchboard_live_feed_lost_total{way="in"}' in counted

    def nothing_is_doubled_or_missing(self) -> None:
        for page in (self.customer, self.console):
            offsets = page.offsets()
            assert offsets == list(range(1, len(offsets) + 1))


@asynccontextmanager
async def two_services(folder: Path, postgres: Database, redis_server: RedisServer) -> AsyncIterator[list[Service]]:
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(
                running_service(folder, record=postgres.url, redis=redis_server.url, frames_burst=200)
            )
            for _ in range(2)
        ]


async def _accepts(console: Page, conversation: str) -> Json:
    offer = await console.hears("offer", lambda frame: frame["conversation"] == conversation)
    await console.says(type="open", conversation=conversation)
    await console.says(type="accept", conversation=conversation, epoch=offer["epoch"])
    return await console.hears("conversation", lambda frame: frame["control"] == "human")


@pytest.fixture
async def replicas(tmp_path: Path, postgres: Database, redis_server: RedisServer) -> AsyncIterator[Replicas]:
    async with two_services(tmp_path, postgres, redis_server) as (one, other):
        token = await other.hire("Ada")
        async with other.console(token) as console, one.new_customer() as (customer, welcome):
            await customer.says(type="ask_for_human", client_id="h1")
            conversation = welcome["conversation"]
            await _accepts(console, conversation)
            await customer.hears("control", lambda frame: frame["control"] == "human")
            yield Replicas(one, other, redis_server, customer, console, conversation)


async def test_what_is_written_at_one_replica_is_seen_at_the_other(replicas: Replicas) -> None:
    for _ in range(5):
        await replicas.talk()
    replicas.nothing_is_doubled_or_missing()


async def test_redis_emptied_in_the_middle_changes_nothing(replicas: Replicas) -> None:
    await replicas.talk()
    with redis.Redis.from_url(replicas.server.url) as client:
        client.flushall()
    for _ in range(3):
        await replicas.talk()
    replicas.nothing_is_doubled_or_missing()


async def test_without_redis_everybody_still_sees_everything_and_afterwards_at_once_again(replicas: Replicas) -> None:
    await replicas.talk()
    replicas.server.kill()
    await replicas.talk()  # said before anybody has noticed
    await until(lambda: not replicas.healthy())
    await replicas.talk()
    await replicas.are_degraded_but_let_nobody_wait()
    replicas.server.start()
    await until(replicas.healthy)
    await replicas.talk()
    replicas.nothing_is_doubled_or_missing()


async def test_a_handover_goes_all_the_way_without_redis(
    tmp_path: Path, postgres: Database, redis_server: RedisServer
) -> None:
    async with two_services(tmp_path, postgres, redis_server) as (one, other):
        token = await other.hire("Ada")
        redis_server.kill()
        await until(lambda: not one.backends.live.healthy and not other.backends.live.healthy)
        async with other.console(token) as console, one.new_customer() as (customer, welcome):
            await customer.says(type="ask_for_human", client_id="h1")
            await _accepts(console, welcome["conversation"])
            await customer.hears("control", lambda frame: frame["control"] == "human")


async def test_colleagues_at_different_replicas_see_each_other_look_and_write(replicas: Replicas) -> None:
    token = await replicas.one.hire("Ben")
    async with replicas.one.console(token) as ben:
        await ben.says(type="open", conversation=replicas.conversation)
        here = await replicas.console.hears("presence", lambda frame: len(frame["viewing"]) == 2)
        assert (await ben.hears("presence", lambda frame: len(frame["viewing"]) == 2))["viewing"] == here["viewing"]
        await ben.says(type="typing", conversation=replicas.conversation)
        await replicas.console.hears("presence", lambda frame: len(frame["typing"]) == 1)
    await replicas.console.hears("presence", lambda frame: len(frame["viewing"]) == 1)


async def test_one_of_two_windows_at_two_replicas_closes_and_the_desk_stays_open(
    tmp_path: Path, postgres: Database, redis_server: RedisServer
) -> None:
    async with two_services(tmp_path, postgres, redis_server) as (one, other):
        token = await one.hire("Ada")
        presence = one.backends.presence, other.backends.presence

        async def here(count: int) -> bool:
            return [len(await each.here()) for each in presence] == [count, count]

        async with one.console(token):
            async with other.console(token):
                await until(lambda: here(1))
            await until(lambda: _no_screen(other))
            assert await here(1)
        await until(lambda: here(0))


def _no_screen(service: Service) -> bool:
    return not service.backends.marks.own("here")
