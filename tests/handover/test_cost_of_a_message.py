"""What one message costs the record: a change that adds a query to every message is seen here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from handover.screens import AGENTS, customer_topic, desk_topic
from tests.support.desk_world import World, open_world


@contextmanager
def counted(world: World) -> Iterator[list[str]]:
    """The statements of the block, by their first words."""
    statements: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        statements.append(" ".join(statement.split()[:2]))

    records = world.backends.records
    engines = {records.writing_engine, records.engine.sync_engine}
    for engine in engines:
        sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        for engine in engines:
            sa.event.remove(engine, "before_cursor_execute", note)


async def test_a_customer_s_message_costs_four_queries_and_three_frames(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        here = (await world.conversation("hi")).id
        async with world.desk.live.follow(customer_topic(here), desk_topic(here), AGENTS) as follower:
            with counted(world) as statements:
                await world.says(here, "one more")
            assert statements[0] == "BEGIN IMMEDIATE"
            assert [first.split()[0] for first in statements[1:]] == ["SELECT", "INSERT", "UPDATE", "UPDATE"]
            heard = []
            async for told in follower:
                heard.append((told.topic.partition(":")[0], told.kind))
                if told.topic == AGENTS:
                    break
            assert heard == [("customer", "entry"), ("desk", "entry"), ("agents", "conversation")]


async def test_a_whole_turn_of_the_bot_costs_no_more_queries_than_it_needs(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        here = (await world.conversation("hi")).id
        with counted(world) as statements:
            await world.bot_turn(here)
        assert len(statements) <= 14, statements
