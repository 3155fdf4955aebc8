"""Two replicas on one PostgreSQL: one conversation, one winner, no hole, whoever comes at the same moment."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

import pytest

from handover.desk import CustomerMessage
from handover.entries import ConversationId
from handover.errors import IllegalMove, Taken, Unavailable
from handover.screens import AGENTS
from tests.support.desk_world import World, two_replicas
from tests.support.distributed import Database

pytestmark = [pytest.mark.servers, pytest.mark.timeout(180)]
_T = TypeVar("_T")
Two = tuple[World, World]


@pytest.fixture
async def two(postgres: Database) -> AsyncIterator[Two]:
    async with two_replicas(postgres.url) as worlds:
        yield worlds


async def again(work: Callable[[], Awaitable[_T]]) -> _T:
    """As every client does: what could not be had just now is asked for again."""
    while True:
        try:
            return await work()
        except Unavailable:
            await asyncio.sleep(0.05)


async def test_200_first_messages_at_once_make_one_conversation(two: Two) -> None:
    customer = await two[0].desk.customers.new_customer(name="Ann")

    async def first(n: int) -> ConversationId:
        desk = two[n % 2].desk
        here = await again(lambda: desk.customers.start("web", customer.id, greeting="Hello"))
        said = CustomerMessage(f"word {n}", f"k{n}")
        await again(lambda: desk.customers.record_customer_message(here.id, said))
        return here.id

    (where,) = set(await asyncio.gather(*(first(n) for n in range(200))))
    entries = await two[1].desk.reading.entries(where, 0, 1_000)
    assert [e.offset for e in entries] == list(range(1, 202))
    assert {e.text for e in entries[1:]} == {f"word {n}" for n in range(200)}


async def test_one_of_50_agents_wins_an_offer_and_the_others_hear_who(two: Two) -> None:
    offered = await two[0].offered()
    agents = [await two[0].agent(f"Agent{n}") for n in range(50)]

    async def accept(n: int) -> str:
        try:
            await again(lambda: two[n % 2].desk.agents.accept(agents[n], offered.id, offered.epoch))
        except Taken as taken:
            return str((taken.detail or {})["taken_by"])
        return "won"

    told = await asyncio.gather(*(accept(n) for n in range(50)))
    assert told.count("won") == 1
    winner = agents[told.index("won")]
    assert set(told) == {"won", winner.name}
    assert (await two[1].desk.reading.conversation(offered.id)).agent == winner.id


async def test_an_agent_never_gets_more_than_they_can_hold(two: Two) -> None:
    mia = await two[0].agent("Mia", capacity=6)
    offers = [await two[0].offered() for _ in range(12)]

    async def accept(n: int) -> bool:
        try:
            await again(lambda: two[n % 2].desk.agents.accept(mia, offers[n].id, offers[n].epoch))
        except IllegalMove:
            return False
        return True

    assert sum(await asyncio.gather(*(accept(n) for n in range(12)))) == 3
    assert len(await two[0].desk.reading.rows("mine", mia)) == 3


async def test_the_same_words_by_many_sockets_are_one_line(two: Two) -> None:
    where = (await two[0].conversation("hi")).id
    said = CustomerMessage("once", "same", provider_message_id="p1")
    sends = [again(lambda n=n: two[n % 2].desk.customers.record_customer_message(where, said)) for n in range(60)]
    recorded = await asyncio.gather(*sends)
    assert {r.entry for r in recorded} == {(await two[0].desk.reading.entries(where))[-1]}
    assert [r.duplicate for r in recorded].count(False) == 1


async def test_many_writers_leave_no_hole_and_a_reader_of_changes_misses_none(two: Two) -> None:
    homes = [(await two[0].conversation("hi")).id for _ in range(5)]
    mia = await two[0].agent("Mia", capacity=18)
    for where in homes:
        await two[0].desk.agents.take(mia, where, 1)
    done = asyncio.Event()
    seen: dict[str, int] = {}

    async def reads() -> None:
        feed, last = 0, False
        while not last:
            last = done.is_set()
            for row in await again(lambda after=feed: two[1].desk.reading.changed_since(after)):
                feed = max(feed, row.feed)
                assert row.last_entry is not None
                seen[row.conversation] = row.last_entry.offset

    async def writes(n: int) -> None:
        desk, where = two[n % 2].desk, homes[n % 5]
        said = CustomerMessage(f"k{n}", f"k{n}")
        await again(lambda: desk.customers.record_customer_message(where, said))
        await again(lambda: desk.agents.note(mia, where, "n", f"n{n}"))

    reader = asyncio.create_task(reads())
    await asyncio.gather(*(writes(n) for n in range(150)))
    done.set()
    await reader
    for where in homes:
        entries = await two[0].desk.reading.entries(where, 0, 1_000)
        assert [e.offset for e in entries] == list(range(1, len(entries) + 1))
        assert len({e.text for e in entries if e.text.startswith("k")}) == 30
        assert seen[where] == len(entries)


async def test_screens_of_one_process_hear_changes_in_the_order_they_were_made(two: Two) -> None:
    homes = [(await two[0].conversation("hi")).id for _ in range(5)]
    heard: list[int] = []
    async with two[0].desk.live.follow(AGENTS) as follower:

        async def writes(n: int) -> None:
            said = CustomerMessage("word", f"k{n}")
            await again(lambda: two[n % 2].desk.customers.record_customer_message(homes[n % 5], said))

        await asyncio.gather(*(writes(n) for n in range(200)))
        async with asyncio.timeout(60):
            async for told in follower:
                heard += told.covers or [json.loads(told.text)["feed"]]
                if len(heard) >= 100:
                    break
    assert heard == sorted(set(heard))


async def test_a_turn_is_begun_once_though_both_replicas_want_it(two: Two) -> None:
    where = (await two[0].conversation("hi")).id
    begin = [again(lambda n=n: two[n % 2].desk.bot.begin_turn(where, owner=f"{n}", seconds=15)) for n in range(20)]
    assert sum(brief is not None for brief in await asyncio.gather(*begin)) == 1


async def test_marks_of_readers_and_verbs_do_not_undo_each_other(two: Two) -> None:
    where = (await two[0].conversation("hi")).id

    async def both(n: int) -> None:
        said = CustomerMessage("word", f"k{n}")
        saw = again(lambda: two[1].desk.customers.customer_saw(where, n % 3))
        await asyncio.gather(again(lambda: two[0].desk.customers.record_customer_message(where, said)), saw)

    await asyncio.gather(*(both(n) for n in range(30)))
    stored = await two[0].desk.reading.stored(where)
    assert (stored.seen, stored.conversation.last_offset) == (2, 32)
    assert replace(stored, seen=0) == replace(await two[1].desk.reading.stored(where), seen=0)
