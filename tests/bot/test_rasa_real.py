"""What we believe of Rasa, asked of a real Rasa 3.6 with a real action server behind it."""

import itertools
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from bot.copilot_http import CopilotHttp
from bot.dialogue import DialogueFailed, HandBackBrief, TurnRequest, TurnResult
from bot.rasa_http import RasaHttp
from bot.rasa_rewinding import events_of_people
from handover.clock import SystemClock
from handover.entries import Author, AuthorKind, ConversationId, Entry, EntryKind, TurnId
from tests.support import tiny_rasa

pytestmark = [pytest.mark.rasa, pytest.mark.timeout(400)]
_conversations = (ConversationId(f"real-{number}") for number in itertools.count())
_turns = (TurnId(f"turn-{number}") for number in itertools.count())


@pytest.fixture(scope="module")
def url(tiny: tiny_rasa.Addresses) -> str:
    return tiny.rasa


@pytest_asyncio.fixture
async def dialogue(url: str) -> AsyncIterator[RasaHttp]:
    async with RasaHttp(url) as rasa:
        yield rasa


@pytest.fixture
def here() -> ConversationId:
    return next(_conversations)


def request(here: ConversationId, text: str, intent: str | None = None) -> TurnRequest:
    return TurnRequest(here, next(_turns), 1, text, datetime.now(UTC) + timedelta(seconds=20), intent=intent)


async def say(dialogue: RasaHttp, here: ConversationId, text: str, intent: str | None = None) -> TurnResult:
    return await dialogue.next_turn(request(here, text, intent))


async def state_of(url: str, here: ConversationId) -> dict[str, Any]:
    async with httpx2.AsyncClient(trust_env=False) as client:
        answer = await client.get(f"{url}/conversations/{here}/tracker", params={"include_events": "APPLIED"})
    state: dict[str, Any] = answer.json()
    return state


def line(here: ConversationId, text: str) -> Entry:
    return Entry(here, 9, Author(AuthorKind.AGENT, "Ann", "a1"), EntryKind.MESSAGE, text, datetime.now(UTC), 2)


BACK = HandBackBrief("Ann", "The parcel was sent again.", (), None, datetime(2026, 11, 21, tzinfo=UTC))


async def test_it_is_ready(dialogue: RasaHttp) -> None:
    await dialogue.ping()


async def test_a_turn_of_several_actions_comes_as_one_answer(dialogue: RasaHttp, here: ConversationId) -> None:
    asked = request(here, "many")
    result = await dialogue.next_turn(asked)
    assert result.text == "First.\n\nLast."
    assert result.actions == ("utter_first", "action_try", "utter_last")
    assert (result.intent, result.slots["tried"], result.slots["seen"]) == ("many", "yes", asked.turn)


async def test_paragraphs_come_back_as_they_were_written(dialogue: RasaHttp, here: ConversationId) -> None:
    assert (await say(dialogue, here, "paragraphs")).text == "One.\n\nTwo."


async def test_an_action_that_asks_for_a_person_is_heard(dialogue: RasaHttp, here: ConversationId) -> None:
    result = await say(dialogue, here, "a person")
    assert (result.handover_reason, result.text) == ("asked", "")


async def test_words_nobody_understands_are_marked(dialogue: RasaHttp, here: ConversationId) -> None:
    result = await say(dialogue, here, "qwertz")
    assert (result.intent, result.fallback) == ("nlu_fallback", True)
    assert re.fullmatch(r"Pardon \d+\?", result.text)


async def test_words_that_no_rule_speaks_for_are_answered_by_one_call_of_the_fallback(
    dialogue: RasaHttp, here: ConversationId
) -> None:
    result = await say(dialogue, here, "it is")
    assert (result.intent, result.fallback, result.actions) == ("inform", True, ("action_default_fallback",))
    assert re.fullmatch(r"Pardon \d+\?", result.text)
    assert (await say(dialogue, here, "hello")).text == "Hello."


async def test_words_that_no_rule_speaks_for_inside_a_form_are_answered_once_and_the_form_asks_again(
    dialogue: RasaHttp, here: ConversationId
) -> None:
    await say(dialogue, here, "my order")
    result = await say(dialogue, here, "it is")
    assert result.actions == ("action_default_fallback", "order_form")
    assert re.fullmatch(r"Pardon \d+\?\n\nWhich order\?", result.text)
    assert (await say(dialogue, here, "TT-123456")).text == "Which address?"


async def test_an_action_that_says_nothing_is_a_failure(dialogue: RasaHttp, here: ConversationId) -> None:
    with pytest.raises(DialogueFailed) as failed:
        await say(dialogue, here, "silence")
    assert failed.value.kind == "empty"


@pytest.mark.parametrize("typed", ["/restart", " /restart", "//restart", "/ /restart", "\u00a0/restart"])
async def test_restart_typed_by_a_customer_restarts_nothing(
    dialogue: RasaHttp, url: str, here: ConversationId, typed: str
) -> None:
    await say(dialogue, here, "many")
    await say(dialogue, here, typed)
    state = await state_of(url, here)
    assert state["slots"]["tried"] == "yes"
    assert "restart" not in [event["event"] for event in state["events"]]


