"""Rounds: what the live feed lost comes all the same, who reads nothing is ended, and everybody is sent away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

import pytest
from pydantic import model_serializer

from handover.backends.live_in_process import InProcessFeed
from handover.errors import Moving
from handover.frames import Frame
from handover.ports import Told
from handover.rounds import HEARTBEAT_TICKS
from handover.screens import AGENTS, customer_topic, told
from tests.support.desk_world import World, open_world
from tests.support.faulty_feed import SilentFeed
from tests.support.hand_peer import eventually
from tests.support.hand_sockets import LIMITS, HandSockets


@asynccontextmanager
async def sockets_of(world: World, live: InProcessFeed | None = None) -> AsyncIterator[HandSockets]:
    sockets = HandSockets(world, live or world.backends.live)
    rounds = asyncio.create_task(sockets.rounds.run())
    try:
        yield sockets
    finally:
        rounds.cancel()
        await asyncio.gather(rounds, return_exceptions=True)
        await sockets.close()


async def _seconds_pass(world: World, seconds: int) -> None:
    for _ in range(seconds):
        await eventually(lambda: world.clock.sleeping > 0)
        world.clock.advance(1)
        await asyncio.sleep(0)


@pytest.mark.parametrize(("healthy", "seconds"), [(True, 31), (False, 2)])
async def test_what_the_feed_lost_comes_with_the_next_round_and_soon_when_it_is_known_to_be_broken(
    tmp_path: Path, healthy: bool, seconds: int
) -> None:
    async with open_world(tmp_path) as world:
        here = (await world.conversation("hi")).id
        async with sockets_of(world, SilentFeed(healthy=healthy)) as sockets:
            page = await sockets.customer(here)
            await _seconds_pass(world, 2)
            await sockets.settle()  # a look that has begun would read lines of before and control of after
            lines = len(page.of("entry"))
            await world.says(here, "are you there?")
            await world.desk.customers.ask_for_human(here, "h1")
            await _seconds_pass(world, seconds)
            await page.until_heard("control")
            assert page.of("control")[-1]["control"] == "offered"
            assert [entry["offset"] for entry in page.of("entry")] == [*range(1, lines + 3)]


async def test_a_round_wakes_only_pages_that_show_less_than_the_record(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        here, there = (await world.conversation("hi")).id, (await world.conversation("ho")).id
        async with sockets_of(world, SilentFeed(healthy=True)) as sockets:
            one, other = await sockets.customer(here), await sockets.customer(there)
            await sockets.rounds.look()
            await sockets.settle()
            quiet = len(other.heard)
            await world.says(here, "more")
            await sockets.rounds.look()
            await one.until_heard("entry", 3)
            assert len(other.heard) == quiet


async def test_every_page_hears_a_heartbeat_within_twenty_seconds(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        agent = await world.agent("Mia")
        here = (await world.conversation("hi")).id
        async with sockets_of(world) as sockets:
            pages = [await sockets.customer(here), await sockets.agent(agent), await sockets.customer(here)]
            await _seconds_pass(world, HEARTBEAT_TICKS + 1)
            for page in pages:
                await page.until_heard("heartbeat", 2)


async def test_a_page_that_reads_nothing_is_ended_and_still_heard_until_then(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        here = (await world.conversation("hi")).id
        async with sockets_of(world) as sockets:
            page = await sockets.customer(here)
            page.reads.clear()
            for number in range(5):
                page.says(type="say", client_id=f"s{number}", text=f"said while deaf {number}")
            async with asyncio.timeout(30):
                while len(await world.texts(here)) < 7:
                    pass
            await _seconds_pass(world, int(LIMITS.send_seconds) + 2)
            page.reads.set()
            await eventually(lambda: page.closed is not None)
            assert page.closed == 4408
            assert sockets.rounds.guests == 0
            again = await sockets.customer(here, after=page.of("entry")[-1]["offset"])
            offsets = [entry["offset"] for entry in (*page.of("entry"), *again.of("entry"))]
            assert offsets == list(range(1, 8))


async def test_everybody_is_told_where_to_and_sent_away_and_nobody_new_comes_in(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        here = (await world.conversation("hi")).id
        async with sockets_of(world) as sockets:
            pages = [await sockets.customer(here) for _ in range(5)]
            drain = asyncio.create_task(sockets.rounds.drain(2.0))
            while not drain.done():
                world.clock.advance(0.1)
                await asyncio.sleep(0)
            for page in pages:
                assert page.closed == 1012
                assert page.of("error")[-1]["code"] == "moving"
                assert 0 <= page.of("error")[-1]["retry_after"] <= 1
            with pytest.raises(Moving):
                sockets.rounds.welcome_nobody()


class Counted(Frame):
    """A frame that counts how often it is put into words."""

    type: Literal["typing"] = "typing"
    times: list[int]

    @model_serializer
    def _once_more(self) -> dict[str, str]:
        self.times.append(1)
        return {"type": self.type}


async def test_a_frame_is_put_into_words_once_however_many_screens_show_it(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        agent = await world.agent("Mia")
        async with sockets_of(world) as sockets:
            pages = [await sockets.agent(agent) for _ in range(20)]
            frame = Counted(times=[])
            await world.backends.live.publish(told(AGENTS, frame))
            for page in pages:
                await page.until_heard("typing")
            assert len(frame.times) == 1


async def test_a_control_frame_that_comes_late_does_not_undo_a_newer_one(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        here = (await world.offered()).id
        async with sockets_of(world) as sockets:
            page = await sockets.customer(here)
            await world.desk.customers.stop_waiting(here, "s1")
            await page.until_heard("control", 2)
            row = await world.desk.reading.stored(here)
            late = Told(customer_topic(here), "control", '{"type":"control","control":"offered"}', row.feed - 1)
            await world.backends.live.publish(late)
            await sockets.settle()
            assert page.of("control")[-1]["control"] == "bot"
            assert len(page.of("control")) == 2


async def test_offers_stay_when_another_screen_of_the_agent_changes_whether_they_are_there(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        agent = await world.agent("Mia", state="busy")
        async with sockets_of(world) as sockets:
            one, other = await sockets.agent(agent), await sockets.agent(agent)
            waiting = await world.offered()
            other.says(type="availability", state="online")
            await one.until_heard("welcome", 2)
            await sockets.settle()
            kinds = [frame["type"] for frame in one.heard]
            again = kinds[len(kinds) - kinds[::-1].index("welcome") :]
            assert again.index("offer") < again.index("heartbeat")
            assert one.of("offer")[-1]["conversation"] == waiting.id
