"""Contacts and what tells customers apart, told through the port, on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from handover.backends.records_sql.tables_of_intake import identities
from handover.entries import CustomerId
from handover.record_ports_contacts import ContactDeed, KnownAs
from tests.support.desk_world import World, open_world

INBOX = "telegram.aaaa0001"


@pytest.fixture
async def world(any_record: str, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path) as opened:
        yield opened


async def customer(world: World, name: str | None = None, email: str | None = None) -> CustomerId:
    made = await world.desk.customers.new_customer(name=name)
    if email is not None:
        async with world.backends.records.transaction() as tx:
            await tx.people.set_email(made.id, email)
    world.clock.advance(1)
    return made.id


async def known_as(world: World, who: CustomerId, external_id: str, name: str | None = None, *also: str) -> None:
    async with world.backends.records.transaction() as tx:
        values = {"inbox": INBOX, "external_id": external_id, "customer": who, "name": name}
        await tx.connection.execute(identities.insert(), values)
        for alias in also:
            await tx.intake.also(INBOX, external_id, alias)


async def found(world: World, query: str, limit: int = 20) -> list[CustomerId]:
    async with world.backends.records.reading() as tx:
        return await tx.contacts.find(query, limit)


async def test_members_are_put_in_and_taken_out(world: World) -> None:
    one, two, three = sorted([await customer(world), await customer(world), await customer(world)])
    async with world.backends.records.transaction() as tx:
        await tx.contacts.lock()
        assert await tx.contacts.contact_of(one) is None
        await tx.contacts.put("k1", (one, two))
        await tx.contacts.put("k2", (two, three))
        assert await tx.contacts.members("k2") == [two, three]
        assert await tx.contacts.members("k1") == [one]
        await tx.contacts.take_out((two,))
    async with world.backends.records.reading() as tx:
        assert [await tx.contacts.contact_of(who) for who in (one, two, three)] == ["k1", None, "k2"]


async def test_deeds_stay_with_both_their_sides(world: World) -> None:
    mia = await world.agent("Mia")
    one, two, three = sorted([await customer(world), await customer(world), await customer(world)])
    joined = ContactDeed("d1", "joined", mia.id, world.clock.now(), "k", (one,), (two, three))
    world.clock.advance(1)
    split = ContactDeed("d2", "split", mia.id, world.clock.now(), "k", (three,), (one, two))
    async with world.backends.records.transaction() as tx:
        await tx.contacts.keep_deed(joined)
        await tx.contacts.keep_deed(split)
    async with world.backends.records.reading() as tx:
        for who in (one, two, three):
            assert await tx.contacts.deeds((who,), 10) == [split, joined]
        assert await tx.contacts.deeds((one, two), 1) == [split]
        assert await tx.contacts.deeds((CustomerId("nobody"),), 10) == []


async def test_what_tells_a_customer_apart(world: World) -> None:
    ann, bob = await customer(world, "Ann", "ann@example.com"), await customer(world)
    await known_as(world, ann, "77", "Annie", "bs-1", "bs-0")
    await known_as(world, ann, "78")
    here = await world.desk.customers.start(INBOX, ann, greeting="Hello.")
    async with world.backends.records.transaction() as tx:
        await tx.contacts.put("k", (ann, bob))
    async with world.backends.records.reading() as tx:
        known = {one.customer.id: one for one in await tx.contacts.known((ann, bob, CustomerId("nobody")))}
    assert set(known) == {ann, bob}
    assert known[ann].identities == (KnownAs(INBOX, "77", "Annie", also=("bs-0", "bs-1")), KnownAs(INBOX, "78"))
    assert (known[ann].customer.email, known[ann].contact, known[ann].inboxes) == ("ann@example.com", "k", (INBOX,))
    assert known[ann].last_at == here.changed_at
    assert (known[bob].identities, known[bob].inboxes, known[bob].last_at) == ((), (), None)


async def test_search_by_name_address_and_every_id(world: World) -> None:
    ann, bob = await customer(world, "Ann Lee", "ann.lee@example.com"), await customer(world, "Özil Große")
    await known_as(world, bob, "491701234567", "bobby", "US.13491208655302741918")
    of_ann = [(query, ann) for query in ("ann lee", "LEE@EX")]
    for query, who in [*of_ann, *((query, bob) for query in ("ÖZIL", "özil", "01234", "BOBBY", "us.1349"))]:
        assert await found(world, query) == [who], query
    assert await found(world, "nobody") == []
    assert await found(world, "e") == [bob, ann]
    assert await found(world, "e", 1) == [bob]


@pytest.mark.parametrize("wild", ["%", "_", "\\", "%_%", "' OR 1=1 --"])
async def test_wildcards_are_letters(world: World, wild: str) -> None:
    await customer(world, "Plain")
    assert await found(world, wild) == []
    odd = await customer(world, f"x{wild}y")
    assert await found(world, f"X{wild}Y") == [odd]


async def test_the_conversations_of_some_customers_open_ones_first(world: World) -> None:
    mia = await world.agent("Mia")
    done, other, new = (await world.conversation("a"), await world.conversation("b"), await world.conversation("c"))
    taken = await world.desk.agents.take(mia, done.id, done.epoch)
    world.clock.advance(60)
    await world.desk.agents.resolve(mia, done.id, taken.epoch)
    async with world.backends.records.reading() as tx:
        rows = await tx.contacts.conversations((done.customer, new.customer), 10)
        first = await tx.contacts.conversations((done.customer, new.customer, other.customer), 1)
    assert [row.conversation.id for row in rows] == [new.id, done.id]
    assert len(first) == 1


async def test_rows_say_the_contact_and_who_is_blocked_where(world: World) -> None:
    there, web = await world.conversation("a", inbox=INBOX), await world.conversation("b")
    await known_as(world, there.customer, "77")
    async with world.backends.records.transaction() as tx:
        await tx.contacts.put("k", (there.customer, web.customer))
        identity = await tx.intake.whose(INBOX, there.customer)
        assert identity is not None
        await tx.connection.execute(identities.update(), {"blocked_at": world.clock.now()})
    rows = {row.conversation: row.customer for row in await world.desk.reading.rows("all", None)}
    assert [(rows[one.id].contact, rows[one.id].blocked) for one in (there, web)] == [("k", True), ("k", False)]