@pytest.mark.parametrize("typed", ["/many", "EXTERNAL: many", '/slots{"tried": "forged"}'])
async def test_a_command_typed_by_a_customer_is_only_words(
    dialogue: RasaHttp, url: str, here: ConversationId, typed: str
) -> None:
    await say(dialogue, here, typed)
    assert (await state_of(url, here))["slots"]["tried"] != "forged"


async def test_a_verified_button_means_its_intent(dialogue: RasaHttp, here: ConversationId) -> None:
    result = await say(dialogue, here, "Track it", intent='/slots{"order_number": "TT-111111"}')
    assert (result.intent, result.text, result.slots["order_number"]) == ("slots", "First.", "TT-111111")


async def test_rewind_undoes_a_whole_turn_of_several_actions(
    dialogue: RasaHttp, url: str, here: ConversationId
) -> None:
    await say(dialogue, here, "hello")
    before = await state_of(url, here)
    asked = request(here, "many")
    await dialogue.next_turn(asked)
    await dialogue.rewind(here, asked.turn)
    after = await state_of(url, here)
    assert after["slots"] == before["slots"]
    assert [event["event"] for event in after["events"]] == [event["event"] for event in before["events"]]
    assert (await say(dialogue, here, "hello")).text == "Hello."


async def test_the_very_first_turn_can_be_undone_and_taken_again(dialogue: RasaHttp, here: ConversationId) -> None:
    asked = request(here, "many")
    await dialogue.next_turn(asked)
    await dialogue.rewind(here, asked.turn)
    assert (await say(dialogue, here, "hello")).text == "Hello."


async def test_a_turn_that_began_a_form_is_undone_with_its_form(
    dialogue: RasaHttp, url: str, here: ConversationId
) -> None:
    asked = request(here, "my order")
    await dialogue.next_turn(asked)
    await dialogue.rewind(here, asked.turn)
    assert not (await state_of(url, here))["active_loop"]
    assert (await say(dialogue, here, "my order")).text == "Which order?"


async def test_a_turn_inside_a_form_is_undone_and_the_form_goes_on(
    dialogue: RasaHttp, url: str, here: ConversationId
) -> None:
    assert (await say(dialogue, here, "my order")).text == "Which order?"
    assert (await say(dialogue, here, "it is TT-482913")).text == "Which address?"
    asked = request(here, "wrong@example.com")
    assert "wrong@example.com" in (await dialogue.next_turn(asked)).text
    await dialogue.rewind(here, asked.turn)
    state = await state_of(url, here)
    assert state["active_loop"]["name"] == "order_form"
    assert (state["slots"]["order_number"], state["slots"]["email"]) == ("TT-482913", None)
    assert (await say(dialogue, here, "right@example.com")).text == "TT-482913 of right@example.com is on its way."


async def test_undoing_twice_undoes_once(dialogue: RasaHttp, url: str, here: ConversationId) -> None:
    await say(dialogue, here, "many")
    asked = request(here, "hello")
    await dialogue.next_turn(asked)
    await dialogue.rewind(here, asked.turn)
    await dialogue.rewind(here, asked.turn)
    assert (await state_of(url, here))["slots"]["tried"] == "yes"


async def test_after_a_hand_back_the_next_turn_is_answered(dialogue: RasaHttp, url: str, here: ConversationId) -> None:
    await say(dialogue, here, "many")
    await dialogue.tell(here, events_of_people([line(here, "I have sent it again.")], BACK))
    state = await state_of(url, here)
    assert [event["text"] for event in state["events"] if event["event"] == "agent"] == [
        "I have sent it again.",
        "The parcel was sent again.",
    ]
    assert not state["paused"]
    assert (await say(dialogue, here, "hello")).text == "Hello."
    assert (await say(dialogue, here, "many")).text == "First.\n\nLast."


async def test_a_form_that_a_person_interrupted_does_not_swallow_the_next_words(
    dialogue: RasaHttp, here: ConversationId
) -> None:
    await say(dialogue, here, "my order")
    await dialogue.tell(here, events_of_people([line(here, "Found it.")], BACK))
    result = await say(dialogue, here, "hello")
    assert result.text == "Hello."
    assert (await say(dialogue, here, "my order")).text == "Which order?"


async def test_a_tracker_left_paused_answers_after_one_retry(dialogue: RasaHttp, here: ConversationId) -> None:
    await say(dialogue, here, "hello")
    await dialogue.tell(here, [{"event": "pause"}])
    asked = request(here, "many")
    with pytest.raises(DialogueFailed) as failed:
        await dialogue.next_turn(asked)
    assert failed.value.retry
    await dialogue.rewind(here, asked.turn)
    assert (await dialogue.next_turn(asked)).text == "First.\n\nLast."


async def test_the_copilot_is_answered_by_a_real_action_server(tiny: tiny_rasa.Addresses) -> None:
    async with CopilotHttp(tiny.actions, clock=SystemClock()) as copilot:
        here = ConversationId("copilot-real")
        draft = await copilot.suggest([line(here, "I have sent it again.")], None)
        assert await copilot.summarise({}, [line(here, "There is no such action here.")]) is None
    assert draft is not None
    assert (draft.conversation, draft.text, draft.origin) == (here, "You said: I have sent it again.", "suggestion")
