"""Joining customers who are one person, and splitting them: what it does, what it never does, and many at once."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from handover.agents import Agent
from handover.backends.records_sql import tables as t
from handover.backends.records_sql.tables_of_intake import identities
from handover.backends.records_sql.tables_of_work import dialogues
from handover.conversation import Conversation
from handover.desk_for_contacts import MOST_CONVERSATIONS, MOST_FOUND, MOST_MEMBERS
from handover.entries import CustomerId
from handover.errors import AlreadyThere, BadInput, IllegalMove, NotFound, SwitchboardError
from handover.screens import AGENTS, desk_topic
from tests.support.desk_world import World, fresh_record, open_world, two_replicas

KINDS = ["sqlite", pytest.param("postgres", marks=pytest.mark.servers)]
TELEGRAM = "telegram.aaaa0001"


@pytest.fixture(params=KINDS)
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return await fresh_record(tmp_path)
    found: str = request.getfixturevalue("postgres").url
    return found


@pytest.fixture
async def world(url: str) -> AsyncIterator[World]:
    async with open_world(url=url) as opened:
        yield opened


async def three(world: World) -> tuple[Agent, CustomerId, CustomerId, CustomerId]:
    """An agent and three customers without a conversation."""
    ids = [(await world.desk.customers.new_customer(name=name)).id for name in ("Ann", "Bea", "Cem")]
    return await world.agent("Ines"), ids[0], ids[1], ids[2]


async def together(world: World, customer: CustomerId) -> set[CustomerId]:
    """Everybody a customer is one person with, themselves left out."""
    return {one.customer.id for one in (await world.desk.contacts.see(customer)).members} - {customer}


async def table(world: World, which: sa.Table) -> list[Any]:
    async with world.backends.records.reading() as tx:
        return sorted(map(repr, await tx.connection.execute(sa.select(which))))


async def notes(world: World, conversation: Conversation) -> list[str]:
    return [note.text for note in await world.desk.reading.notes(conversation.id)]


async def test_a_split_after_a_join_leaves_both_as_they_were(world: World) -> None:
    ines, ann, bea, cem = await three(world)
    await world.desk.contacts.join(ines, ann, bea)
    assert [await together(world, one) for one in (ann, bea, cem)] == [{bea}, {ann}, set()]
    await world.desk.contacts.split(ines, ann)
    assert [await together(world, one) for one in (ann, bea, cem)] == [set(), set(), set()]
    assert (await world.desk.contacts.see(bea)).customer.contact is None
    deeds = (await world.desk.contacts.see(bea)).deeds
    assert {(deed.deed, deed.agent, deed.one, deed.others) for deed in deeds} == {
        ("joined", "ines", (ann,), (bea,)),
        ("split", "ines", (ann,), (bea,)),
    }


async def test_who_joins_a_contact_and_leaves_it_leaves_it_as_it_was(world: World) -> None:
    ines, ann, bea, cem = await three(world)
    await world.desk.contacts.join(ines, ann, bea)
    before = (await world.desk.contacts.see(ann)).customer.contact
    for one, other in ((cem, ann), (bea, cem)):
        await world.desk.contacts.join(ines, one, other)
        assert await together(world, ann) == {bea, cem}
        await world.desk.contacts.split(ines, cem)
        assert [await together(world, who) for who in (ann, bea, cem)] == [{bea}, {ann}, set()]
        assert (await world.desk.contacts.see(ann)).customer.contact == before


async def test_two_contacts_become_one_and_a_split_takes_exactly_one_out(world: World) -> None:
    ines, ann, bea, cem = await three(world)
    dan = (await world.desk.customers.new_customer(name="Dan")).id
    await world.desk.contacts.join(ines, ann, bea)
    await world.desk.contacts.join(ines, cem, dan)
    await world.desk.contacts.join(ines, bea, dan)
    assert await together(world, ann) == {bea, cem, dan}
    await world.desk.contacts.split(ines, bea)
    assert [await together(world, one) for one in (ann, bea, cem, dan)] == [{cem, dan}, set(), {ann, dan}, {ann, cem}]


async def test_what_makes_no_sense_is_refused_and_changes_nothing(world: World) -> None:
    ines, ann, bea, cem = await three(world)
    nobody = CustomerId("nobody")
    await world.desk.contacts.join(ines, ann, bea)
    await world.desk.contacts.join(ines, bea, cem)
    before = (await world.desk.contacts.see(ann)).deeds
    for one, other, error in [
        (ann, ann, BadInput),
        (ann, cem, AlreadyThere),
        (cem, ann, AlreadyThere),
        (ann, nobody, NotFound),
        (nobody, ann, NotFound),
    ]:
        with pytest.raises(error):
            await world.desk.contacts.join(ines, one, other)
    with pytest.raises(NotFound):
        await world.desk.contacts.split(ines, nobody)
    with pytest.raises(NotFound):
        await world.desk.contacts.see(nobody)
    alone = (await world.desk.customers.new_customer()).id
    with pytest.raises(IllegalMove, match="joined with nobody"):
        await world.desk.contacts.split(ines, alone)
    assert (await world.desk.contacts.see(ann)).deeds == before
    assert await together(world, ann) == {bea, cem}


async def test_a_contact_has_an_end(world: World) -> None:
    ines, ann, *_ = await three(world)
    for _ in range(MOST_MEMBERS - 1):
        await world.desk.contacts.join(ines, (await world.desk.customers.new_customer()).id, ann)
    with pytest.raises(BadInput, match="At most 20"):
        await world.desk.contacts.join(ines, (await world.desk.customers.new_customer()).id, ann)


async def test_agents_see_the_other_conversations_and_are_told_at_once(world: World) -> None:
    ines = await world.agent("Ines")
    here, there = await world.conversation("hello"), await world.conversation("hi", inbox=TELEGRAM)
    async with world.backends.live.follow(AGENTS, desk_topic(here.id), desk_topic(there.id)) as told:
        await world.desk.contacts.join(ines, here.customer, there.customer)
        heard = [await anext(aiter(told)) for _ in range(4)]
    rows = {news["conversation"]: news for news in (json.loads(one.text) for one in heard) if news["type"] != "note"}
    assert set(rows) == {here.id, there.id}
    assert len({row["customer"]["contact"] for row in rows.values()}) == 1
    words = {news["conversation"]: news["text"] for news in (json.loads(one.text) for one in heard) if "text" in news}
    assert words == {
        here.id: "Ines joined this customer with Ann Lee (telegram).",
        there.id: "Ines joined this customer with Ann Lee (web).",
    }
    seen = await world.desk.contacts.see(here.customer)
    assert {row.conversation.id for row in seen.conversations} == {here.id, there.id}
    changed = await world.desk.reading.changed_since(0)
    assert {row.customer.contact for row in changed} == {seen.customer.contact}
    world.clock.advance(1)
    await world.desk.contacts.split(ines, there.customer)
    assert (await notes(world, there))[1:] == ["Ines split this customer off from Ann Lee (web)."]
    assert (await notes(world, here))[1:] == ["Ines split Ann Lee (telegram) off from this customer."]
    assert [row.customer.contact for row in await world.desk.reading.changed_since(0)] == [None, None]


async def test_a_conversation_that_is_over_gets_no_note(world: World) -> None:
    ines = await world.agent("Ines")
    over, there = await world.conversation("hello"), await world.conversation("hi")
    taken = await world.desk.agents.take(ines, over.id, over.epoch)
    await world.desk.agents.resolve(ines, over.id, taken.epoch)
    await world.desk.contacts.join(ines, over.customer, there.customer)
    assert (await notes(world, over), len(await notes(world, there))) == ([], 1)
    assert (await world.desk.reading.row(over.id)).customer.contact is not None


async def test_nothing_of_a_customer_travels_to_another(world: World) -> None:
    """Neither who they proved to be nor their profile, what they said to the bot, or where its dialogue stands."""
    ines = await world.agent("Ines")
    proved = await world.desk.customers.new_customer(name="Ann", email="ann@example.com", profile={"tier": "gold"})
    stranger = await world.desk.customers.new_customer(name="Ann")
    known = await world.desk.customers.start("web", proved.id, greeting="Hello.")
    other = await world.desk.customers.start(TELEGRAM, stranger.id, greeting="Hello.")
    await world.says(known.id, "My order is 1042.")
    await world.bot_turn(known.id, "Noted.", slots={"order": "1042"})
    await world.says(other.id, "Where is my order?")
    async with world.backends.records.transaction() as tx:
        values = {"inbox": TELEGRAM, "external_id": "77", "customer": stranger.id}
        await tx.connection.execute(identities.insert(), values)
    tables = (t.customers, t.entries, t.stretches, dialogues, identities)
    before = [await table(world, one) for one in tables]
    for verb in ("join", "split"):
        if verb == "join":
            await world.desk.contacts.join(ines, proved.id, stranger.id)
        else:
            await world.desk.contacts.split(ines, proved.id)
        assert [await table(world, one) for one in tables] == before
        row = await world.desk.reading.row(other.id)
        assert (row.customer.id, row.customer.email, row.customer.profile) == (stranger.id, None, {})
        brief = await world.desk.bot.begin_turn(other.id, owner="x", seconds=15)
        assert brief is not None
        assert "1042" not in repr(brief)
        assert "gold" not in repr(brief)
        assert "ann@example.com" not in repr(brief)
        await world.desk.bot.release_turns("x")


async def test_what_a_screen_needs_of_a_contact_is_bounded(world: World) -> None:
    ines = await world.agent("Ines")
    first = await world.conversation("hello")
    for number in range(MOST_CONVERSATIONS + 5):
        await world.desk.customers.start(f"telegram.{number:08x}", first.customer, greeting="Hello.")
    for _ in range(MOST_FOUND + 5):
        await world.desk.customers.new_customer(name="Ann Other")
    other = (await world.conversation("hi")).customer
    await world.desk.contacts.join(ines, first.customer, other)
    assert len((await world.desk.contacts.see(other)).conversations) == MOST_CONVERSATIONS
    assert len(await world.desk.contacts.search(" ann ")) == MOST_FOUND
    assert {one.customer.id for one in await world.desk.contacts.search("ann lee")} == {other, first.customer}
    with pytest.raises(BadInput):
        await world.desk.contacts.search("  ")


async def test_of_agents_who_join_at_once_nothing_is_lost(url: str) -> None:
    async with two_replicas(url) as (one, two):
        ines = await one.agent("Ines")
        people = [(await one.conversation("hello")).customer for _ in range(6)]
        pairs = list(itertools.pairwise(people))
        tries = [world.desk.contacts.join(ines, a, b) for a, b in pairs for world in (one, two)]
        ends = await asyncio.gather(*tries, return_exceptions=True)
        assert {type(end) for end in ends} == {type(None), AlreadyThere}
        assert ends.count(None) == len(people) - 1
        assert await together(one, people[0]) == set(people[1:])
        assert len((await one.desk.contacts.see(people[0])).members) == len(people)


async def test_joins_splits_and_words_at_once_end_in_order(url: str) -> None:
    async with two_replicas(url) as (one, two):
        ines = await one.agent("Ines")
        here = [await one.conversation("hello") for _ in range(4)]
        people = [conversation.customer for conversation in here]

        async def tried(work: Any) -> bool:
            try:
                await work
            except SwitchboardError:
                return False
            return True

        for round in range(3):
            verbs = [tried(one.desk.contacts.join(ines, people[0], other)) for other in people[1:]]
            verbs += [tried(two.desk.contacts.split(ines, other)) for other in people]
            words = [two.desk.agents.note(ines, c.id, "A word.", f"n{round}") for c in here]
            await asyncio.gather(*verbs, *words)
        for customer in people:
            theirs = (await one.desk.contacts.see(customer)).members
            assert len(theirs) != 1 or theirs[0].contact is None
            for other in theirs:
                assert await together(one, other.customer.id) | {other.customer.id} == {m.customer.id for m in theirs}


async def test_lists_hear_at_once_that_nothing_reaches_a_customer(world: World) -> None:
    here = await world.conversation("hello", inbox=TELEGRAM)
    async with world.backends.records.transaction() as tx:
        values = {"inbox": TELEGRAM, "external_id": "77", "customer": here.customer}
        await tx.connection.execute(identities.insert(), values)
    for blocked_at in (world.clock.now(), None):
        before = (await world.desk.reading.row(here.id)).feed
        async with world.backends.records.transaction() as tx:
            await tx.connection.execute(identities.update(), {"blocked_at": blocked_at})
        async with world.backends.live.follow(AGENTS) as told:
            await world.desk.channels.note(here.id, "The platform said something of them.")
            frame = json.loads((await anext(aiter(told))).text)
        assert frame["customer"]["blocked"] is (blocked_at is not None)
        assert frame["feed"] > before
