"""A request held for a turn is answered the moment the turn is over, and by nothing that is left behind."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest_asyncio
from fastapi import FastAPI

from bot.deltas import delta_routes
from bot.held_requests import HELD_SECONDS, HeldRequests
from bot.http_errors import install
from handover.backends.live_in_process import InProcessFeed
from handover.desk import TurnBrief
from handover.meters import Meters
from tests.support.desk_world import World, open_world
from tests.support.replicas import until

TOKEN = "the internal token"
BEARER = {"authorization": f"Bearer {TOKEN}"}
GENEROUS = 30.0  # seconds; only a fault takes this long


@pytest_asyncio.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path) as world:
        yield world


class Door:
    """The service's inner door, with its followers to look at."""

    def __init__(self, world: World) -> None:
        self.world, self.held = world, HeldRequests(world.desk)
        app = FastAPI()
        install(app, meters=Meters(), max_body=100_000)
        app.include_router(delta_routes(world.desk, TOKEN, self.held))
        self.client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://inner")

    @property
    def followers(self) -> int:
        feed = self.world.backends.live
        assert isinstance(feed, InProcessFeed)
        return len(feed.followers)

    @asynccontextmanager
    async def held_for(self, brief: TurnBrief) -> AsyncIterator[asyncio.Task[httpx2.Response]]:
        """One request that is held by now; nothing of it is left at the end."""
        asking = self.client.get(f"/internal/turns/{brief.turn}/over?epoch={brief.epoch}", headers=BEARER)
        task = asyncio.create_task(asking)
        async with asyncio.timeout(GENEROUS):
            await until(lambda: self.followers > 0 and self.world.clock.sleeping == 2)
            yield task
            await until(lambda: self.followers == 0 and self.world.clock.sleeping == 0)


async def begun(world: World) -> TurnBrief:
    conversation = await world.conversation("Where is my order?")
    brief = await world.desk.bot.begin_turn(conversation.id, owner="test", seconds=60)
    assert brief is not None
    return brief


async def test_a_takeover_answers_it_at_once(world: World) -> None:
    door, brief = Door(world), await begun(world)
    async with door.held_for(brief) as held:
        await world.desk.agents.take(await world.agent("Mia"), brief.conversation.id, brief.epoch)
        answer = await held
    assert (answer.status_code, answer.json()["code"]) == (409, "fenced")


async def test_newer_words_answer_it_at_once(world: World) -> None:
    door, brief = Door(world), await begun(world)
    async with door.held_for(brief) as held:
        await world.says(brief.conversation.id, "I mean the tent.")
        assert (await held).status_code == 409


async def test_a_turn_that_goes_on_is_to_be_asked_for_again(world: World) -> None:
    door, brief = Door(world), await begun(world)
    async with door.held_for(brief) as held:
        world.clock.advance(HELD_SECONDS)
        assert (await held).status_code == 204


async def test_a_service_that_stops_sends_everybody_away(world: World) -> None:
    door, brief = Door(world), await begun(world)
    async with door.held_for(brief) as held:
        door.held.end()
        assert ((await held).status_code, (await held).json()["code"]) == (503, "moving")
    late = await door.client.get(f"/internal/turns/{brief.turn}/over?epoch={brief.epoch}", headers=BEARER)
    assert late.status_code == 503


async def test_one_that_hangs_up_is_forgotten(world: World) -> None:
    door, brief = Door(world), await begun(world)
    async with door.held_for(brief) as held:
        held.cancel()


async def test_who_has_no_token_or_names_no_turn_is_not_held(world: World) -> None:
    door, brief = Door(world), await begun(world)
    where = f"/internal/turns/{brief.turn}/over"
    assert (await door.client.get(f"{where}?epoch=1")).status_code == 401
    assert (await door.client.get(f"{where}?epoch=x", headers=BEARER)).status_code == 400
    assert (await door.client.get("/internal/turns/none/over?epoch=1", headers=BEARER)).status_code == 409
