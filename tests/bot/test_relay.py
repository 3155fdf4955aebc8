"""The path of a message, through a real desk and record."""

import asyncio

import pytest

from bot.buttons import sign
from bot.dialogue import DialogueFailed, TurnRequest, TurnResult
from bot.relay import RelaySettings
from handover.backends import Backends
from handover.conversation import Control
from handover.desk import CustomerMessage
from handover.entries import AuthorKind, Button, ConversationId, EntryKind
from handover.errors import BadInput
from handover.policy_settings import load_policy
from tests.support.relay_world import ANN, SECRET, a_world
from tests.support.scripted_dialogue import ScriptedDialogue


async def test_a_customer_is_answered(backends: Backends) -> None:
    async with a_world(backends, ScriptedDialogue(["It is on its way."])) as world:
        recorded = await world.says("Where is my order?")
        assert recorded.entry.text == "Where is my order?"
        assert await world.until_bot_said(1) == ["It is on its way."]
        assert world.dialogue.heard[0].text == "Where is my order?"
        assert [line.speaker for line in world.dialogue.heard[0].history] == ["customer"]


async def test_the_bot_is_not_asked_while_an_agent_holds_the_conversation(backends: Backends) -> None:
    async with a_world(backends, ScriptedDialogue()) as world:
        await world.desk.agents.take(ANN, world.here, (await world.now()).epoch)
        recorded = await world.says("Are you a person?")
        assert recorded.conversation.control is Control.HUMAN
        assert world.relay.at_work == 0


async def test_a_redelivered_message_is_answered_once(backends: Backends) -> None:
    async with a_world(backends, ScriptedDialogue(["Hello."])) as world:
        await world.says("Hello!", client_id="same")
        await world.until_bot_said(1)
        again = await world.says("Hello!", client_id="same")
        assert again.duplicate
        assert world.relay.at_work == 0


async def test_messages_in_quick_succession_get_one_answer(backends: Backends) -> None:
    async with a_world(backends, ScriptedDialogue(["Both answered."])) as world:
        await world.says("I have a question about the tent and")
        await world.says("the jacket,")
        await world.says("are they in stock?")
        assert await world.until_bot_said(1) == ["Both answered."]
        assert world.dialogue.heard[0].text == "I have a question about the tent and\nthe jacket,\nare they in stock?"


async def test_a_newer_message_makes_the_bot_answer_both_at_once(backends: Backends) -> None:
    gate = asyncio.Event()

    async def slow(_: TurnRequest) -> str:
        await gate.wait()
        return "Too early."

    async with a_world(backends, ScriptedDialogue([slow, "To both.", "Welcome."])) as world:
        await world.says("Where is my order?")
        await world.until_heard(1)
        await world.says("I mean the tent.")
        gate.set()
        assert await world.until_bot_said(1) == ["To both."]
        second = world.dialogue.heard[1]
        assert second.text == "Where is my order?\nI mean the tent."
        await world.says("Thanks.")
        await world.until_heard(3)
        assert world.dialogue.heard[2].state == {"turns": [second.turn]}, "the first turn never was"


async def test_a_newer_message_stops_a_turn_that_has_said_nothing_yet(backends: Backends) -> None:
    let_go = asyncio.Event()

    async def silent(_: TurnRequest) -> str:
        try:
            await asyncio.Event().wait()
        finally:
            let_go.set()
        return "never"

    async with a_world(backends, ScriptedDialogue([silent, "To both."])) as world:
        await world.says("Where is my order?")
        await world.until_heard(1)
        await world.says("I mean the tent.")
        await let_go.wait()
        assert await world.until_bot_said(1) == ["To both."]
        assert world.dialogue.heard[1].text == "Where is my order?\nI mean the tent."


async def test_newer_words_that_came_in_through_another_process_stop_a_turn(backends: Backends) -> None:
    async def silent(_: TurnRequest) -> str:
        await asyncio.Event().wait()
        return "never"

    async with a_world(backends, ScriptedDialogue([silent, "To both."])) as world:
        await world.says("Where is my order?")
        await world.until_heard(1)
        await world.desk.customers.record_customer_message(world.here, CustomerMessage("The tent.", "elsewhere"))
        world.clock.advance(1)
        assert await world.until_bot_said(1) == ["To both."]


