"""What the way in asks of every record: webhooks until they are read, events once, one worker for each person."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from handover.entries import CustomerId
from handover.record_ports_intake import NO_TARGET, Arrival, Heard, Identity
from handover.stored import Customer
from tests.support.desk_world import World, open_world

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
LATER = NOW + timedelta(seconds=30)
INBOX = "telegram.aaaa0001"


@pytest.fixture
async def world(any_record: str, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path) as opened:
        yield opened


def an_arrival(body: bytes = b"{}") -> Arrival:
    return Arrival("telegram", (INBOX,), "telegram.aaaa0001", {"content-type": "x/y"}, body, NOW)


def an_event(key: str, *, person: str = "p1", seconds: int = 0, **more: Any) -> Heard:
    at = NOW + timedelta(seconds=seconds)
    event = Heard(INBOX, key, person, "message", at, NOW, {"kind": "message", "text": key}, message=key)
    return replace(event, **more)


async def keep(world: World, *events: Heard, due: datetime = NOW) -> int:
    async with world.backends.records.transaction() as tx:
        return await tx.intake.read([], events, due)


async def waiting(world: World, person: str = "p1") -> list[str]:
    async with world.backends.records.reading() as tx:
        return [event.key for event in await tx.intake.events_of(INBOX, person, 100)]


async def claimed(world: World, at: datetime = NOW) -> list[tuple[str, str]]:
    async with world.backends.records.transaction() as tx:
        return await tx.intake.claim_people(at, at + timedelta(seconds=30), 10)


async def test_a_webhook_is_one_workers_until_its_lease_ends_and_gone_once_read(world: World) -> None:
    records = world.backends.records
    body = bytes(range(256)) * 10
    async with records.transaction() as tx:
        await tx.intake.keep([an_arrival(body), an_arrival(b"2")])
    async with records.transaction() as tx:
        first = await tx.intake.due_arrivals(NOW, LATER, 1)
    async with records.transaction() as tx:
        second = await tx.intake.due_arrivals(NOW, LATER, 10)
    assert [one.body for one in first] == [body]
    assert [one.body for one in second] == [b"2"]
    assert (first[0].inboxes, first[0].headers, first[0].tries) == ((INBOX,), {"content-type": "x/y"}, 1)
    async with records.transaction() as tx:
        assert [one.tries for one in await tx.intake.due_arrivals(LATER, LATER + timedelta(seconds=30), 10)] == [2, 2]
        await tx.intake.read([first[0].id], [], NOW)
        await tx.intake.arrival_aside(second[0].id, "no JSON")
    async with records.reading() as tx:
        assert [(one.what, one.note, one.text) for one in await tx.intake.bodies_aside(10)] == [
            ("webhook", "no JSON", "2")
        ]
        assert await tx.intake.backlog() == (0, None)


async def test_an_event_is_kept_once_for_each_inbox(world: World) -> None:
    assert await keep(world, an_event("a"), an_event("b"), an_event("a")) == 2
    assert await keep(world, an_event("b"), an_event("c"), an_event("a", inbox="telegram.bbbb0002")) == 2
    assert await waiting(world) == ["a", "b", "c"]


async def test_an_event_that_was_done_says_nothing_any_more_and_is_still_known(world: World) -> None:
    await keep(world, an_event("a"))
    async with world.backends.records.transaction() as tx:
        [event] = await tx.intake.events_of(INBOX, "p1", 1)
        await tx.intake.done(event.id)
    assert await waiting(world) == []
    assert await keep(world, an_event("a")) == 0


async def test_events_come_in_the_platforms_order(world: World) -> None:
    await keep(world, an_event("third", seconds=3), an_event("first", seconds=1))
    await keep(world, an_event("second", seconds=2))
    assert await waiting(world) == ["first", "second", "third"]


async def test_one_worker_has_a_person_and_others_are_not_kept_waiting(world: World) -> None:
    await keep(world, an_event("a"), an_event("b", person="p2"))
    assert sorted(await claimed(world)) == [(INBOX, "p1"), (INBOX, "p2")]
    assert await claimed(world) == []
    async with world.backends.records.transaction() as tx:
        await tx.intake.release(INBOX, "p1")
        await tx.intake.release(INBOX, "p2", NOW + timedelta(seconds=5))
    assert await claimed(world) == [(INBOX, "p1")]
    assert await claimed(world, NOW + timedelta(seconds=6)) == [(INBOX, "p2")]
    async with world.backends.records.transaction() as tx:
        await tx.intake.release_all()
    assert len(await claimed(world)) == 2


async def test_nobody_is_claimed_before_an_event_is_due(world: World) -> None:
    await keep(world, an_event("a"), due=LATER)
    assert await claimed(world) == []
    assert await claimed(world, LATER) == [(INBOX, "p1")]


async def test_two_workers_never_have_the_same_person(world: World) -> None:
    await keep(world, *(an_event(f"e{n}", person=f"p{n}") for n in range(30)))
    found: list[list[tuple[str, str]]] = []

    async def work() -> None:
        for _ in range(3):
            found.append(await claimed(world))

    await asyncio.gather(*(work() for _ in range(4)))
    people = [person for some in found for _, person in some]
    assert len(people) == len(set(people)) == 30


async def test_ids_of_one_person_mean_one_person(world: World) -> None:
    await keep(world, an_event("a", person="31612345678"))
    await keep(world, an_event("b", person="US.abc", aliases=("31612345678",), seconds=1))
    await keep(world, an_event("c", person="US.abc", seconds=2), an_event("d", person="new", aliases=("new2",)))
    assert await waiting(world, "31612345678") == ["a", "b", "c"]
    async with world.backends.records.reading() as tx:
        known = [await tx.intake.identity(INBOX, name) for name in ("US.abc", "31612345678", "new2", "nobody")]
    assert [one and one.external_id for one in known] == ["31612345678", "31612345678", "new", None]


async def test_many_readers_of_the_same_webhook_make_its_events_once(world: World) -> None:
    events = [an_event(f"e{n}", person=f"p{n % 7}", aliases=(f"q{n % 7}",)) for n in range(40)]
    new = await asyncio.gather(keep(world, *events), keep(world, *events[::-1]), keep(world, *events))
    assert sum(new) == 40


async def test_what_speaks_of_a_message_is_found_and_woken(world: World) -> None:
    await keep(world, an_event("edit", kind="edit", message=None, target="m1"))
    async with world.backends.records.transaction() as tx:
        [event] = await tx.intake.about(INBOX, "m1")
        await tx.intake.aside(event.id, NO_TARGET)
    assert await waiting(world) == []
    async with world.backends.records.transaction() as tx:
        await tx.intake.rearm(INBOX, "m1", NOW)
    assert await waiting(world) == ["edit"]


async def test_what_was_taken_back_is_repeated_by_nothing_that_was_kept_aside(world: World) -> None:
    await keep(world, an_event("m1", note="A kind that we do not know."), an_event("m2", note="Neither."))
    async with world.backends.records.transaction() as tx:
        await tx.intake.erase(INBOX, {"m1"})
    async with world.backends.records.reading() as tx:
        said = {one.id: one.text for one in await tx.intake.kept_aside(before=None, limit=10)}
    assert sorted("m2" in text for text in said.values()) == [False, True]


async def test_who_somebody_is_is_remembered(world: World) -> None:
    await keep(world, an_event("a"))
    async with world.backends.records.transaction() as tx:
        await tx.people.add_customer(Customer(CustomerId("c1")), NOW)
        known = await tx.intake.identity(INBOX, "p1", lock=True)
        assert known == Identity(INBOX, "p1")
        told = replace(known, customer=CustomerId("c1"), name="Bo", thread="t", last_message="m", blocked_at=NOW)
        await tx.intake.remember(told)
    async with world.backends.records.reading() as tx:
        assert await tx.intake.identity(INBOX, "p1") == told
        assert await tx.intake.whose(INBOX, CustomerId("c1")) == told
        assert await tx.intake.whose("telegram.bbbb0002", CustomerId("c1")) is None
