"""What platforms report of lines: edits, deletions, reactions, deliveries, and people who answer in another app."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from handover.agents import OUTSIDE
from handover.conversation import Control, Conversation
from handover.desk import CustomerMessage
from handover.entries import AuthorKind, Entry
from handover.errors import NotFound
from handover.mark_frames import EntryMarkFrame
from handover.outcomes import DeliveryState
from tests.support.desk_world import World, fresh_record, open_world

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
INBOX = "telegram.12345678"
KINDS = ["sqlite", pytest.param("postgres", marks=pytest.mark.servers)]


@pytest.fixture(params=KINDS)
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    url = await fresh_record(tmp_path) if request.param == "sqlite" else request.getfixturevalue("postgres").url
    async with open_world(url=url) as opened:
        yield opened


async def wrote(world: World, text: str, *, id: str = "m1", at: datetime = AT, reply_to: str | None = None) -> Entry:
    """A customer of a platform says something in their one conversation."""
    async with world.backends.records.transaction() as tx:
        known = await tx.connection.execute(sa.text("SELECT id FROM customers"))
        customer = known.scalar_one_or_none()
    customer = customer or (await world.desk.customers.new_customer(name="Ann")).id
    here = await world.desk.customers.start(INBOX, customer, greeting="I am an assistant.")
    said = CustomerMessage(text, f"c-{id}", provider_message_id=id, sent_at=at, reply_to=reply_to)
    return (await world.desk.customers.record_customer_message(here.id, said)).entry


async def mark(world: World, entry: Entry) -> EntryMarkFrame:
    (found,) = [one for one in await world.desk.reading.marks(entry.conversation) if one.offset == entry.offset]
    return found


async def text_of(world: World, entry: Entry) -> str:
    return (await world.desk.reading.entries(entry.conversation, entry.offset - 1, 1))[0].text


async def now(world: World, entry: Entry) -> Conversation:
    return await world.desk.reading.conversation(entry.conversation)


async def test_edits_in_any_order_leave_the_newest_words(world: World) -> None:
    last = ("three", AT + timedelta(seconds=3))
    edits = [("two", AT + timedelta(seconds=2)), last, last]
    for number, order in enumerate(itertools.permutations(edits)):
        entry = await wrote(world, "one", id=f"m{number}")
        for text, at in order:
            await world.desk.channels.edited(INBOX, f"m{number}", text, at)
        assert await text_of(world, entry) == "three"
        found = await mark(world, entry)
        assert (found.text, found.edited_at) == ("three", AT + timedelta(seconds=3))
    with pytest.raises(NotFound):
        await world.desk.channels.edited(INBOX, "never", "x", AT)
    with pytest.raises(NotFound):
        await world.desk.channels.edited("telegram.other", "m1", "x", AT)


@pytest.mark.parametrize(
    "secret", ["my card is 4000 1234 5678 9010", "7Q9", "4000 1234 " * 90, "Straße 4000 1234, und “mehr”\nals das"]
)
async def test_what_was_deleted_is_nowhere_in_the_record(world: World, secret: str) -> None:
    entry = await wrote(world, secret)
    await world.desk.customers.ask_for_human(entry.conversation, "h1")
    assert secret[:3] in str(await world.desk.reading.packet(entry.conversation))
    await world.desk.channels.deleted(INBOX, "m1", AT + timedelta(minutes=1))
    await world.desk.channels.deleted(INBOX, "m1", AT + timedelta(minutes=2))
    await world.desk.channels.edited(INBOX, "m1", secret, AT + timedelta(minutes=3))
    found = await mark(world, entry)
    assert (found.deleted, found.text) == (True, "")
    assert await text_of(world, entry) == ""
    row = await world.desk.reading.row(entry.conversation)
    assert row.last_entry is not None
    assert row.last_entry.text == "[deleted by the customer]"
    everything = await whole(world)
    assert "4000 1234" not in everything
    assert "7Q9" not in everything


async def test_a_word_of_ours_stays_ours_when_a_customer_takes_it_back(world: World) -> None:
    entry = await wrote(world, "asked")
    await world.desk.customers.ask_for_human(entry.conversation, "h1")
    await world.desk.channels.deleted(INBOX, "m1", AT + timedelta(minutes=1))
    packet = await world.desk.reading.packet(entry.conversation)
    assert packet is not None
    assert (packet["reason"], packet["goal"]) == ("asked", None)


async def whole(world: World) -> str:
    """Everything in the database, as text."""
    async with world.backends.records.engine.connect() as connection:
        found = sa.MetaData()
        await connection.run_sync(found.reflect)
        return "\n".join([str((await connection.execute(sa.select(t))).all()) for t in found.sorted_tables])


async def test_reactions_replace_one_another_and_are_taken_back(world: World) -> None:
    entry = await wrote(world, "hello")
    for emoji in ("👍", "👍", "❤️"):
        await world.desk.channels.reacted(INBOX, "m1", "Ann", emoji)
    await world.desk.channels.reacted(INBOX, "m1", "Mia", "🎉")
    assert (await mark(world, entry)).reactions == (("Ann", "❤️"), ("Mia", "🎉"))
    await world.desk.channels.reacted(INBOX, "m1", "Ann", None)
    assert (await mark(world, entry)).reactions == (("Mia", "🎉"),)


async def test_a_delivery_only_moves_forward(world: World) -> None:
    entry = await wrote(world, "hello")
    channels = world.desk.channels
    for state in (DeliveryState.SENT, DeliveryState.READ, DeliveryState.QUEUED, DeliveryState.DELIVERED):
        await channels.delivery(entry.conversation, 1, state)
    assert (await world.desk.reading.marks(entry.conversation))[0].delivery is DeliveryState.READ
    with pytest.raises(NotFound):
        await channels.delivery(entry.conversation, 99, DeliveryState.SENT)
    await channels.delivery(entry.conversation, 1, DeliveryState.FAILED, "late", "nothing")
    assert (await world.desk.reading.marks(entry.conversation))[0].delivery is DeliveryState.READ


async def test_an_older_message_that_comes_late_is_marked_and_answers_are_found(world: World) -> None:
    first = await wrote(world, "second", id="m2", at=AT + timedelta(seconds=5))
    late = await wrote(world, "first", id="m1", at=AT, reply_to="m2")
    assert not (await mark(world, first)).late
    found = await mark(world, late)
    assert (found.late, found.reply_to, found.sent_at) == (True, first.offset, AT)


async def test_a_list_row_says_which_channel_how_long_ago_by_the_platform_and_who_answers_outside(world: World) -> None:
    entry = await wrote(world, "second", id="m2", at=AT + timedelta(seconds=5))
    row = await world.desk.reading.row(entry.conversation)
    assert (row.channel, row.inbox, row.external) == ("telegram", INBOX, False)
    assert row.customer_at == AT + timedelta(seconds=5)
    await wrote(world, "first", id="m1", at=AT)
    assert (await world.desk.reading.row(entry.conversation)).customer_at == AT + timedelta(seconds=5)
    await wrote(world, "third", id="m3", at=AT + timedelta(seconds=9))
    await world.desk.channels.spoke_outside(entry.conversation, "Me!", "out1", "Telegram")
    customer = (await world.desk.customers.new_customer(name="Bea")).id
    web = await world.desk.customers.start("web", customer, greeting="Hello.")
    rows = {one.conversation: one for one in await world.desk.reading.rows("all", None)}
    assert (rows[web.id].channel, rows[web.id].customer_at, rows[web.id].external) == ("web", None, False)
    assert rows[entry.conversation].external
    assert rows[entry.conversation].customer_at == AT + timedelta(seconds=9)


async def test_somebody_who_answers_elsewhere_silences_the_bot_until_it_is_quiet(world: World) -> None:
    entry = await wrote(world, "hello")
    here = entry.conversation
    brief = await world.desk.bot.begin_turn(here, owner="x", seconds=30)
    assert brief is not None
    said = await world.desk.channels.spoke_outside(here, "I have it.", "out1", "Telegram")
    assert said is not None
    assert (said.author.kind, said.author.name) == (AuthorKind.AGENT, "A colleague in Telegram")
    assert await world.desk.channels.spoke_outside(here, "I have it.", "out1", "Telegram") is None
    state = await now(world, entry)
    assert (state.control, state.agent) == (Control.HUMAN, OUTSIDE)
    assert not await world.desk.bot.turn_may_speak(brief.turn, brief.epoch)
    assert await world.desk.bot.begin_turn(here, owner="x", seconds=30) is None
    await wrote(world, "thanks, and when?", id="m2", at=AT + timedelta(minutes=1))
    assert await world.desk.bot.begin_turn(here, owner="x", seconds=30) is None
    world.clock.advance(world.policy.channels.external_quiet_seconds - 1)
    await wrote(world, "hello?", id="m3", at=AT + timedelta(minutes=2))
    await world.desk.channels.tick()
    assert (await now(world, entry)).control is Control.HUMAN
    world.clock.advance(2)
    await world.desk.channels.tick()
    assert (await now(world, entry)).control is Control.BOT
    again = await world.desk.bot.begin_turn(here, owner="x", seconds=30)
    assert again is not None
    assert again.text == "thanks, and when?\nhello?"


async def test_an_agent_takes_over_from_outside_and_keeps_what_they_have(world: World) -> None:
    mia, tom = await world.agent("Mia"), await world.agent("Tom")
    entry = await wrote(world, "hello")
    here = entry.conversation
    await world.desk.customers.ask_for_human(here, "h1")
    await world.desk.channels.spoke_outside(here, "Me!", "out1", "Messenger")
    assert await world.desk.reading.open_offers(mia) == []
    held = await now(world, entry)
    taken = await world.desk.agents.take(mia, here, held.epoch)
    assert (taken.agent, taken.epoch) == (mia.id, held.epoch + 1)
    await world.desk.channels.spoke_outside(here, "And me.", "out2", "Messenger")
    assert (await now(world, entry)).agent == mia.id
    await world.desk.channels.returns(here)
    assert (await now(world, entry)).agent == mia.id
    async with world.backends.records.reading() as tx:
        assert {agent.id for agent in await tx.people.agents()} == {mia.id, tom.id}


async def test_agents_are_told_once_of_what_is_no_line(world: World) -> None:
    entry = await wrote(world, "hello")
    for _ in range(2):
        await world.desk.channels.note(entry.conversation, "The customer blocked us.", "k1")
    notes = await world.desk.reading.notes(entry.conversation)
    assert [note.text for note in notes] == ["The customer blocked us."]