async def test_words_that_came_in_elsewhere_during_a_turn_that_answers_all_the_same_are_answered_next(
    backends: Backends,
) -> None:
    async with a_world(backends, ScriptedDialogue(otherwise="…")) as world:
        acted = False

        async def acts(request: TurnRequest) -> str:
            nonlocal acted
            if acted:
                return "It is in stock."
            acted = await world.desk.bot.turn_may_act(request.turn, request.epoch)
            said = CustomerMessage("And the tent?", "elsewhere")
            await world.desk.customers.record_customer_message(world.here, said)
            world.clock.advance(1)
            return "Your address is changed."

        world.dialogue.otherwise = acts
        await world.says("Change my address.")
        assert await world.until_bot_said(2) == ["Your address is changed.", "It is in stock."]


async def test_a_customer_who_never_stops_is_answered_all_the_same(backends: Backends) -> None:
    async with a_world(backends, ScriptedDialogue(otherwise="…")) as world:

        async def interrupted(request: TurnRequest) -> str:
            if len(world.dialogue.heard) <= 3:
                await world.says(f"And another thing, number {len(world.dialogue.heard)}.")
            return f"answer {len(world.dialogue.heard)}"

        world.dialogue.otherwise = interrupted
        await world.says("First.")
        assert await world.until_bot_said(2) == ["answer 3", "answer 4"]
        assert world.dialogue.heard[3].text == "And another thing, number 3."


async def test_a_reply_that_comes_after_a_person_took_over_is_kept_as_a_draft(backends: Backends) -> None:
    gate = asyncio.Event()

    async def slow(_: TurnRequest) -> str:
        await gate.wait()
        return "Too late."

    async with a_world(backends, ScriptedDialogue([slow])) as world:
        await world.says("Where is my order?")
        await world.until_heard(1)
        await world.desk.agents.take(ANN, world.here, (await world.now()).epoch)
        gate.set()

        await world.until_done()
        assert await world.bot_says() == []
        assert [draft.text for draft in await world.desk.reading.drafts(world.here)] == ["Too late."]


async def test_a_failed_turn_is_tried_once_more_and_rasa_hears_the_words_once(backends: Backends) -> None:
    failed = DialogueFailed("empty", "nothing", retry=True)
    async with a_world(backends, ScriptedDialogue([failed, "Here I am."])) as world:
        await world.says("Hello!")
        assert await world.until_bot_said(1) == ["Here I am."]
        first, again = world.dialogue.heard
        assert (again.turn, again.state) == (first.turn, None), "where the first try got to does not count"


@pytest.mark.parametrize("kind", ["empty", "down", "garbage"])
async def test_when_the_bot_fails_twice_people_are_asked_and_the_customer_is_told(
    backends: Backends, kind: str
) -> None:
    failed = DialogueFailed(kind, "broken", retry=True)
    async with a_world(backends, ScriptedDialogue([failed, failed])) as world:
        await world.says("Hello!")
        await world.until_control("offered")
        last = (await world.entries())[-1]
        assert (last.author.kind, last.kind) == (AuthorKind.SYSTEM, EntryKind.NOTICE)
        assert last.text
        packet = await world.desk.reading.packet(world.here)
        assert packet is not None
        assert packet["reason"] == "bot_failed"


async def test_a_fault_of_ours_in_the_dialogue_is_never_silence(backends: Backends) -> None:
    def broken(_: TurnRequest) -> str:
        raise RuntimeError("a mistake")

    async with a_world(backends, ScriptedDialogue([broken])) as world:
        await world.says("Hello!")
        await world.until_control("offered")


async def test_a_bot_that_does_not_answer_by_the_deadline_hands_over(backends: Backends) -> None:
    async def hangs(_: TurnRequest) -> str:
        await asyncio.Event().wait()
        return "never"

    async with a_world(backends, ScriptedDialogue([hangs])) as world:
        await world.says("Hello!")
        await world.until_heard(1)
        world.clock.advance(15)
        await world.until_control("offered")
        packet = await world.desk.reading.packet(world.here)
        assert packet is not None
        assert packet["reason"] == "bot_stalled"


