"""The record's tables come to be by migrations, on both databases; what was written before one is there after it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.channels.channel import Attachment
from handover.agents import Agent
from handover.backends import open_backends
from handover.backends.records_sql import tables, tables_of_work
from handover.backends.records_sql.engine import make_engine
from handover.backends.records_sql.migrate import HEAD, MIGRATIONS, migrate
from handover.backends.records_sql.state import state_of
from handover.entries import CustomerId
from handover.errors import BadInput, Unavailable
from handover.evidence import Evidence, TurnReport
from handover.inboxes import Inbox
from handover.record_ports_inboxes import KeptInbox
from handover.record_ports_intake import Heard, Identity
from handover.record_ports_media import MediaState
from tests.support.desk_world import ASKED, World, open_world
from tests.support.distributed import Database

KINDS = ["sqlite", pytest.param("postgres", marks=pytest.mark.servers)]


def _script() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return ScriptDirectory.from_config(config)


REVISIONS = [script.revision for script in _script().walk_revisions()][::-1]


@pytest.fixture(params=KINDS)
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a record that has no tables yet."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'record.db'}"
    database: Database = request.getfixturevalue("postgres")
    return database.url


@pytest.fixture
async def engine(url: str) -> AsyncIterator[AsyncEngine]:
    opened = make_engine(url)
    yield opened
    await opened.dispose()


def test_the_newest_migration_is_the_one_we_bring_tables_to() -> None:
    assert _script().get_current_head() == HEAD


async def test_migrations_go_up_and_down_and_make_what_the_tables_say(engine: AsyncEngine) -> None:
    for target in (*REVISIONS, *reversed(REVISIONS), "base", HEAD):
        await migrate(engine, target)
    made = await _in(engine, _shape)
    await migrate(engine, "base")
    async with engine.begin() as connection:
        await connection.run_sync(tables.metadata.create_all)
    expected = await _in(engine, _shape)
    for shape in (made, expected):
        shape.pop("alembic_version")
    assert made == expected
    assert set(made) == set(tables.metadata.tables)
    assert tables_of_work.outbox.name in made


async def _in(engine: AsyncEngine, work: Any) -> dict[str, Any]:
    async with engine.connect() as connection:
        found: dict[str, Any] = await connection.run_sync(work)
    return found


def _shape(connection: sa.Connection) -> dict[str, object]:
    look = sa.inspect(connection)
    shape: dict[str, object] = {}
    for name in look.get_table_names():
        columns = sorted((c["name"], str(c["type"]), c["nullable"], str(c["default"])) for c in look.get_columns(name))
        keys = sorted((tuple(k["constrained_columns"]), k["referred_table"]) for k in look.get_foreign_keys(name))
        unique = sorted(tuple(u["column_names"]) for u in look.get_unique_constraints(name))
        indexes = sorted((i["name"], tuple(i["column_names"]), i["unique"]) for i in look.get_indexes(name))
        checks = sorted((c["name"], c["sqltext"]) for c in look.get_check_constraints(name))
        shape[name] = (columns, look.get_pk_constraint(name)["constrained_columns"], keys, unique, indexes, checks)
    return shape


# 0004 counts an agent's capacity in slots, of which a conversation of the website takes two.
MEANT_OTHERWISE = {("agents", "capacity")}


@pytest.mark.parametrize("earlier", REVISIONS[1:-1] or REVISIONS)
async def test_a_filled_record_of_an_earlier_release_is_read_as_before(
    url: str, engine: AsyncEngine, earlier: str
) -> None:
    """Filled at the newest, brought down to ``earlier`` as that release left it, and up again."""
    async with open_world(url=url) as world:
        await _fill(world)
    before = await _in(engine, _content)
    await migrate(engine, earlier)
    then = await _in(engine, _content)
    await migrate(engine)
    after = await _in(engine, _content)
    assert any(then["entries"])
    for table, rows in then.items():
        same = [name for name in rows[0] if (table, name) not in MEANT_OTHERWISE] if rows else []
        assert _sorted(_only(row, same) for row in after[table]) == _sorted(_only(row, same) for row in rows), table
        assert len(rows) == len(before[table]), table
        # What means something else today was translated there and back.
        changed = [name for name in (rows[0] if rows else ()) if (table, name) in MEANT_OTHERWISE]
        assert [_only(row, changed) for row in after[table]] == [_only(row, changed) for row in before[table]]
    async with open_world(url=url) as world:
        await world.conversation("It still works.")


async def _fill(world: World) -> None:
    """A line in every table that this release writes."""
    mia = await world.agent("Mia")
    offered = await world.offered("I want a person", "now")
    await world.desk.agents.decline(mia, offered.id, "lunch")
    await world.desk.agents.accept(mia, offered.id, offered.epoch)
    await world.desk.agents.note(mia, offered.id, "A note.")
    await world.desk.agents.say(mia, offered.id, "m1", "Hello.", 99)
    await world.desk.agents.hand_back(mia, offered.id, offered.epoch + 1, "done", ("call",), "the cat")
    await world.desk.customers.rate(offered.id, offered.epoch + 1, 5, "Good")
    late = await world.conversation("quick")
    brief = await world.desk.bot.begin_turn(late.id, owner="x", seconds=15)
    assert brief is not None
    await world.desk.customers.ask_for_human(late.id, "h")
    await world.desk.bot.record_turn(brief, None, ASKED, TurnReport(Evidence(text=brief.text)))
    await _fill_people(world, mia, offered.customer, late.customer)
    async with world.backends.records.transaction() as tx:
        page = Inbox("line.0a1b2c3d", "line", "Shop", "U1", {"verify_token": "x"})
        await tx.inboxes.add(KeptInbox(page, "sealed"), world.clock.now())
        [file] = await tx.media.add(offered.id, 1, [Attachment("image", ref="f1")], world.clock.now())
        await tx.media.claim(world.clock.now(), world.clock.now(), 1)
        await tx.media.settle(file.id, 1, MediaState.HERE, media_type="image/png", content=b"\x89PNG\x00\xff")


async def _fill_people(world: World, agent: Agent, one: CustomerId, other: CustomerId) -> None:
    """How a platform knows a customer, by two ids, and an agent's word on who is one person."""
    now = world.clock.now()
    async with world.backends.records.transaction() as tx:
        await tx.intake.read([], [Heard("line.0a1b2c3d", "k1", "U2", "message", now, now, {"kind": "message"})], now)
        identity = Identity("line.0a1b2c3d", "U2", one, "Ann", "t1", "m1", now, "They blocked us.")
        await tx.intake.remember(identity)
        await tx.intake.also("line.0a1b2c3d", "U2", "U3")
        assert await tx.intake.identity("line.0a1b2c3d", "U3") == identity
    await world.desk.contacts.join(agent, one, other)


