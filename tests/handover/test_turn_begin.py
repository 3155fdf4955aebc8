"""A turn that begins with the words it answers is the turn that would have begun after them, or none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from handover.desk import CustomerMessage, Lease, Recorded
from handover.entries import ConversationId
from handover.errors import NotFound
from handover.evidence import Evidence, Reply, TurnReport
from tests.support.desk_world import ANSWER, World, open_world

MINE = Lease("mine", 15)


async def says(world: World, here: ConversationId, text: str, client_id: str = "one") -> Recorded:
    return await world.desk.customers.record_customer_message(here, CustomerMessage(text, client_id), lease=MINE)


async def test_it_knows_what_a_turn_knows_that_begins_afterwards(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        here = (await world.conversation("Hello.")).id
        begun = (await says(world, here, "Where is my order?")).begun
        assert begun is not None
        assert await world.desk.bot.release(here, "mine")
        after = await world.desk.bot.begin_turn(here, owner="mine", seconds=15)
        assert after is not None
        assert replace(begun, turn=after.turn) == after
        assert (begun.text, begun.first_offset, begun.last_offset) == ("Hello.\nWhere is my order?", 2, 3)
        assert [entry.text for entry in begun.history][-2:] == ["Hello.", "Where is my order?"]


async def test_it_is_answered_once_and_another_may_not_begin_meanwhile(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        here = (await world.conversation()).id
        recorded = await says(world, here, "Where is my order?")
        assert recorded.begun is not None
        assert await world.desk.bot.turn_may_speak(recorded.begun.turn, recorded.begun.epoch)
        assert await world.desk.bot.begin_turn(here, owner="other", seconds=15) is None
        report = TurnReport(Evidence(recorded.begun.text))
        end = await world.desk.bot.record_turn(recorded.begun, Reply("On its way."), ANSWER, report)
        assert end.outcome == "committed"
        assert await world.desk.bot.unanswered(older_than=0) == []


async def test_words_during_another_turn_begin_none_and_end_its_word(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        here = (await world.conversation("Hello.")).id
        brief = await world.desk.bot.begin_turn(here, owner="other", seconds=15)
        assert brief is not None
        recorded = await says(world, here, "Where is my order?")
        assert (recorded.begun, recorded.duplicate) == (None, False)
        assert not await world.desk.bot.turn_may_speak(brief.turn, brief.epoch)


async def test_words_said_again_begin_nothing(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        here = (await world.conversation()).id
        assert (await says(world, here, "Hello?")).begun is not None
        assert await world.desk.bot.release(here, "mine")
        again = await says(world, here, "Hello?")
        assert (again.begun, again.duplicate) == (None, True)
        assert await world.desk.bot.unanswered(older_than=0) == [here]


async def test_where_a_person_has_the_conversation_no_turn_begins(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        here = (await world.offered()).id
        assert (await says(world, here, "Hello?")).begun is None


async def test_words_that_reopen_a_conversation_begin_a_turn(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        agent, here = await world.agent("Mia"), await world.offered()
        held = await world.desk.agents.accept(agent, here.id, here.epoch)
        await world.desk.agents.resolve(agent, here.id, held.epoch)
        recorded = await says(world, here.id, "One more thing.")
        assert recorded.begun is not None
        assert recorded.begun.epoch == recorded.conversation.epoch


async def test_nothing_begins_where_nothing_is_recorded(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        with pytest.raises(NotFound):
            await says(world, ConversationId("none"), "Hello?")
        assert await world.desk.bot.at_work() == {}