async def test_the_button_for_a_person_works_on_every_page(backends: Backends) -> None:
    async with a_world(backends, ScriptedDialogue()) as world:
        recorded = await world.says("Talk to a person", payload="ask_for_human")
        assert recorded.conversation.control is Control.OFFERED
        recorded = await world.says("Go on with the bot", payload="stop_waiting")
        assert recorded.conversation.control is Control.BOT


async def test_a_button_of_the_bot_comes_back_as_what_it_means(backends: Backends) -> None:
    asked = TurnResult("Shall I cancel it?", buttons=(Button("Yes", '/affirm{"product": "tent"}'),))
    async with a_world(backends, ScriptedDialogue([asked, "Cancelled."])) as world:
        await world.says("Cancel my order.")
        await world.until_bot_said(1)
        button = (await world.entries())[-1].buttons[0]
        assert "affirm" not in button.payload
        await world.says(button.title, payload=button.payload)
        await world.until_bot_said(2)
        assert world.dialogue.heard[1].intent == '/affirm{"product": "tent"}'


@pytest.mark.parametrize(
    "payload", ["/restart", "/affirm", sign(SECRET, ConversationId("another"), "/affirm"), "b1.x.y"]
)
async def test_a_forged_button_is_refused_and_not_recorded(backends: Backends, payload: str) -> None:
    async with a_world(backends, ScriptedDialogue()) as world:
        with pytest.raises(BadInput):
            await world.says("Yes", payload=payload)
        assert await world.entries() == []


async def test_after_a_hand_back_the_bot_is_told_what_the_person_said(backends: Backends) -> None:
    async with a_world(backends, ScriptedDialogue(["Hello.", "As Ann said."])) as world:
        await world.says("Hello!")
        await world.until_bot_said(1)
        await world.desk.agents.take(ANN, world.here, (await world.now()).epoch)
        seen = (await world.now()).last_offset
        await world.desk.agents.say(ANN, world.here, "a1", "I have sent it again.", seen)
        epoch = (await world.now()).epoch
        await world.desk.agents.hand_back(ANN, world.here, epoch, "Sent again.", (), None)
        await world.says("When will it come?")
        assert (await world.until_bot_said(2))[-1] == "As Ann said."
        request = world.dialogue.heard[1]
        assert [entry.text for entry in request.people] == ["I have sent it again."]
        assert request.hand_back is not None
        assert request.hand_back.outcome == "Sent again."
        assert "I have sent it again." in [line.text for line in request.history]
        await world.says("Thank you.")


async def test_words_that_nobody_woke_for_are_found_by_the_watchdog(backends: Backends) -> None:
    settings = RelaySettings(policy=load_policy())
    async with a_world(backends, ScriptedDialogue(["Sorry for the wait."]), settings=settings) as world:
        await world.desk.customers.record_customer_message(world.here, CustomerMessage("Anybody?", "lost"))
        world.clock.advance(settings.forgotten_after + 1)

        async def answered() -> bool:
            world.clock.advance(1)  # the first look may have been before the words were old enough
            return bool(await world.bot_says())

        await world.until(answered)
        assert await world.bot_says() == ["Sorry for the wait."]


async def test_two_conversations_are_answered_side_by_side(backends: Backends) -> None:
    gate = asyncio.Event()

    async def slow(_: TurnRequest) -> str:
        await gate.wait()
        return "slow"

    async with a_world(backends, ScriptedDialogue([slow, "quick"])) as world:
        customer = await world.desk.customers.new_customer(name="Cy")
        other = await world.desk.customers.start("web", customer.id)
        await world.says("Hello!")
        await world.until_heard(1)
        await world.relay.customer_says(other.id, CustomerMessage("Hello!", "x1"))

        async def answered() -> bool:
            return len(await world.desk.reading.entries(other.id)) == 2

        await world.until(answered)
        assert await world.bot_says() == []
        gate.set()
        await world.until_bot_said(1)
