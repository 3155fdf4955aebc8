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
from handover.backends.records_sql import tables, tables_of_work
from handover.backends.records_sql.engine import make_engine
from handover.backends.records_sql.migrate import HEAD, MIGRATIONS, migrate
from handover.conversation import LEGAL_PAIRS, Control, Lifecycle
from handover.entries import AgentId, ConversationId, CustomerId
from handover.errors import AlreadyThere, BadInput, NotFound
from handover.ports import Told
from tests.support.desk_world import World, open_world


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
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
                "l": lifecycle,
                "c": control,
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
    "INSERT INTO turns SELECT 'b', conversation, epoch, owner, 1, 1, started_at, deadline, 'live', NULL, 1 FROM turns",
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


async def test_migrations_go_up_and_down_and_make_what_the_tables_say(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite+aiosqlite:///{tmp_path / 'record.db'}")
    try:
        for target in (HEAD, "base", HEAD):
            await migrate(engine, target)
        async with engine.connect() as connection:
            made = await connection.run_sync(_shape)
    finally:
        await engine.dispose()
    fresh = sa.create_engine("sqlite://")
    tables.metadata.create_all(fresh)
    with fresh.connect() as connection_to_fresh:
        expected = _shape(connection_to_fresh)
    fresh.dispose()
    made.pop("alembic_version")
    assert made == expected
    assert set(made) == set(tables.metadata.tables)
    assert tables_of_work.outbox.name in made


def _shape(connection: sa.Connection) -> dict[str, object]:
    look = sa.inspect(connection)
    shape: dict[str, object] = {}
    for name in look.get_table_names():
        columns = [(c["name"], str(c["type"]), c["nullable"]) for c in look.get_columns(name)]
        keys = sorted((tuple(k["constrained_columns"]), k["referred_table"]) for k in look.get_foreign_keys(name))
        unique = sorted(tuple(u["column_names"]) for u in look.get_unique_constraints(name))
        indexes = sorted((i["name"], tuple(i["column_names"]), i["unique"]) for i in look.get_indexes(name))
        checks = sorted((c["name"], c["sqltext"]) for c in look.get_check_constraints(name))
        shape[name] = (columns, look.get_pk_constraint(name)["constrained_columns"], keys, unique, indexes, checks)
    return shape


def test_the_newest_migration_is_the_one_we_bring_tables_to() -> None:
    newest = sorted(p.name for p in (MIGRATIONS / "versions").glob("v*.py"))[-1]
    assert newest.startswith(f"v{HEAD}_")


@pytest.mark.parametrize("url", ["postgresql+asyncpg://x/y", "sqlite+aiosqlite://", "sqlite:///x.db", "nonsense"])
async def test_a_store_this_release_cannot_honour_is_refused(url: str) -> None:
    with pytest.raises(BadInput, match="DATABASE_URL"):
        async with open_backends(url):
            pass


async def test_redis_is_refused_rather_than_ignored(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="REDIS_URL"):
        async with open_backends(f"sqlite+aiosqlite:///{tmp_path / 'x.db'}", "redis://localhost"):
            pass


async def test_a_record_opened_again_has_everything(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        conversation = await world.offered()
        entries = await world.desk.reading.entries(conversation.id)
    async with open_world(tmp_path, url=f"sqlite+aiosqlite:///{tmp_path / 'record.db'}") as world:
        assert await world.desk.reading.entries(conversation.id) == entries
        assert await world.desk.reading.conversation(conversation.id) == conversation
