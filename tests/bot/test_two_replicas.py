"""Two replicas on one PostgreSQL: whichever is asked, a turn that may not speak does not, and none is lost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import httpx2
import pytest
from fastapi import FastAPI

from bot.deltas import delta_routes
from bot.held_requests import HeldRequests
from bot.http_errors import install
from bot.relay_settings import RelaySettings
from bot.turns import Turns
from bot.watchdog import Watchdog
from handover.conversation import Control
from handover.desk import TurnBrief
from handover.evidence import Evidence, Reply, TurnReport
from handover.meters import Meters
from tests.support.desk_world import ANSWER, POLICY, World, two_replicas
from tests.support.distributed import Database
from tests.support.replicas import until
from tools.local_servers import RedisServer

pytestmark = pytest.mark.servers
TOKEN = "the inner door's token"
BEARER = {"authorization": f"Bearer {TOKEN}"}
SETTINGS = RelaySettings(policy=POLICY)


class Waits:
    """Takes no turn; that a worker was woken is all a test asks."""

    async def take(self, *_: object, **__: object) -> None:
        return None

    async def release(self, *_: object) -> None:
        """Nothing of it was begun."""


@dataclass
class Replica:
    world: World
    door: httpx2.AsyncClient
    turns: Turns
    watchdog: Watchdog

    async def fence(self, brief: TurnBrief) -> int:
        """What a tool is told that asks this replica before its effect."""
        path = f"/internal/turns/{brief.turn}"
        return int((await self.door.get(path, params={"epoch": brief.epoch}, headers=BEARER)).status_code)

    async def delta(self, brief: TurnBrief) -> int:
        body = {"epoch": brief.epoch, "seq": 0, "text": "It is "}
        return int((await self.door.post(f"/internal/turns/{brief.turn}/delta", json=body, headers=BEARER)).status_code)


@asynccontextmanager
async def replicas(url: str, redis_url: str | None = None) -> AsyncIterator[tuple[Replica, Replica]]:
    async with AsyncExitStack() as stack:
        made = []
        for world in await stack.enter_async_context(two_replicas(url, redis_url=redis_url)):
            app = FastAPI()
            install(app, meters=Meters(), max_body=100_000)
            app.include_router(delta_routes(world.desk, TOKEN, HeldRequests(world.desk)))
            transport = httpx2.ASGITransport(app=app)
            door = await stack.enter_async_context(httpx2.AsyncClient(transport=transport, base_url="http://inner"))
            turns = Turns(Waits(), settings=SETTINGS, clock=world.clock)
            lives = world.backends.lives
            watchdog = Watchdog(world.desk.bot, turns, lives=lives, clock=world.clock, every=1, forgotten_after=8)
            made.append(Replica(world, door, turns, watchdog))
        made[1].world.count = 1_000  # their customers are not the same ones
        yield made[0], made[1]


async def begun(replica: Replica, *words: str) -> TurnBrief:
    conversation = await replica.world.conversation(*(words or ("Where is my order?",)))
    brief = await replica.world.desk.bot.begin_turn(
        conversation.id, owner=replica.world.backends.lives.owner, seconds=SETTINGS.turn_seconds
    )
    assert brief is not None
    return brief


async def recorded(replica: Replica, brief: TurnBrief) -> str:
    report = TurnReport(Evidence(brief.text))
    return (await replica.world.desk.bot.record_turn(brief, Reply("On its way."), ANSWER, report)).outcome


async def test_a_turn_may_speak_and_act_through_either_replica(postgres: Database) -> None:
    async with replicas(postgres.url) as (one, other):
        brief = await begun(one)
        assert [await one.delta(brief), await other.delta(brief), await other.fence(brief)] == [204, 204, 204]
        assert await recorded(one, brief) == "committed"
        assert [await one.fence(brief), await other.fence(brief)] == [409, 409]


async def test_after_a_takeover_at_one_replica_no_tool_acts_through_the_other(postgres: Database) -> None:
    async with replicas(postgres.url) as (one, other):
        agent = await other.world.agent("Mia")
        brief = await begun(one)
        await other.world.desk.agents.take(agent, brief.conversation.id, brief.epoch)
        assert [await each.fence(brief) for each in (one, other)] == [409, 409]
        assert [await each.delta(brief) for each in (one, other)] == [409, 409]
        assert await recorded(one, brief) == "fenced"
        drafts = await other.world.desk.reading.drafts(brief.conversation.id)
        assert [draft.text for draft in drafts] == ["On its way."]


async def test_a_takeover_at_one_replica_answers_what_the_other_holds(
    postgres: Database, redis_server: RedisServer
) -> None:
    async with replicas(postgres.url, redis_server.url) as (one, other):
        agent = await other.world.agent("Mia")
        brief = await begun(one)
        over = f"/internal/turns/{brief.turn}/over"
        async with asyncio.TaskGroup() as group, asyncio.timeout(60):
            held = group.create_task(one.door.get(over, params={"epoch": brief.epoch}, headers=BEARER))
            await until(lambda: one.world.clock.sleeping >= 2)
            await other.world.desk.agents.take(agent, brief.conversation.id, brief.epoch)
            answer = await held
        assert answer.status_code == 409


async def test_newer_words_through_one_replica_end_the_turn_of_the_other(postgres: Database) -> None:
    async with replicas(postgres.url) as (one, other):
        brief = await begun(one)
        here = brief.conversation.id
        await other.world.says(here, "I mean the tent.")
        assert await one.delta(brief) == 409
        assert await other.world.desk.bot.begin_turn(here, owner="other", seconds=15) is None
        assert await one.world.desk.bot.give_way(brief)
        again = await other.world.desk.bot.begin_turn(here, owner="other", seconds=15)
        assert again is not None
        assert again.text == "Where is my order?\nI mean the tent."
        assert await recorded(one, brief) == "superseded"
        assert await recorded(other, again) == "committed"
        assert (await one.world.texts(here)).count("On its way.") == 1


async def test_a_turn_whose_tool_acts_is_told_of_whatever_the_customer_says_meanwhile(postgres: Database) -> None:
    async with replicas(postgres.url) as (one, other):
        brief = await begun(one, "Change my address.")
        assert await other.fence(brief) == 204
        await other.world.says(brief.conversation.id, "And the tent?")
        assert not await one.world.desk.bot.give_way(brief)
        assert await one.delta(brief) == 204
        assert await recorded(one, brief) == "committed"
        (waiting,) = await other.world.desk.bot.unanswered(older_than=0)
        assert waiting == brief.conversation.id


async def test_a_replica_that_stood_still_for_a_minute_has_lost_its_turn(postgres: Database) -> None:
    async with replicas(postgres.url) as (one, other):
        brief = await begun(one)
        here = brief.conversation.id
        one.world.clock.advance(60)  # it stands still, and holds its connection: it is not gone
        await other.watchdog.look()
        assert (await other.world.desk.reading.conversation(here)).control is Control.OFFERED
        assert [await each.fence(brief) for each in (one, other)] == [409, 409]
        said = await other.world.texts(here)
        assert await recorded(one, brief) == "fenced"
        assert await other.world.texts(here) == said
        drafts = await other.world.desk.reading.drafts(here)
        assert [(draft.text, draft.origin) for draft in drafts] == [("On its way.", "late_reply")]


async def test_the_turn_of_a_replica_that_ended_is_taken_by_the_other(postgres: Database) -> None:
    async with replicas(postgres.url) as (_, other):
        async with replicas(postgres.url) as (ended, _):
            brief = await begun(ended)
        while not other.turns.at_work:  # it takes some seconds to be certain
            await other.watchdog.look()
        again = await other.world.desk.bot.begin_turn(brief.conversation.id, owner="other", seconds=15)
        assert again is not None
        assert await recorded(other, again) == "committed"
        other.turns.abandon(brief.conversation.id)


async def test_of_two_replicas_that_begin_at_once_one_has_the_turn(postgres: Database) -> None:
    async with replicas(postgres.url) as (one, other):
        both = {"one": one, "other": other}
        for number in range(10):
            here = (await one.world.conversation(f"Hello {number}")).id
            begin = [each.world.desk.bot.begin_turn(here, owner=name, seconds=15) for name, each in both.items()]
            assert [brief is None for brief in await asyncio.gather(*begin)].count(False) == 1
