"""What every record keeps to, told through the port; and what the database itself refuses, told in SQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from handover.backends import open_backends
from handover.conversation import LEGAL_PAIRS, Control, Lifecycle
from handover.entries import AgentId, ConversationId, CustomerId
from handover.errors import AlreadyThere, BadInput, NotFound, Unavailable
from handover.ports import Told
from tests.support.desk_world import World, open_world


@pytest.fixture
async def world(any_record: str, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path) as opened:
        yield opened


async def sql(world: World, text: str, **values: object) -> None:
    async with world.backends.records.transaction() as tx:
        await tx.connection.execute(sa.text(text), values)


async def test_nothing_is_kept_and_nobody_is_told_when_a_transaction_fails(world: World) -> None:
    conversation = await world.conversation("hi")
    before = await world.desk.reading.stored(conversation.id)
    async with world.desk.live.follow("t") as follower:
        with pytest.raises(NotFound):
            await _save_and_fail(world, conversation.id)
        await world.desk.live.publish(Told("t", "x", "first"))
        async for told in follower:
            assert told.text == "first"
            break
    assert await world.desk.reading.stored(conversation.id) == before


async def _save_and_fail(world: World, conversation: ConversationId) -> None:
    async with world.backends.records.transaction() as tx:
        row = await tx.conversations.get(conversation, lock=True)
        await tx.conversations.save(row)
        tx.after_commit(Told("t", "x", "never"))
        await tx.conversations.get(ConversationId("none"))


async def test_a_reading_refuses_no_writer_and_sees_one_moment(world: World) -> None:
    conversation = await world.conversation("hi")
    async with world.backends.records.reading() as tx:
        before = await tx.conversations.get(conversation.id)
        await world.says(conversation.id, "more")
        assert await tx.conversations.get(conversation.id) == before
    assert (await world.desk.reading.conversation(conversation.id)).last_offset == 3


async def test_a_glance_sees_one_moment_beside_others_and_cannot_write(world: World) -> None:
    here = (await world.conversation("hi")).id
    async with world.backends.records.glance() as first:
        before = await first.conversations.get(here)
        await world.says(here, "more")
        async with world.backends.records.glance() as second:
            assert (await second.conversations.get(here)).conversation.last_offset == 3
        assert await first.conversations.get(here) == before
    with pytest.raises((DBAPIError, Unavailable)):
        async with world.backends.records.glance() as tx:
            await tx.conversations.mark(here, told=1)
    async with world.backends.records.glance() as tx:
        assert (await tx.conversations.get(here)).conversation.last_offset == 3


async def test_a_customer_has_one_open_conversation_though_many_ask_at_once(world: World) -> None:
    customer = await world.desk.customers.new_customer()
    starts = [world.desk.customers.start("web", customer.id, greeting="Hi") for _ in range(20)]
    assert len({c.id for c in await asyncio.gather(*starts)}) == 1
    one = await world.desk.customers.start("web", customer.id)
    async with world.backends.records.transaction() as tx:
        other = replace(one, id=ConversationId("other"))
        with pytest.raises(AlreadyThere):
            await tx.conversations.insert(other)


async def test_many_words_at_once_get_offsets_without_gaps(world: World) -> None:
    conversation = await world.conversation()
    await asyncio.gather(*(world.says(conversation.id, f"word {n}") for n in range(30)))
    entries = await world.desk.reading.entries(conversation.id)
    assert [e.offset for e in entries] == list(range(1, 32))
    assert len({e.text for e in entries}) == 31
    assert await world.desk.reading.entries(conversation.id, 28) == entries[28:]
    assert await world.desk.reading.entries_before(conversation.id, 5, 2) == entries[2:4]


async def test_what_is_not_there_is_not_found(world: World) -> None:
    async with world.backends.records.reading() as tx:
        with pytest.raises(NotFound):
            await tx.conversations.get(ConversationId("none"))
        with pytest.raises(NotFound):
            await tx.people.customer(CustomerId("none"))
        with pytest.raises(NotFound):
            await tx.people.agent(AgentId("none"))


async def test_the_database_refuses_every_illegal_pair(world: World) -> None:
    conversation = await world.conversation("hi")
    change = "UPDATE conversations SET lifecycle = :l, control = :c, agent = :a, waiting_since = :w WHERE id = :id"
    mia = await world.agent("Mia")
    for lifecycle in Lifecycle:
        for control in Control:
            values = {
                "l": str(lifecycle),
                "c": str(control),
                "a": mia.id if control is Control.HUMAN else None,
                "w": "2026-01-01 00:00:00" if control is Control.OFFERED else None,
                "id": conversation.id,
            }
            if (lifecycle, control) in LEGAL_PAIRS:
                await sql(world, change, **values)
            else:
                with pytest.raises(DBAPIError):
                    await sql(world, change, **values)


REFUSED = [
    "UPDATE conversations SET agent = 'mia'",
    "UPDATE conversations SET control = 'human'",
    "UPDATE conversations SET control = 'offered'",
    "UPDATE conversations SET last_customer_offset = 99",
    "UPDATE conversations SET customer = 'nobody'",
    'UPDATE entries SET "offset" = 1',
    "UPDATE entries SET client_id = 'same'",
    "UPDATE entries SET provider_message_id = 'same'",
    "UPDATE entries SET author_kind = 'ghost'",
    "INSERT INTO ratings VALUES ('none', 1, 5, NULL, NULL, '2026-01-01 00:00:00')",
    "INSERT INTO turns SELECT 'b', conversation, epoch, owner, 1, 1, started_at, deadline, 'live', NULL, true "
    "FROM turns",
    "INSERT INTO offers (id, conversation, epoch, reason, packet, made_at, expires_at, round, told_long) "
    "SELECT 'b', conversation, 99, reason, packet, made_at, expires_at, round, told_long FROM offers",
    "UPDATE agents SET role = 'owner'",
    "UPDATE agents SET email = 'MIA@example.com'",
    "UPDATE agents SET capacity = -1",
]


@pytest.mark.parametrize("statement", REFUSED)
async def test_the_database_keeps_the_rules_by_itself(world: World, statement: str) -> None:
    await world.agent("Mia")
    await world.offered()
    conversation = await world.conversation("a", "b")
    assert await world.desk.bot.begin_turn(conversation.id, owner="x", seconds=15)
    with pytest.raises(DBAPIError):
        await sql(world, statement)


@pytest.mark.parametrize(
    "url", ["postgresql+asyncpg://x/y", "sqlite+aiosqlite://", "sqlite:///x.db", "nonsense", "postgresql://x"]
)
async def test_a_store_this_release_cannot_honour_is_refused(url: str) -> None:
    with pytest.raises(BadInput, match="DATABASE_URL"):
        async with open_backends(url):
            pass


async def test_redis_is_refused_rather_than_ignored(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="REDIS_URL"):
        async with open_backends(f"sqlite+aiosqlite:///{tmp_path / 'x.db'}", "redis://localhost"):
            pass


async def test_a_record_opened_again_has_everything(world: World) -> None:
    conversation = await world.offered()
    entries = await world.desk.reading.entries(conversation.id)
    address = world.backends.records.engine.url.render_as_string(hide_password=False)
    async with open_world(url=address) as again:
        assert await again.desk.reading.entries(conversation.id) == entries
        assert await again.desk.reading.conversation(conversation.id) == conversation


async def test_a_refused_row_takes_nothing_else_with_it(world: World) -> None:
    """Who asks for something that is there already may go on; what else was done is kept."""
    conversation = await world.conversation("hi")
    async with world.backends.records.transaction() as tx:
        with pytest.raises(AlreadyThere):
            await tx.conversations.insert(replace(conversation, id=ConversationId("other")))
        await tx.people.set_email(conversation.customer, "ann@example.com")
    assert (await world.desk.reading.customer(conversation.customer)).email == "ann@example.com"


async def test_a_failed_statement_that_is_passed_over_never_looks_kept(world: World) -> None:
    """PostgreSQL ends the whole transaction then, and its COMMIT does not say so."""
    conversation = await world.conversation("hi")
    kept = True
    try:
        async with world.backends.records.transaction() as tx:
            await tx.people.set_email(conversation.customer, "ann@example.com")
            with pytest.raises(DBAPIError):
                await tx.connection.execute(sa.text("UPDATE conversations SET last_customer_offset = 99"))
    except RuntimeError:
        kept = False
    assert ((await world.desk.reading.customer(conversation.customer)).email is not None) == kept


async def test_whatever_text_people_write_comes_back_as_it_was(world: World) -> None:
    words = [
        "\U0001f468\u200d\U0001f469\u200d\U0001f467 \u202e",
        "'; DROP TABLE entries; --",
        "%s %(x)s :x ?",
        "\\x00 \\",
        "\ufffe\uffff\U0010ffff",
    ]
    conversation = await world.conversation(*words)
    assert [e.text for e in await world.desk.reading.entries(conversation.id, 1)] == words


async def test_what_no_database_takes_is_shown_as_a_sign_in_a_line_and_refused_elsewhere(world: World) -> None:
    conversation = await world.conversation("half of a pair \ud800, and nul \x00")
    assert (await world.texts(conversation.id))[-1] == "half of a pair \ufffd, and nul \ufffd"
    await world.bot_turn(conversation.id, "An answer\x00.")
    assert (await world.texts(conversation.id))[-1] == "An answer\ufffd."
    mia = await world.agent("Mia")
    with pytest.raises(BadInput):
        await world.desk.agents.note(mia, conversation.id, "half of a pair \ud800")
    assert await world.desk.reading.notes(conversation.id) == []
