"""The desk's verbs for the bot, as a support manager would tell them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from handover.conversation import Control
from handover.errors import Fenced
from handover.evidence import Decision, Evidence, Needs, Outcome, Reason, Reply, TurnReport
from tests.support.desk_world import ANSWER, ASKED, World, open_world


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path) as opened:
        yield opened


async def test_one_turn_answers_a_whole_burst(world: World) -> None:
    conversation = await world.conversation("hi", "where is my order", "TT-482913")
    brief = await world.desk.bot.begin_turn(conversation.id, owner="a", seconds=15)
    assert brief is not None
    assert brief.text == "hi\nwhere is my order\nTT-482913"
    assert (brief.first_offset, brief.last_offset) == (2, 4)
    assert [e.offset for e in brief.history] == [1, 2, 3, 4]
    assert await world.desk.bot.begin_turn(conversation.id, owner="b", seconds=15) is None


async def test_a_newer_message_supersedes_a_turn_and_the_next_turn_has_both(world: World) -> None:
    conversation = await world.conversation("hi")
    brief = await world.desk.bot.begin_turn(conversation.id, owner="a", seconds=15)
    assert brief is not None
    await world.says(conversation.id, "wait, something else")
    end = await world.desk.bot.record_turn(brief, Reply("Hello!"), ANSWER, TurnReport(Evidence("hi")))
    assert (end.outcome, end.entry) == ("superseded", None)
    again = await world.desk.bot.begin_turn(conversation.id, owner="a", seconds=15)
    assert again is not None
    assert again.text == "hi\nwait, something else"


async def test_a_superseded_turn_is_silent_at_once_unless_it_answers_all_the_same(world: World) -> None:
    conversation = await world.conversation("hi")
    bot = world.desk.bot
    brief = await bot.begin_turn(conversation.id, owner="a", seconds=15)
    assert brief is not None
    assert await bot.turn_may_speak(brief.turn, brief.epoch)
    await world.says(conversation.id, "wait, something else")
    assert not await bot.turn_may_speak(brief.turn, brief.epoch)
    with pytest.raises(Fenced):
        await bot.publish_delta(brief.turn, brief.epoch, "too")
    await bot.record_turn(brief, None, ANSWER, TurnReport(Evidence("hi")))
    last = await bot.begin_turn(conversation.id, owner="a", seconds=15, even_if_newer=True)
    assert last is not None
    await world.says(conversation.id, "and another")
    assert await bot.turn_may_speak(last.turn, last.epoch)
    await bot.publish_delta(last.turn, last.epoch, "Hello")


async def test_a_turn_recorded_twice_speaks_once(world: World) -> None:
    conversation = await world.conversation("hi")
    brief = await world.desk.bot.begin_turn(conversation.id, owner="a", seconds=15)
    assert brief is not None
    report = TurnReport(Evidence("hi"))
    first = await world.desk.bot.record_turn(brief, Reply("Hello!"), ANSWER, report)
    again = await world.desk.bot.record_turn(brief, Reply("Hello!"), ANSWER, report)
    assert again.entry == first.entry
    assert (await world.texts(conversation.id)).count("Hello!") == 1


async def test_an_offer_of_a_person_adds_a_button(world: World) -> None:
    conversation = await world.conversation("what is the tensile strength of the poles")
    decision = Decision(Outcome.OFFER, Reason.NO_KNOWLEDGE, "lacks it")
    await world.bot_turn(conversation.id, "I do not know.", decision)
    last = (await world.desk.reading.entries(conversation.id))[-1]
    assert [b.payload for b in last.buttons] == ["ask_for_human"]
    assert (await world.desk.reading.conversation(conversation.id)).control is Control.BOT


async def test_a_model_s_words_without_sources_are_kept_from_the_customer(world: World) -> None:
    conversation = await world.conversation("how hot may it get")
    decision = Decision(Outcome.HAND_OVER, Reason.UNSUPPORTED, "no support")
    evidence = Evidence("how hot may it get", provider="openai")
    await world.bot_turn(conversation.id, "Up to 900 degrees.", decision, evidence)
    assert "Up to 900 degrees." not in await world.texts(conversation.id)
    assert [d.text for d in await world.desk.reading.drafts(conversation.id)] == ["Up to 900 degrees."]


@pytest.mark.parametrize("reason", list(Reason))
@pytest.mark.parametrize("somebody", [True, False])
async def test_a_handover_says_why_and_never_promises_somebody_who_is_not_there(
    world: World, reason: Reason, somebody: bool
) -> None:
    words = world.policy.words
    if somebody:
        await world.agent("Mia")
    conversation = await world.conversation("hi")
    cannot = Evidence("hi", fallback=True)
    await world.bot_turn(conversation.id, "I do not know.", Decision(Outcome.HAND_OVER, reason, "x"), cannot)
    who = f"{words.passing_on} {words.soon}" if somebody else words.nobody_here
    assert (await world.texts(conversation.id))[2:] == [f"{words.why[reason]} {who}"]


async def test_what_the_bot_has_said_is_not_said_again_by_the_notice(world: World) -> None:
    await world.agent("Mia")
    words = world.policy.words
    conversation = await world.conversation("a person please")
    promise = Evidence("a person please", asked_for_human=True, reply_promises_transfer=True)
    await world.bot_turn(conversation.id, "Of course, I am passing you to a person.", ASKED, promise)
    assert (await world.texts(conversation.id))[-1] == words.soon
    other = await world.conversation("THIS IS A JOKE")
    angry = Decision(Outcome.HAND_OVER, Reason.ANGER, "angry")
    await world.bot_turn(other.id, "Your parcel arrives today.", angry, Evidence("THIS IS A JOKE"))
    assert (await world.texts(other.id))[-1] == f"{words.passing_on} {words.soon}"


async def test_somebody_who_mourns_reads_words_for_it(world: World) -> None:
    conversation = await world.conversation("my father died")
    decision = Decision(Outcome.HAND_OVER, Reason.TOPIC, "bereavement")
    evidence = Evidence("my father died", topics=("bereavement",), provider="openai")
    await world.bot_turn(conversation.id, "Returns take 30 days.", decision, evidence)
    assert "sorry for your loss" in (await world.texts(conversation.id))[-1]


async def test_a_turn_without_an_answer_becomes_a_person_s(world: World) -> None:
    conversation = await world.conversation("hi")
    await world.bot_turn(conversation.id, None, ANSWER)
    (offer,) = await world.desk.reading.open_offers()
    assert offer.packet["reason"] == "bot_failed"


async def test_a_stalled_turn_becomes_an_offer_with_an_honest_notice(world: World) -> None:
    conversation = await world.conversation("hi")
    brief = await world.desk.bot.begin_turn(conversation.id, owner="a", seconds=15)
    assert brief is not None
    world.clock.advance(16)
    assert await world.desk.bot.overdue_turns() == []
    world.clock.advance(2)
    (moved,) = await world.desk.bot.overdue_turns()
    assert moved.control is Control.OFFERED
    assert (await world.texts(conversation.id))[-1].startswith(world.policy.words.why[Reason.BOT_STALLED])
    end = await world.desk.bot.record_turn(brief, Reply("late"), ANSWER, TurnReport(Evidence("hi")))
    assert end.outcome == "fenced"
    assert [d.text for d in await world.desk.reading.drafts(conversation.id)] == ["late"]
    back = await world.desk.customers.stop_waiting(conversation.id, "s1")
    assert back.control is Control.BOT
    again = await world.desk.bot.begin_turn(conversation.id, owner="a", seconds=15)
    assert again is not None
    assert again.text == "hi"


async def test_words_nobody_works_on_are_found_after_a_crash(world: World) -> None:
    conversation = await world.conversation("hi")
    assert await world.desk.bot.unanswered(older_than=5) == []
    world.clock.advance(6)
    assert await world.desk.bot.unanswered(older_than=5) == [conversation.id]
    await world.bot_turn(conversation.id)
    assert await world.desk.bot.unanswered(older_than=0) == []


async def test_two_misunderstandings_are_counted_until_one_is_understood(world: World) -> None:
    conversation = await world.conversation("asdf")
    await world.bot_turn(conversation.id, "Pardon?", evidence=Evidence("asdf", fallback=True))
    await world.says(conversation.id, "what")
    brief = await world.desk.bot.begin_turn(conversation.id, owner="a", seconds=15)
    assert brief is not None
    assert (brief.fallbacks_before, brief.lacking_before) == (1, 0)
    lacking = TurnReport(Evidence("what", needs=Needs.KNOWLEDGE))
    await world.desk.bot.record_turn(brief, Reply("I do not know."), ANSWER, lacking)
    await world.says(conversation.id, "and now")
    brief = await world.desk.bot.begin_turn(conversation.id, owner="a", seconds=15)
    assert brief is not None
    assert (brief.fallbacks_before, brief.lacking_before) == (0, 1)


async def test_the_bot_learns_what_the_agent_said_and_left(world: World) -> None:
    agent = await world.agent("Mia")
    conversation = await world.offered()
    held = await world.desk.agents.accept(agent, conversation.id, conversation.epoch)
    line = await world.desk.agents.say(agent, conversation.id, "a1", "Your parcel is on its way.", held.last_offset)
    for _ in range(2):
        back = await world.desk.agents.hand_back(
            agent, conversation.id, held.epoch, "Parcel found.", ("Call on Monday",), "the refund"
        )
        assert (back.control, back.epoch) == (Control.BOT, held.epoch + 1)
    await world.says(conversation.id, "thanks, when?")
    brief = await world.desk.bot.begin_turn(conversation.id, owner="a", seconds=15)
    assert brief is not None
    assert brief.text == "thanks, when?"
    assert brief.hand_back is not None
    assert (brief.hand_back.outcome, brief.hand_back.open_promises) == ("Parcel found.", ("Call on Monday",))
    assert brief.untold == (line,)
    assert line in brief.history
    report = TurnReport(Evidence("thanks, when?"), dialogue={"heard": "all"})
    await world.desk.bot.record_turn(brief, Reply("Tomorrow."), ANSWER, report)
    await world.says(conversation.id, "great")
    brief = await world.desk.bot.begin_turn(conversation.id, owner="a", seconds=15)
    assert brief is not None
    assert (brief.untold, brief.dialogue) == ((), {"heard": "all"})


async def test_where_the_dialogue_stands_is_kept_with_the_turns_that_count_only(world: World) -> None:
    conversation = await world.conversation("hi")
    bot = world.desk.bot

    async def turn(state: dict[str, str] | None, *, interrupted: bool = False) -> object:
        brief = await bot.begin_turn(conversation.id, owner="a", seconds=15)
        assert brief is not None
        if interrupted:
            await world.says(conversation.id, "wait")
        await bot.record_turn(brief, Reply("Hello!"), ANSWER, TurnReport(Evidence("hi"), dialogue=state))
        return brief.dialogue

    assert await turn({"at": "nowhere"}, interrupted=True) is None
    assert await turn({"at": "one"}) is None
    await world.says(conversation.id, "and")
    assert await turn({"at": "two"}) == {"at": "one"}
    await world.says(conversation.id, "and then")
    assert await turn(None) == {"at": "two"}
    await world.says(conversation.id, "so")
    assert await turn(None) == {"at": "two"}, "a turn whose state nobody knows leaves the last one that is known"


async def test_a_turn_gives_way_to_newer_words_and_not_to_a_person(world: World) -> None:
    agent = await world.agent("Mia")
    conversation = await world.conversation("hi")
    bot = world.desk.bot
    brief = await bot.begin_turn(conversation.id, owner="a", seconds=15)
    assert brief is not None
    assert not await bot.give_way(brief)
    await world.says(conversation.id, "wait")
    assert await bot.give_way(brief)
    assert await bot.give_way(brief), "asked again, the answer is the same"
    last = await bot.begin_turn(conversation.id, owner="a", seconds=15, even_if_newer=True)
    assert last is not None
    await world.says(conversation.id, "and")
    assert not await bot.give_way(last), "this one answers what it has"
    await world.desk.agents.take(agent, conversation.id, last.epoch)
    assert not await bot.give_way(last), "what it finds out is a draft for the agent"


async def test_the_words_that_came_after_the_agent_s_last_line_are_the_bot_s_to_answer(world: World) -> None:
    agent = await world.agent("Mia")
    conversation = await world.offered()
    held = await world.desk.agents.accept(agent, conversation.id, conversation.epoch)
    await world.desk.agents.say(agent, conversation.id, "a1", "Done.", held.last_offset)
    await world.says(conversation.id, "and my invoice?")
    await world.desk.agents.hand_back(agent, conversation.id, held.epoch, "Done", (), None)
    brief = await world.desk.bot.begin_turn(conversation.id, owner="a", seconds=15)
    assert brief is not None
    assert brief.text == "and my invoice?"


async def test_every_decision_is_kept_with_what_it_was_taken_on(world: World) -> None:
    conversation = await world.offered()
    (stored,) = await world.desk.reading.decisions(conversation.id)
    assert stored.decision == ASKED
    assert stored.evidence.text == "I want a person"
