"""What one message costs the record: a change that adds a query to every message is seen here."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from handover.desk import CustomerMessage, Lease
from handover.evidence import Evidence, Reply, TurnReport
from handover.frames import EntryFrame
from handover.screens import AGENTS, customer_topic, desk_topic
from tests.support.desk_world import ANSWER, World, open_world
from tests.support.distributed import Database
from tests.support.line import line_to


@asynccontextmanager
async def counted(world: World) -> AsyncIterator[list[str]]:
    """The statements of the block, by their first words."""
    statements: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        written(statement)

    def written(statement: str) -> None:
        statements.append(" ".join(statement.split()[:2]))

    records = world.backends.records
    # Statements that write may go past the toolkit: the driver tells of them all, savepoints and the commit too.
    async with records.transaction() as tx:
        writer: sqlite3.Connection = tx.connection.raw
    sa.event.listen(records.engine.sync_engine, "before_cursor_execute", note)
    writer.set_trace_callback(written)
    try:
        yield statements
    finally:
        sa.event.remove(records.engine.sync_engine, "before_cursor_execute", note)
        writer.set_trace_callback(None)


async def test_a_customer_s_message_costs_four_queries_and_three_frames(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        here = (await world.conversation("hi")).id
        async with world.desk.live.follow(customer_topic(here), desk_topic(here), AGENTS) as follower:
            async with counted(world) as statements:
                await world.says(here, "one more")
            assert statements[0] == "BEGIN IMMEDIATE"
            assert [first.split()[0] for first in statements[1:]] == [
                *("SAVEPOINT", "SELECT", "INSERT", "UPDATE", "UPDATE", "RELEASE", "COMMIT")
            ]
            heard, texts = [], {}
            async for told in follower:
                heard.append((told.topic.partition(":")[0], told.kind))
                texts[told.topic] = told.text
                if told.topic == AGENTS:
                    break
            assert heard == [("customer", "entry"), ("desk", "entry"), ("agents", "conversation")]
            # Written once: the agents' is the customer's with the conversation's name.
            (entry,) = await world.desk.reading.entries(here, 2, 10)
            for topic, for_agents in ((customer_topic(here), False), (desk_topic(here), True)):
                assert EntryFrame.model_validate_json(texts[topic]) == EntryFrame.of(entry, for_agents=for_agents)


async def test_a_whole_turn_of_the_bot_costs_no_more_queries_than_it_needs(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        here = (await world.conversation("hi")).id
        async with counted(world) as statements:
            await world.bot_turn(here)
        queries = [one for one in statements if one.split()[0] in ("SELECT", "INSERT", "UPDATE", "DELETE")]
        assert len(queries) <= 11, statements


async def test_a_turn_that_begins_with_its_words_costs_two_commits(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        here = (await world.conversation("hi")).id
        await world.bot_turn(here)
        async with counted(world) as statements:
            said = CustomerMessage("Where is it?", "c-last")
            recorded = await world.desk.customers.record_customer_message(here, said, lease=Lease("test", 15))
            assert recorded.begun is not None
            words = len(statements)
            report = TurnReport(Evidence(recorded.begun.text))
            await world.desk.bot.record_turn(recorded.begun, Reply("There."), ANSWER, report)
        queries = [one.split()[0] for one in statements]
        assert queries.count("COMMIT") == 2
        kinds = ("SELECT", "INSERT", "UPDATE")
        assert sum(one in kinds for one in queries[:words]) == 7  # with the lease, and what the turn is to know
        assert sum(one in kinds for one in queries[words:]) == 7


@pytest.mark.servers
async def test_a_turn_costs_six_round_trips_on_postgresql(postgres: Database) -> None:
    async with line_to(postgres) as line, open_world(url=line.url) as world:
        here = (await world.conversation("hi")).id
        await world.bot_turn(here)
        for state in ({"kept": 1}, {"kept": 2}, {"kept": 3}):  # statements are remembered from the second time on
            before = line.sent
            said = CustomerMessage(f"Where is it? {state}", f"c-{state}")
            recorded = await world.desk.customers.record_customer_message(here, said, lease=Lease("test", 15))
            words = line.sent - before
            assert recorded.begun is not None
            report = TurnReport(Evidence(said.text), dialogue=state)
            await world.desk.bot.record_turn(recorded.begun, Reply("There."), ANSWER, report)
            assert (words, line.sent - before - words) == (3, 3)
        await world.says(here, "and now?")
        brief = await world.desk.bot.begin_turn(here, owner="test", seconds=15)
        assert brief is not None
        assert brief.dialogue == {"kept": 3}


async def test_an_agent_s_reply_costs_five_queries(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        mia, here = await world.agent("Mia"), await world.offered()
        held = await world.desk.agents.accept(mia, here.id, here.epoch)
        async with counted(world) as statements:
            await world.desk.agents.say(mia, here.id, "a1", "Hello.", held.last_offset)
        assert [one.split()[0] for one in statements[2:-2]] == ["SELECT", "SELECT", "INSERT", "UPDATE", "UPDATE"]


async def test_what_lies_beside_an_open_conversation_is_one_transaction(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        here = await world.offered()
        async with counted(world) as statements:
            beside = await world.desk.reading.beside(here.id)
        assert [one.split()[0] for one in statements] == ["BEGIN", *["SELECT"] * 4]
        assert beside.offer is not None
        assert beside.offer.conversation == here.id
