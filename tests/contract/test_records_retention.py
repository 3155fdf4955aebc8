"""What has had its time goes with all that hangs on it, and nothing else; on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.channels.channel import Attachment
from handover.backends.records_sql import tables as t
from handover.backends.records_sql import tables_of_contacts as contacts
from handover.backends.records_sql import tables_of_work as work
from handover.backends.records_sql.retention import BELOW, OF_A_CONVERSATION, SqlPruning
from handover.backends.records_sql.tables_of_intake import arrivals, channel_events, identities
from handover.backends.records_sql.tables_of_marks import entry_marks
from handover.backends.records_sql.tables_of_media import media, media_bytes
from handover.backends.records_sql.tables_of_parts import outbox_parts
from handover.conversation import Conversation
from handover.entries import ConversationId
from handover.evidence import Evidence, TurnReport
from handover.record_ports_intake import Arrival, Heard, Identity
from handover.record_ports_media import MediaState
from handover.retention import Days, Retention, rules_of
from tests.support.desk_world import ASKED, World, open_world

INBOX = "line.0a1b2c3d"
DAY = timedelta(days=1)


@pytest.fixture
async def world(any_record: str, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path) as opened:
        yield opened


async def rows(world: World, table: sa.Table) -> list[Any]:
    async with world.backends.records.reading() as tx:
        return list(await tx.connection.execute(sa.select(table)))


async def put(world: World, table: sa.Table, **values: Any) -> None:
    async with world.backends.records.transaction() as tx:
        await tx.connection.execute(table.insert(), values)


async def run(world: World, **days: float | None) -> dict[str, int]:
    """One run of all rules; only those of ``days`` have any."""
    none: dict[str, float | None] = dict.fromkeys(("outbox", "logins", "keys", "asides"))
    retention = Retention(SqlPruning(world.backends.records), rules_of(Days(**(none | days))), world.clock)
    due = await retention.due()
    working = asyncio.create_task(retention.once())
    while not working.done():
        world.clock.advance(0.1)
        await asyncio.sleep(0.001)
    assert due == working.result()
    return {name: count for name, count in working.result().items() if count}


async def resolved(world: World, *words: str) -> Conversation:
    mia = await world.agent("Mia") if not await rows(world, t.agents) else await _mia(world)
    made = await world.conversation(*(words or ("hello",)))
    return await world.desk.agents.resolve(mia, made.id)


async def _mia(world: World) -> Any:
    async with world.backends.records.reading() as tx:
        return (await tx.people.agents())[0]


async def a_whole_story(world: World) -> ConversationId:
    """A resolved conversation with a row in every table that a conversation has."""
    mia = await world.agent("Mia")
    offered = await world.offered("I want a person", "now")
    await world.desk.agents.decline(mia, offered.id, "lunch")
    held = await world.desk.agents.accept(mia, offered.id, offered.epoch)
    await world.desk.agents.note(mia, offered.id, "A note.")
    await world.desk.agents.say(mia, offered.id, "m1", "Hello.", 99)
    back = await world.desk.agents.hand_back(mia, offered.id, held.epoch, "done", ("call",), "the cat")
    await world.desk.customers.rate(offered.id, held.epoch, 5, "Good")
    await world.says(offered.id, "One more thing.")
    brief = await world.desk.bot.begin_turn(offered.id, owner="x", seconds=15)
    assert brief is not None
    await world.desk.customers.ask_for_human(offered.id, "h")
    await world.desk.bot.record_turn(brief, None, ASKED, TurnReport(Evidence(text=brief.text)))
    await world.desk.customers.stop_waiting(offered.id, "s")
    async with world.backends.records.transaction() as tx:
        [file] = await tx.media.add(offered.id, 1, [Attachment("image", ref="f1")], world.clock.now())
        await tx.media.claim(world.clock.now(), world.clock.now(), 1)
        await tx.media.settle(file.id, 1, MediaState.HERE, media_type="image/png", content=b"\x89PNG")
    now = world.clock.now()
    await put(world, work.drafts, conversation=offered.id, turn=None, text="A draft.", citations=[], origin="x", at=now)
    turn = (await rows(world, work.turns))[0].id
    if not await rows(world, work.dialogues):
        await put(world, work.dialogues, conversation=offered.id, turn=turn, state={})
    await put(world, entry_marks, conversation=offered.id, offset=1, version=1, reactions=[], late=False, media=[])
    await _sent(world, offered.id, back.last_offset)
    await world.desk.agents.resolve(mia, offered.id)
    return offered.id


async def _sent(world: World, where: ConversationId, offset: int, state: str = "sent") -> None:
    now = world.clock.now()
    settled = None if state == "queued" else now
    await put(
        world, work.outbox, id=offset, conversation=where, offset=offset, inbox=INBOX, state=state, tries=1,
        next_try_at=now, queued_at=now, settled_at=settled,
    )  # fmt: skip
    await put(
        world, outbox_parts, outbox=offset, number=1, inbox=INBOX, key=f"k{offset}", person="U2", text="Hello.",
        state=state, tries=1, doubt=False, note="", todo="",
    )  # fmt: skip


def test_every_table_that_hangs_on_a_conversation_is_thought_of() -> None:
    hanging, before = {"conversations"}, 0
    while len(hanging) > before:
        before = len(hanging)
        for table in t.metadata.tables.values():
            if any(key.column.table.name in hanging for key in table.foreign_keys):
                hanging.add(table.name)
    thought_of = {table.name for table in OF_A_CONVERSATION} | {table.name for table, _, _ in BELOW}
    assert thought_of == hanging - {"conversations"}


async def test_a_conversation_goes_with_everything_of_it_and_its_customer(world: World) -> None:
    await a_whole_story(world)
    other = await world.conversation("I am still here.")
    for table in [*OF_A_CONVERSATION, *(table for table, _, _ in BELOW)]:
        assert await rows(world, table), table.name
    kept = {table.name: await rows(world, table) for table in (t.agents, t.feed)}
    world.clock.advance(401 * 86_400)
    assert await run(world, conversations=400) == {"conversations": 1}
    left = {table.name: len(await rows(world, table)) for table in OF_A_CONVERSATION}
    assert {name: count for name, count in left.items() if count} == {"entries": 2, "stretches": 1}
    assert [row.id for row in await rows(world, t.conversations)] == [other.id]
    assert [row.id for row in await rows(world, t.customers)] == [other.customer]
    assert await rows(world, t.agents) == kept["agents"]
    assert await world.texts(other.id) == ["I am an automated assistant.", "I am still here."]


async def test_what_is_open_young_or_still_to_be_sent_stays(world: World) -> None:
    sending = await resolved(world, "send me this")
    await _sent(world, sending.id, 2, "queued")
    again = await resolved(world, "bye")
    await world.conversation("open")
    world.clock.advance(401 * 86_400)
    await world.says(again.id, "I am back.")
    await world.desk.agents.resolve(await _mia(world), again.id)
    await resolved(world, "just now")
    assert await run(world, conversations=400) == {}
    assert len(await rows(world, t.conversations)) == 4
    assert await run(world, conversations=None) == {}


async def test_a_customer_with_another_conversation_stays_and_a_wish_for_silence_outlives_all(world: World) -> None:
    gone, two = await resolved(world, "one"), await resolved(world, "two")
    world.clock.advance(401 * 86_400)
    fresh = await world.desk.customers.start("other.1", two.customer)
    now, mia = world.clock.now(), await _mia(world)
    third = await world.conversation("three")
    async with world.backends.records.transaction() as tx:
        for person, customer, blocked in (
            ("U1", gone.customer, None),
            ("U2", gone.customer, now),
            ("U3", two.customer, None),
        ):
            await tx.intake.read([], [Heard(INBOX, f"k{person}", person, "message", now, now, {})], now)
            await tx.intake.remember(Identity(INBOX, person, customer, "Ann", "t", "m", blocked, None))
        await tx.intake.also(INBOX, "U1", "U1b")
    await world.desk.contacts.join(mia, gone.customer, two.customer)
    assert await run(world, conversations=400) == {"conversations": 2}
    assert {row.id for row in await rows(world, t.customers)} == {two.customer, third.customer}
    known = {row.external_id: (row.customer, row.name) for row in await rows(world, identities)}
    assert known == {"U2": (None, None), "U3": (two.customer, "Ann")}
    assert await rows(world, contacts.contact_members) == []  # one alone is no contact
    assert [row.customer for row in await rows(world, contacts.contact_deed_sides)] == [two.customer]
    assert [row.id for row in await rows(world, t.conversations) if row.customer == two.customer] == [fresh.id]


async def test_the_bytes_of_a_file_go_and_the_desk_is_told(world: World) -> None:
    conversation = await world.conversation("look")
    async with world.backends.records.transaction() as tx:
        files = list(await tx.media.add(conversation.id, 1, [Attachment("image", ref="f1")], world.clock.now()))
        await tx.media.claim(world.clock.now(), world.clock.now(), 1)
        await tx.media.settle(files[0].id, 1, MediaState.HERE, media_type="image/png", content=b"\x89PNG")
        await tx.media.told(await tx.media.of_entry(conversation.id, 1))
    world.clock.advance(31 * 86_400)
    assert await run(world, media=30) == {"media": 1}
    assert await rows(world, media_bytes) == []
    [file] = await rows(world, media)
    assert (file.state, file.size) == ("refused", 0)
    assert "its time was over" in file.why.lower()
    async with world.backends.records.reading() as tx:
        assert await tx.media.untold(10) == [(conversation.id, 1)]
    assert await run(world, media=30) == {}


async def test_how_lines_went_is_known_for_a_while_and_the_lines_stay(world: World) -> None:
    conversation = await world.conversation("one", "two")
    await _sent(world, conversation.id, 1)
    await _sent(world, conversation.id, 2, "queued")
    world.clock.advance(91 * 86_400)
    await _sent(world, conversation.id, 3)
    assert await run(world, outbox=90) == {"outbox_parts": 1}
    assert sorted(row.outbox for row in await rows(world, outbox_parts)) == [2, 3]
    assert len(await rows(world, work.outbox)) == 3


async def test_keys_asides_logins_and_tries_go_by_their_own_days(world: World) -> None:
    mia, at = await world.agent("Mia"), world.clock.now()
    async with world.backends.records.transaction() as tx:
        body = Arrival("line", (INBOX,), None, {}, b"{", at)
        await tx.intake.keep([body])
        [kept] = await tx.intake.due_arrivals(at, at + DAY, 5)
        await tx.intake.arrival_aside(kept.id, "broken")
        heard = [
            Heard(INBOX, key, "U1", "message", at, at, {}, note=note) for key, note in (("done", None), ("odd", "why"))
        ]
        await tx.intake.read([], [*heard, Heard(INBOX, "due", "U1", "message", at, at, {})], at)
        [done] = [one for one in await tx.intake.events_of(INBOX, "U1", 9) if one.key == "done"]
        await tx.intake.done(done.id)
    for token, ends, revoked in (("a", DAY, None), ("b", 90 * DAY, at), ("c", 90 * DAY, None)):
        await put(
            world, t.logins, token_hash=token, agent_id=mia.id, created_at=at, expires_at=at + ends, revoked_at=revoked
        )
    await put(world, t.login_tries, key="k", at=at)
    world.clock.advance(15 * 86_400)
    assert await run(world, keys=30, asides=14, logins=30) == {"event_asides": 1, "webhook_asides": 1}
    world.clock.advance(20 * 86_400)
    assert await run(world, keys=30, asides=14, logins=30) == {"channel_keys": 1, "logins": 2, "login_tries": 1}
    assert [row.key for row in await rows(world, channel_events)] == ["due"]
    assert [row.token_hash for row in await rows(world, t.logins)] == ["c"]
    assert await rows(world, arrivals) == []


async def test_two_processes_at_once_remove_each_thing_once(world: World) -> None:
    for number in range(6):
        await resolved(world, f"{number}")
    before, pruning = world.clock.now() + DAY, SqlPruning(world.backends.records)
    went = 0
    while some := sum(await asyncio.gather(*(pruning.prune("conversations", before, 2) for _ in range(3)))):
        went += some
    assert went == 6
    assert await rows(world, t.conversations) == []
    assert await rows(world, t.customers) == []