def _content(connection: sa.Connection) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table, as it is stored."""
    there = sa.MetaData()
    there.reflect(connection)
    content = {}
    for name, table in sorted(there.tables.items()):
        if name == "alembic_version":
            continue
        content[name] = _sorted(dict(row._mapping) for row in connection.execute(sa.select(table)))
    return content


def _sorted(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: repr(sorted(row.items(), key=lambda pair: pair[0])))


def _only(row: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: row[name] for name in names}


async def test_processes_that_start_at_once_make_the_tables_once(url: str) -> None:
    async def start() -> None:
        async with open_backends(url):
            pass

    await asyncio.gather(*(start() for _ in range(4)))
    async with open_world(url=url) as world:
        await world.conversation("It works.")


async def test_what_the_database_refuses_is_told_in_its_words(tmp_path: Path) -> None:
    (tmp_path / "record.db").write_text("this is a letter, and no database at all")
    engine = make_engine(f"sqlite+aiosqlite:///{tmp_path / 'record.db'}")
    try:
        for look in (migrate, state_of):
            with pytest.raises(Unavailable, match=r"DATABASE_URL refuses: file is not a database\. See to"):
                await look(engine)
    finally:
        await engine.dispose()


async def test_a_record_of_a_newer_release_is_refused_in_plain_words(url: str, engine: AsyncEngine) -> None:
    await migrate(engine)
    async with engine.begin() as connection:
        await connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(BadInput, match="9999"):
        async with open_backends(url):
            pass
