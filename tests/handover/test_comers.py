"""Pages that come back are read many at once: each gets exactly what it lacks, for few queries, whatever fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from handover.comers import FEW, ROOM, TOGETHER, Page
from handover.conversation import Control
from handover.desk import CustomerMessage
from handover.entries import ConversationId
from handover.errors import BadInput, NotFound, Unavailable
from handover.tail import PAGE
from tests.support.desk_world import World, open_world
from tests.support.service import running_service


@pytest.fixture
async def world(any_record: str, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path) as opened:
        yield opened


@contextmanager
def asked(engine: sa.Engine) -> Iterator[list[str]]:
    """What the block asks through ``engine``."""
    found: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        found.append(statement)

    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)


async def pages(world: World, wishes: Sequence[tuple[ConversationId, int]]) -> list[Page | BaseException]:
    """What each of ``wishes`` (conversation, last offset) gets, all asked at once."""
    asking = (world.desk.reading.page(conversation, after) for conversation, after in wishes)
    return await asyncio.gather(*asking, return_exceptions=True)


async def talks(world: World, lengths: Sequence[int]) -> list[ConversationId]:
    """Conversations of so many lines, the greeting included."""
    return [(await world.conversation(*("words" for _ in range(length - 1)))).id for length in lengths]


def told(page: Page | BaseException) -> list[int]:
    assert isinstance(page, Page), page
    return [entry.offset for entry in page.entries]


async def test_each_page_gets_exactly_the_lines_after_its_own_last_one(world: World) -> None:
    lengths = (1, 4, FEW + 3, 7, 2)
    here = await talks(world, lengths)
    wishes = [(key, after) for key, length in zip(here, lengths, strict=True) for after in (0, 1, length - 1, length)]
    wishes += [(here[1], 99)]  # more than there is
    found = await pages(world, wishes)
    for (key, after), page in zip(wishes, found, strict=True):
        length = lengths[here.index(key)]
        assert told(page) == list(range(after + 1, length + 1))
        assert isinstance(page, Page)
        assert (page.stored, page.rated) == (await world.desk.reading.stored(key), ())
        assert {entry.conversation for entry in page.entries} <= {key}


async def test_many_pages_at_once_cost_two_queries_for_as_many_as_are_read_together(world: World) -> None:
    here = await talks(world, [3] * 5)
    engine = world.backends.records.engine.sync_engine
    await pages(world, [(here[0], 1)])
    for count, together in ((1, 1), (TOGETHER, 1), (2 * TOGETHER + 1, 3)):
        with asked(engine) as queries:
            found = await pages(world, [(here[number % 5], 2) for number in range(count)])
        assert [told(page) for page in found] == [[3]] * count
        words = [query.split(maxsplit=1)[0] for query in queries]
        assert words.count("SELECT") == 2 * together
        assert set(words) <= {"SELECT", "BEGIN"}
    with asked(engine) as queries:
        await pages(world, [(key, 3) for key in here])
    assert sum(query.startswith("SELECT") for query in queries) == 1, "who has every line is not looked up any"


async def test_a_long_absence_is_told_a_page_at_a_time(world: World) -> None:
    (here,) = await talks(world, [2])
    async with world.backends.records.transaction() as tx:
        (line,) = await tx.entries.after(here, 1, 1)
        for offset in range(3, PAGE + 12):
            await tx.entries.insert(replace(line, offset=offset, client_id=None), inbox="web")
        set_last = sa.text("UPDATE conversations SET last_offset = :last WHERE id = :key")
        await tx.connection.execute(set_last, {"key": here, "last": PAGE + 11})
    (few, many) = await pages(world, [(here, PAGE), (here, 1)])
    assert told(few) == list(range(PAGE + 1, PAGE + 12))
    assert told(many) == list(range(2, PAGE + 2))


async def test_who_waits_is_told_their_place_and_who_rated_what_they_rated(world: World) -> None:
    await world.agent("Mia", here=False)
    first, second = await world.offered(), await world.offered()
    rated = await world.conversation("hi")
    await world.desk.customers.rate(rated.id, 1, 5, None)
    found = await pages(world, [(one.id, 0) for one in (first, second, rated)])
    assert all(isinstance(page, Page) for page in found)
    controls = [page.control for page in found if isinstance(page, Page)]
    assert [control.control for control in controls] == [Control.OFFERED, Control.OFFERED, Control.BOT]
    for one, control in zip((first, second, rated), controls, strict=True):
        assert control == await world.desk.reading.control(one.id)
    assert [page.rated for page in found if isinstance(page, Page)] == [(), (), (1,)]


async def test_what_fails_for_one_page_fails_for_no_other(world: World) -> None:
    (here,) = await talks(world, [3])
    unknown, unspeakable = ConversationId("none"), ConversationId("\ud800")
    fine, missing, refused = await pages(world, [(here, 1), (unknown, 0), (unspeakable, 0)])
    assert told(fine) == [2, 3]
    assert isinstance(missing, NotFound)
    assert isinstance(refused, BadInput)


async def test_a_record_that_is_away_is_away_for_all_and_asked_once(world: World) -> None:
    (here,) = await talks(world, [2])
    engine, tries = world.backends.records.engine.sync_engine, []

    def away(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if statement.startswith("SELECT"):
            tries.append(statement)
            raise sa.exc.OperationalError(statement, None, Exception("the disk is away"))

    sa.event.listen(engine, "before_cursor_execute", away)
    found = await pages(world, [(here, 0)] * 3)
    sa.event.remove(engine, "before_cursor_execute", away)
    assert [type(one) for one in found] == [Unavailable] * 3
    assert len(tries) == 1
    assert told((await pages(world, [(here, 0)]))[0]) == [1, 2]


async def test_who_goes_meanwhile_keeps_nobody_waiting_and_the_end_leaves_nobody_behind(world: World) -> None:
    (here,) = await talks(world, [2])
    asking = [asyncio.create_task(world.desk.reading.page(here, 1)) for _ in range(3)]
    await asyncio.sleep(0)
    asking[0].cancel()
    assert told(await asking[1]) == [2]
    assert asking[0].cancelled()
    left = asyncio.create_task(world.desk.reading.page(here, 1))
    await asyncio.sleep(0)
    await world.desk.reading.close()
    with pytest.raises(asyncio.CancelledError):
        await left
    assert told((await pages(world, [(here, 1)]))[0]) == [2]


async def test_while_many_wait_to_be_read_others_are_let_in_one_after_the_other(world: World) -> None:
    (here,) = await talks(world, [2])
    reading, order = world.desk.reading, list[str]()

    async def asks(number: int) -> None:
        await reading.page(here, 1)
        order.append(f"told {number}")

    async def comes(number: int) -> None:
        await reading.let_in()
        order.append(f"in {number}")
        if number % 3:  # the others say nothing, and keep nobody out
            await asks(number)

    await reading.let_in()  # nobody is there: at once
    asking = [asyncio.create_task(asks(number)) for number in range(ROOM + 1)]
    await asyncio.sleep(0)
    coming = [asyncio.create_task(comes(number)) for number in range(1_000, 1_000 + 2 * ROOM)]
    await asyncio.sleep(0)
    assert order == []
    coming[1].cancel()
    await asyncio.gather(*asking, *coming, return_exceptions=True)
    entered = [int(one.split()[1]) for one in order if one.startswith("in ")]
    assert entered == [number for number in range(1_000, 1_000 + 2 * ROOM) if number != 1_001]
    assert order.index("told 0") < order.index("in 1000"), "who was there is served first"
    assert order.index("told 1000") < order.index(f"in {999 + 2 * ROOM}"), "and the first before the last is greeted"
    await reading.let_in()


async def test_who_waits_at_the_door_when_all_ends_is_sent_away(world: World) -> None:
    (here,) = await talks(world, [2])
    reading = world.desk.reading
    asking = [asyncio.create_task(reading.page(here, 1)) for _ in range(ROOM + 1)]
    await asyncio.sleep(0)
    outside = asyncio.create_task(reading.let_in())
    await asyncio.sleep(0)
    await reading.close()
    ended = await asyncio.gather(outside, *asking, return_exceptions=True)
    assert {type(one) for one in ended} == {asyncio.CancelledError}


async def test_nothing_said_while_a_page_comes_back_is_missed_or_read_twice(world: World) -> None:
    """Who asks gets the record as of a moment after the question: what was said before it is in the page."""
    (here,) = await talks(world, [2])

    async def comes(number: int) -> None:
        said = CustomerMessage("words", f"page-{number}")
        entry = (await world.desk.customers.record_customer_message(here, said)).entry
        page = await world.desk.reading.page(here, entry.offset - 1)
        assert told(page)[0] == entry.offset
        assert told(page) == list(range(entry.offset, page.stored.conversation.last_offset + 1))

    await asyncio.gather(*(comes(number) for number in range(40)))


async def test_a_page_that_comes_back_over_its_socket_costs_two_queries(tmp_path: Path) -> None:
    async with running_service(tmp_path) as service:
        async with service.new_customer() as (page, welcome):
            await page.says(type="say", client_id="a1", text="Hello!")
            await page.hears("entry", lambda entry: entry["offset"] == 3)
        known = {"token": welcome["token"], "conversation": welcome["conversation"], "after": 2}
        with asked(service.backends.records.engine.sync_engine) as queries:
            async with service.customer() as page:
                await page.says(type="hello", **known)
                await page.hears("heartbeat")
        assert page.offsets() == [3]
        # The service's own clocks ask, too, but for no conversation by its name.
        assert sum("conversations.id IN (" in query for query in queries) == 2
        assert not [query for query in queries if "conversations.id = ?" in query]
