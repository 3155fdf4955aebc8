"""Matching by two replicas on PostgreSQL and Redis: one winner, nobody above capacity, ticks at once do things once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest
from hypothesis import settings

from handover.backends import open_backends
from handover.conversation import Control, Conversation
from handover.desk import Desk, open_desk
from handover.entries import AgentId
from handover.errors import SwitchboardError
from tests.handover import test_desk_leases
from tests.handover.test_matching_machine import MatchingMachine
from tests.support.desk_world import POLICY, RecordsOnPostgres, World, records_on
from tests.support.distributed import Database
from tests.support.hand_clock import HandClock
from tools.local_servers import PostgresServer, RedisServer

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module", autouse=True)
def on_postgres(postgres_of_the_run: PostgresServer) -> Iterator[RecordsOnPostgres]:
    """Every record of this module is a database of its own there."""
    with records_on(postgres_of_the_run) as records:
        yield records


@pytest.fixture
async def replicas(postgres: Database, redis_server: RedisServer) -> AsyncIterator[tuple[World, Desk]]:
    """A world, and the desk of a second process on the same record and the same Redis."""
    clock = HandClock()
    async with AsyncExitStack() as stack:
        one, other = [await stack.enter_async_context(open_backends(postgres.url, redis_server.url)) for _ in range(2)]
        desks = [open_desk(backends, clock=clock, policy=POLICY) for backends in (one, other)]
        for desk in desks:
            stack.push_async_callback(desk.close)
        yield World(desks[0], one, clock), desks[1]


async def test_two_replicas_never_give_an_agent_more_than_their_slots(replicas: tuple[World, Desk]) -> None:
    world, other = replicas
    agents = [await world.agent(name, capacity=4) for name in ("Mia", "Tom")]
    conversations = [await world.offered(f"word {n}") for n in range(6)]
    tries = [
        desk.agents.accept(agent, one.id, one.epoch)
        for one in conversations
        for agent in agents
        for desk in (world.desk, other)
    ]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert all(isinstance(r, (Conversation, SwitchboardError)) for r in results), results
    winners = {(r.id, r.agent) for r in results if isinstance(r, Conversation)}
    assert len({conversation for conversation, _ in winners}) == len(winners), "two winners"
    assert Counter(agent for _, agent in winners) == {"mia": 2, "tom": 2}
    assert {s.agent.id: s.held for s in await other.reading.standings()} == {"mia": 4, "tom": 4}


async def test_replicas_that_tick_at_once_do_each_thing_once(replicas: tuple[World, Desk]) -> None:
    world, other = replicas
    mia, _ = await world.agent("Mia"), await world.agent("Tom")
    conversations = [await world.offered(f"word {n}") for n in range(3)]
    held = [await world.desk.agents.accept(mia, one.id, one.epoch) for one in conversations]

    async def both_tick(seconds: float) -> None:
        world.clock.advance(seconds)
        await asyncio.gather(*(desk.agents.tick() for desk in (world.desk, other, world.desk, other)))

    await both_tick(POLICY.offers.first_reply_seconds)
    for one in held:
        now = await world.desk.reading.conversation(one.id)
        assert (now.control, now.epoch) == (Control.OFFERED, one.epoch + 1)
    await both_tick(POLICY.offers.lease_seconds)
    assert {offer.round for offer in await world.desk.reading.waiting()} == {2}


async def test_a_console_at_one_replica_is_rung_for_an_offer_made_at_the_other(replicas: tuple[World, Desk]) -> None:
    world, other = replicas
    mia = await world.agent("Mia")
    there = replace(mia, id=AgentId("mia"))
    waiting = await world.conversation("hi")

    async def ringing() -> bool:
        await other.agents.tick()
        return [offer.conversation for offer in await other.reading.open_offers(there)] == [waiting.id]

    await other.customers.ask_for_human(waiting.id, "h1")
    for _ in range(600):
        if await ringing():
            break
        await asyncio.sleep(0.05)
    else:
        pytest.fail("it never rang at the console")


class MachineOnPostgres(MatchingMachine):
    """The same machine; its two processes share one pool of connections."""


TestMatchingMachine = MachineOnPostgres.TestCase
TestMatchingMachine.settings = settings(MatchingMachine.TestCase.settings, max_examples=4)

world = test_desk_leases.world
globals().update({name: thing for name, thing in vars(test_desk_leases).items() if name.startswith("test_")})
