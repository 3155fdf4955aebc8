"""The desk's verbs, as a support manager would tell them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from handover.conversation import Control, Lifecycle
from handover.desk import CustomerMessage
from handover.entries import ConversationId
from handover.errors import BadInput, Fenced, IllegalMove, NotFound, NotYours, StaleView, Taken
from handover.evidence import Decision, Evidence, Needs, Outcome, Reason, Reply, TurnReport
from tests.support.desk_world import ANSWER, ASKED, World, open_world


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path) as opened:
        yield opened


async def test_a_message_sent_twice_is_kept_once(world: World) -> None:
    conversation = await world.conversation()
    said = CustomerMessage("hello", "c1")
    first = await world.desk.customers.record_customer_message(conversation.id, said)
    again = await world.desk.customers.record_customer_message(conversation.id, said)
    assert (first.duplicate, again.duplicate) == (False, True)
    assert again.entry == first.entry
    assert await world.texts(conversation.id) == ["I am an automated assistant.", "hello"]


async def test_a_provider_that_delivers_twice_is_heard_once(world: World) -> None:
    conversation = await world.conversation()
    record = world.desk.customers.record_customer_message
    first = await record(conversation.id, CustomerMessage("hi", "a", provider_message_id="m1"))
    again = await record(conversation.id, CustomerMessage("hi", "b", provider_message_id="m1"))
    assert again.duplicate
    assert again.entry == first.entry


async def test_a_customer_has_one_conversation_per_inbox(world: World) -> None:
    customer = await world.desk.customers.new_customer()
    one = await world.desk.customers.start("web", customer.id, greeting="Hello")
    assert await world.desk.customers.start("web", customer.id, greeting="Hello") == one
    assert (await world.desk.customers.start("telegram", customer.id)).id != one.id


async def test_an_unknown_conversation_is_not_found(world: World) -> None:
    with pytest.raises(NotFound):
        await world.says(ConversationId("none"), "hello")


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


async def test_a_turn_recorded_twice_speaks_once(world: World) -> None:
    conversation = await world.conversation("hi")
    brief = await world.desk.bot.begin_turn(conversation.id, owner="a", seconds=15)
    assert brief is not None
    report = TurnReport(Evidence("hi"))
    first = await world.desk.bot.record_turn(brief, Reply("Hello!"), ANSWER, report)
    again = await world.desk.bot.record_turn(brief, Reply("Hello!"), ANSWER, report)
    assert again.entry == first.entry
    assert (await world.texts(conversation.id)).count("Hello!") == 1


async def test_a_late_bot_reply_is_kept_as_a_draft_and_never_shown(world: World) -> None:
    agent = await world.agent("Mia")
    conversation = await world.conversation("hi")
    brief = await world.desk.bot.begin_turn(conversation.id, owner="a", seconds=15)
    assert brief is not None
    await world.desk.agents.take(agent, conversation.id, conversation.epoch)
    assert not await world.desk.bot.turn_may_speak(brief.turn, brief.epoch)
    with pytest.raises(Fenced):
        await world.desk.bot.publish_delta(brief.turn, brief.epoch, "Hel")
    for _ in range(2):
        end = await world.desk.bot.record_turn(brief, Reply("Hello!"), ANSWER, TurnReport(Evidence("hi")))
        assert end.outcome == "fenced"
    assert "Hello!" not in await world.texts(conversation.id)
    assert [d.text for d in await world.desk.reading.drafts(conversation.id)] == ["Hello!"]
    assert await world.desk.bot.begin_turn(conversation.id, owner="a", seconds=15) is None


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
    assert world.policy.words.stalled in await world.texts(conversation.id)
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


async def test_a_customer_who_asks_twice_for_a_person_waits_once(world: World) -> None:
    conversation = await world.conversation("hi")
    first = await world.desk.customers.ask_for_human(conversation.id, "h1")
    assert first.control is Control.OFFERED
    assert await world.desk.customers.ask_for_human(conversation.id, "h2") == first
    await world.desk.customers.stop_waiting(conversation.id, "s1")
    resent = await world.desk.customers.ask_for_human(conversation.id, "h1")
    assert resent.control is Control.BOT


async def test_somebody_who_waits_with_nobody_there_may_leave_a_message(world: World) -> None:
    conversation = await world.offered()
    assert world.policy.words.nobody_here in await world.texts(conversation.id)
    waiting = (await world.desk.reading.control(conversation.id)).waiting
    assert waiting is not None
    assert (waiting.desk_open, waiting.position) == (False, 1)
    for _ in range(2):
        left = await world.desk.customers.leave_message(conversation.id, "l1", "ann@example.com", "Call me")
        assert (left.lifecycle, left.control) == (Lifecycle.ACTIVE, Control.NOBODY)
    assert (await world.texts(conversation.id)).count("Call me") == 1
    (row,) = await world.desk.reading.rows("waiting", None)
    assert row.customer.email == "ann@example.com"
    await world.agent("Mia")
    await world.says(conversation.id, "are you there?")
    assert (await world.desk.reading.conversation(conversation.id)).control is Control.OFFERED


async def test_a_resolved_conversation_opens_again_with_the_customer_s_next_word(world: World) -> None:
    agent = await world.agent("Mia")
    conversation = await world.conversation("hi")
    done = await world.desk.agents.resolve(agent, conversation.id)
    assert (done.lifecycle, done.control) == (Lifecycle.RESOLVED, Control.NOBODY)
    assert await world.desk.agents.resolve(agent, conversation.id) == done
    await world.says(conversation.id, "one more thing")
    again = await world.desk.reading.conversation(conversation.id)
    assert (again.lifecycle, again.control) == (Lifecycle.ACTIVE, Control.BOT)
    brief = await world.desk.bot.begin_turn(conversation.id, owner="a", seconds=15)
    assert brief is not None
    assert brief.text == "one more thing"


async def test_a_stretch_is_rated_once_and_a_second_score_replaces_the_first(world: World) -> None:
    conversation = await world.conversation("hi")
    await world.desk.customers.rate(conversation.id, 1, 2, "meh")
    await world.desk.customers.rate(conversation.id, 1, 5, None)
    (rating,) = await world.desk.reading.ratings(conversation.id)
    assert (rating.score, rating.comment) == (5, None)
    with pytest.raises(BadInput):
        await world.desk.customers.rate(conversation.id, 7, 5, None)
    with pytest.raises(BadInput):
        await world.desk.customers.rate(conversation.id, 1, 6, None)


async def test_the_marks_of_readers_only_rise(world: World) -> None:
    conversation = await world.conversation("hi", "there")
    for offset in (2, 1, 99):
        await world.desk.customers.customer_saw(conversation.id, offset)
        await world.desk.bot.mark_told(conversation.id, offset)
    row = await world.desk.reading.stored(conversation.id)
    assert (row.seen, row.told) == (2, 2)


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
    await world.desk.bot.mark_told(conversation.id, line.offset)


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


async def test_a_reply_on_a_stale_view_bounces_with_what_was_missed(world: World) -> None:
    agent = await world.agent("Mia")
    conversation = await world.offered()
    held = await world.desk.agents.accept(agent, conversation.id, conversation.epoch)
    missed = await world.says(conversation.id, "never mind, found it")
    with pytest.raises(StaleView) as bounced:
        await world.desk.agents.say(agent, conversation.id, "a1", "Let me look", held.last_offset)
    assert bounced.value.missed == (missed,)
    assert bounced.value.detail == {"last_offset": missed.offset}
    first = await world.desk.agents.say(agent, conversation.id, "a1", "Good!", missed.offset)
    assert await world.desk.agents.say(agent, conversation.id, "a1", "Good!", 0) == first


async def test_only_the_holder_speaks(world: World) -> None:
    mia, tom = await world.agent("Mia"), await world.agent("Tom")
    conversation = await world.offered()
    with pytest.raises(NotYours):
        await world.desk.agents.say(mia, conversation.id, "a1", "Hi", 99)
    held = await world.desk.agents.accept(mia, conversation.id, conversation.epoch)
    for attempt in (
        world.desk.agents.say(tom, conversation.id, "t1", "Hi", 99),
        world.desk.agents.hand_back(tom, conversation.id, held.epoch, "x", (), None),
        world.desk.agents.resolve(tom, conversation.id),
        world.desk.agents.snooze(tom, conversation.id),
        world.desk.agents.transfer(tom, conversation.id, held.epoch),
    ):
        with pytest.raises(NotYours):
            await attempt


async def test_who_comes_second_is_told_who_was_first(world: World) -> None:
    mia, tom = await world.agent("Mia"), await world.agent("Tom")
    conversation = await world.offered()
    held = await world.desk.agents.accept(mia, conversation.id, conversation.epoch)
    with pytest.raises(Taken) as lost:
        await world.desk.agents.accept(tom, conversation.id, conversation.epoch)
    assert lost.value.detail == {"taken_by": "Mia"}
    assert await world.desk.agents.accept(mia, conversation.id, conversation.epoch) == held
    assert "Mia has joined the conversation." in await world.texts(conversation.id)


async def test_nobody_holds_more_than_they_can(world: World) -> None:
    mia = await world.agent("Mia", capacity=1)
    one, two = await world.offered("a"), await world.offered("b")
    await world.desk.agents.accept(mia, one.id, one.epoch)
    with pytest.raises(IllegalMove, match="as many as you can hold"):
        await world.desk.agents.accept(mia, two.id, two.epoch)
    third = await world.conversation("c")
    with pytest.raises(IllegalMove):
        await world.desk.agents.take(mia, third.id, third.epoch)


async def test_a_view_from_before_the_last_change_of_control_takes_nothing(world: World) -> None:
    mia = await world.agent("Mia")
    conversation = await world.offered()
    with pytest.raises(IllegalMove):
        await world.desk.agents.accept(mia, conversation.id, conversation.epoch - 1)


async def test_a_snoozed_conversation_wakes_in_time_or_with_the_customer(world: World) -> None:
    mia = await world.agent("Mia")
    conversation = await world.conversation("hi")
    await world.desk.agents.take(mia, conversation.id, conversation.epoch)
    until = world.clock.now() + timedelta(minutes=5)
    snoozed = await world.desk.agents.snooze(mia, conversation.id, until)
    assert snoozed.lifecycle is Lifecycle.SNOOZED
    world.clock.advance(301)
    await world.desk.agents.tick()
    assert (await world.desk.reading.conversation(conversation.id)).lifecycle is Lifecycle.ACTIVE
    await world.desk.agents.snooze(mia, conversation.id)
    await world.says(conversation.id, "hello?")
    woken = await world.desk.reading.conversation(conversation.id)
    assert (woken.lifecycle, woken.agent) == (Lifecycle.ACTIVE, mia.id)
    with pytest.raises(BadInput):
        await world.desk.agents.snooze(mia, conversation.id, world.clock.now())


async def test_private_notes_are_for_agents_and_kept_once(world: World) -> None:
    mia = await world.agent("Mia")
    conversation = await world.conversation("hi")
    note = await world.desk.agents.note(mia, conversation.id, "Handle with care", "n1")
    assert await world.desk.agents.note(mia, conversation.id, "Handle with care", "n1") == note
    assert await world.desk.reading.notes(conversation.id) == [note]
    assert "Handle with care" not in await world.texts(conversation.id)
    brief = await world.desk.bot.begin_turn(conversation.id, owner="a", seconds=15)
    assert "Handle with care" not in repr(brief)


async def test_an_agent_whose_console_is_gone_does_not_keep_a_customer_waiting(world: World) -> None:
    mia, tom = await world.agent("Mia"), await world.agent("Tom")
    conversation = await world.offered()
    await world.desk.agents.accept(mia, conversation.id, conversation.epoch)
    await world.says(conversation.id, "hello?")
    await world.desk.agents.reachable(mia.id, False)
    await world.desk.agents.tick()
    world.clock.advance(59)
    await world.desk.agents.tick()
    assert (await world.desk.reading.conversation(conversation.id)).control is Control.HUMAN
    world.clock.advance(1)
    await world.desk.agents.tick()
    (offer,) = await world.desk.reading.open_offers(tom)
    assert offer.conversation == conversation.id


async def test_every_decision_is_kept_with_what_it_was_taken_on(world: World) -> None:
    conversation = await world.offered()
    (stored,) = await world.desk.reading.decisions(conversation.id)
    assert stored.decision == ASKED
    assert stored.evidence.text == "I want a person"
