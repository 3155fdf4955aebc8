"""No query that is asked all the time reads a whole table that grows: the databases' own plans say so, on both."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from psycopg import sql

from handover.agents import Agent
from handover.backends.records_sql import postgres_statements
from handover.backends.records_sql.tables import metadata
from handover.conversation import Conversation
from tests.support.desk_world import World, open_world
from tests.support.distributed import Database

GROW = (
    *("conversations", "entries", "stretches", "requests", "customers", "identities", "entry_marks", "outbox"),
    *("turns", "decisions", "dialogues", "offers", "declines", "notes", "drafts", "hand_backs", "ratings", "waits"),
)
# A walk along an index that ends when a page is full, and the queue itself, which is as long as the people who wait.
WALKS = ("ix_conversations_feed", "ix_offers_queue", "ix_offers_ringing", "uq_offers_one_open")
# An agent types a part of a name: nothing but a look at every customer finds the middle of a word.
SEARCH = "lower(customers.name)"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.servers)])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    if request.param == "sqlite":
        async with open_world(tmp_path) as opened:
            yield opened
    else:
        database: Database = request.getfixturevalue("postgres")
        async with open_world(url=database.url) as opened:
            yield opened


@contextmanager
def asked(world: World) -> Iterator[dict[str, Any]]:
    """The statements of the block that read or change rows, each with the values it was last asked with."""
    found: dict[str, Any] = {}

    def note(connection: Any, cursor: Any, statement: str, values: Any, context: Any, many: bool) -> None:
        if not many and re.match(r"SELECT|UPDATE|DELETE", statement) and "FROM feed" not in statement:
            found[statement] = values

    engine = world.backends.records.engine.sync_engine
    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)


async def a_day(world: World) -> None:
    """What happens all the time: messages, turns, handovers, lists, opening, ticks, a customer who comes back."""
    mia = await world.agent("Mia")
    desk, reading = world.desk, world.desk.reading
    here = await world.conversation("hi", "are you there")
    await world.bot_turn(here.id)
    waiting = await world.offered()
    await desk.agents.accept(mia, waiting.id, waiting.epoch)
    await world.says(waiting.id, "hello?")
    await desk.agents.say(mia, waiting.id, "m1", "Hello.", seen=(await reading.conversation(waiting.id)).last_offset)
    await world.offered()
    await desk.agents.tick()
    await desk.bot.unanswered(older_than=0.0)
    await screens(world, mia, waiting)
    await desk.agents.resolve(mia, waiting.id)
    await desk.customers.start("web", waiting.customer, greeting="Hello again.")


async def screens(world: World, mia: Agent, here: Conversation) -> None:
    """What consoles and widgets ask when they are opened and looked through."""
    reading = world.desk.reading
    for view in ("offers", "mine", "bot", "waiting", "resolved", "all"):
        await reading.rows(view, mia)
        await reading.rows(view, mia, before=10**6)
    await reading.changed_since(0)
    await reading.open_offers(mia)
    await reading.control(here.id, for_agents=True)
    await reading.entries(here.id, 1)
    await reading.page(here.id, 0)
    await reading.entries_before(here.id, 100)
    for beside in (reading.row, reading.notes, reading.drafts, reading.marks, reading.last_offer, reading.decisions):
        await beside(here.id)
    await world.desk.contacts.see(here.customer)


async def test_nothing_that_is_asked_all_the_time_reads_a_table_from_end_to_end(world: World) -> None:
    with asked(world) as statements:
        await a_day(world)
    assert len(statements) > 30
    whole = {}
    for statement, values in statements.items():
        plan = await plan_of(world, statement, values)
        if found := scans(plan):
            whole[" ".join(statement.split())[:400]] = found
    assert not whole


@pytest.mark.servers
async def test_nor_do_those_that_go_past_the_toolkit(postgres: Database) -> None:
    async with open_world(url=postgres.url) as world:
        await a_day(world)
    whole = {}
    ours = {*metadata.tables, "next"}  # other tests of this process ask about tables of their own
    asked = [one for one in postgres_statements.known() if one.startswith(("SELECT", "UPDATE", "WITH"))]
    asked = [one for one in asked if ours.issuperset(re.findall(r"(?:FROM|JOIN|UPDATE) (\w+)", one))]
    assert len(asked) >= 6
    with psycopg.connect(postgres.url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("SET enable_seqscan = off")
        connection.execute("SET plan_cache_mode = force_generic_plan")
        for number, statement in enumerate(asked):
            connection.execute(sql.SQL("PREPARE one_{} AS {}").format(sql.SQL(str(number)), sql.SQL(statement)))
            values = ", ".join(["NULL"] * len(set(re.findall(r"\$\d+", statement))))
            given = f"({values})" if values else ""
            plan = [row[0] for row in connection.execute(sql.SQL(f"EXPLAIN EXECUTE one_{number}{given}"))]
            if found := scans(plan):
                whole[statement] = found
    assert not whole


async def test_looking_a_customer_up_is_the_exception(world: World) -> None:
    with asked(world) as statements:
        await world.desk.contacts.search("ann")
    (search,) = [one for one in statements if SEARCH in one]
    assert scans(await plan_of(world, search, statements[search]))


async def plan_of(world: World, statement: str, values: Any) -> list[str]:
    """The database's plan, a line each. PostgreSQL scans only where there is no other way."""
    engine = world.backends.records.engine
    async with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            explained = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
            return [str(row[-1]) for row in explained]
        await connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        return [str(row[0]) for row in await connection.exec_driver_sql(f"EXPLAIN {statement}", values)]


def scans(plan: list[str]) -> list[str]:
    """The lines of ``plan`` that go through a whole table that grows."""
    found = []
    for line in plan:
        table = re.search(r"(?:\bSCAN|Seq Scan on) (\w+)", line)
        if table and table[1] in GROW and not any(walk in line for walk in WALKS):
            found.append(line)
    return found
