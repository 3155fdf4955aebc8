"""What we believe of Rasa, asked of a real Rasa 3.6 with a real action server behind it."""

import asyncio
import itertools
import json
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from bot.copilot_http import CopilotHttp
from bot.dialogue import DialogueFailed, HandBackBrief, Line, TurnRequest, TurnResult
from bot.rasa_feeding import fed
from bot.rasa_http import RasaHttp
from handover.clock import SystemClock
from handover.entries import Author, AuthorKind, ConversationId, Entry, EntryKind, TurnId
from tests.support import tiny_rasa

pytestmark = [pytest.mark.rasa, pytest.mark.timeout(400)]
_conversations = (ConversationId(f"real-{number}") for number in itertools.count())
_turns = (TurnId(f"turn-{number}") for number in itertools.count())


@pytest.fixture(scope="module")
def url(tiny: tiny_rasa.Addresses) -> str:
    return tiny.rasa


@dataclass
class Talk:
    """One customer's conversation; ``state`` is what our record would hold."""

    dialogue: RasaHttp
    url: str
    here: ConversationId
    at_once: bool
    state: Mapping[str, Any] | None = None

    def request(self, text: str, **more: Any) -> TurnRequest:
        deadline = datetime.now(UTC) + timedelta(seconds=60)
        return TurnRequest(self.here, next(_turns), 1, text, deadline, state=self.state, **more)

    async def turn(self, request: TurnRequest, *, counts: bool = True) -> TurnResult:
        result = await self.dialogue.next_turn(request)
        if counts:
            assert result.state is not None
            self.state = json.loads(json.dumps(result.state))
        return result

    async def say(self, text: str, *, counts: bool = True, **more: Any) -> TurnResult:
        return await self.turn(self.request(text, **more), counts=counts)

    async def tracker(self) -> dict[str, Any]:
        """Where Rasa stands; of turns taken at once it keeps nothing, so it is given what the next turn would be."""
        async with httpx2.AsyncClient(trust_env=False) as client:
            path = f"{self.url}/conversations/{self.here}/tracker"
            if self.at_once:
                await client.put(f"{path}/events", json=fed(self.state, (), None))
            answer = await client.get(path, params={"include_events": "ALL"})
        found: dict[str, Any] = answer.json()
        return found

    async def wipe(self) -> None:
        """Rasa has nothing of this conversation any more."""
        async with httpx2.AsyncClient(trust_env=False) as client:
            await client.put(f"{self.url}/conversations/{self.here}/tracker/events", json=[])


@pytest_asyncio.fixture(params=["at once", "in steps"])
async def talk(url: str, request: pytest.FixtureRequest) -> AsyncIterator[Talk]:
    at_once = request.param == "at once"
    async with RasaHttp(url, token=tiny_rasa.TOKEN, at_once=at_once) as rasa:
        yield Talk(rasa, url, next(_conversations), at_once)


async def test_our_channel_is_closed_to_whoever_does_not_have_the_token(url: str, talk: Talk) -> None:
    for token in (None, "another"):
        async with RasaHttp(url, token=token, at_once=True) as stranger:
            with pytest.raises(DialogueFailed, match="RASA_TOKEN"):
                await stranger.next_turn(talk.request("hello"))


def line(here: ConversationId, text: str) -> Entry:
    return Entry(here, 9, Author(AuthorKind.AGENT, "Ann", "a1"), EntryKind.MESSAGE, text, datetime.now(UTC), 2)


BACK = HandBackBrief("Ann", "The parcel was sent again.", (), None, datetime(2026, 11, 21, tzinfo=UTC))


async def test_it_is_ready(talk: Talk) -> None:
    await talk.dialogue.ping()


async def test_a_turn_of_several_actions_comes_as_one_answer(talk: Talk) -> None:
    asked = talk.request("many")
    result = await talk.turn(asked)
    assert result.text == "First.\n\nLast."
    assert result.actions == ("utter_first", "action_try", "utter_last")
    assert (result.intent, result.slots["tried"], result.slots["seen"]) == ("many", "yes", asked.turn)


async def test_paragraphs_come_back_as_they_were_written(talk: Talk) -> None:
    assert (await talk.say("paragraphs")).text == "One.\n\nTwo."


async def test_an_action_that_asks_for_a_person_is_heard(talk: Talk) -> None:
    result = await talk.say("a person")
    assert (result.handover_reason, result.text) == ("asked", "")


async def test_words_nobody_understands_are_marked(talk: Talk) -> None:
    result = await talk.say("qwertz")
    assert (result.intent, result.fallback) == ("nlu_fallback", True)
    assert re.fullmatch(r"Pardon \d+\?", result.text)


async def test_words_that_no_rule_speaks_for_are_answered_by_one_call_of_the_fallback(talk: Talk) -> None:
    result = await talk.say("it is")
    assert (result.intent, result.fallback, result.actions) == ("inform", True, ("action_default_fallback",))
    assert re.fullmatch(r"Pardon \d+\?", result.text)
    assert (await talk.say("hello")).text == "Hello."


async def test_words_that_no_rule_speaks_for_inside_a_form_are_answered_once_and_the_form_asks_again(
    talk: Talk,
) -> None:
    await talk.say("my order")
    result = await talk.say("it is")
    assert result.actions == ("action_default_fallback", "order_form")
    assert re.fullmatch(r"Pardon \d+\?\n\nWhich order\?", result.text)
    assert (await talk.say("TT-123456")).text == "Which address?"


async def test_an_action_that_says_nothing_is_a_failure(talk: Talk) -> None:
    with pytest.raises(DialogueFailed) as failed:
        await talk.say("silence")
    assert failed.value.kind == "empty"


@pytest.mark.parametrize("typed", ["/restart", " /restart", "//restart", "/ /restart", "\u00a0/restart"])
async def test_restart_typed_by_a_customer_restarts_nothing(talk: Talk, typed: str) -> None:
    await talk.say("many")
    await talk.say(typed)
    state = await talk.tracker()
    assert state["slots"]["tried"] == "yes"
    assert "restart" not in [event["event"] for event in state["events"]]


@pytest.mark.parametrize("typed", ["/many", "EXTERNAL: many", '/slots{"tried": "forged"}'])
async def test_a_command_typed_by_a_customer_is_only_words(talk: Talk, typed: str) -> None:
    await talk.say(typed)
    assert (await talk.tracker())["slots"]["tried"] != "forged"


async def test_a_verified_button_means_its_intent(talk: Talk) -> None:
    result = await talk.say("Track it", intent='/slots{"order_number": "TT-111111"}')
    assert (result.intent, result.text, result.slots["order_number"]) == ("slots", "First.", "TT-111111")


async def test_a_turn_that_does_not_count_leaves_nothing_behind(talk: Talk) -> None:
    await talk.say("hello")
    assert (await talk.say("many", counts=False)).slots["tried"] == "yes"
    assert "tried" not in (await talk.say("hello")).slots
    turns = [event for event in (await talk.tracker())["events"] if event["event"] == "user"]
    assert [event["text"] for event in turns] == ["hello", "hello"]


async def test_the_very_first_turn_need_not_count(talk: Talk) -> None:
    await talk.say("many", counts=False)
    result = await talk.say("hello")
    assert (result.text, "tried" in result.slots) == ("Hello.", False)


async def test_a_turn_that_began_a_form_and_does_not_count_began_none(talk: Talk) -> None:
    await talk.say("my order", counts=False)
    assert (await talk.say("hello")).text == "Hello."
    assert not (await talk.tracker())["active_loop"]
    assert (await talk.say("my order")).text == "Which order?"


async def test_a_turn_inside_a_form_that_does_not_count_leaves_the_form_as_it_was(talk: Talk) -> None:
    assert (await talk.say("my order")).text == "Which order?"
    assert (await talk.say("it is TT-482913")).text == "Which address?"
    assert "wrong@example.com" in (await talk.say("wrong@example.com", counts=False)).text
    assert (await talk.say("right@example.com")).text == "TT-482913 of right@example.com is on its way."


async def test_a_rasa_that_lost_its_tracker_goes_on_where_the_record_stands(talk: Talk) -> None:
    await talk.say("many")
    await talk.say("my order")
    await talk.say("it is TT-482913")
    await talk.wipe()
    result = await talk.say("right@example.com")
    assert result.text == "TT-482913 of right@example.com is on its way."
    assert (result.slots["tried"], result.slots["order_number"]) == ("yes", "TT-482913")


async def test_a_form_goes_on_however_many_questions_are_asked_inside_it(talk: Talk) -> None:
    await talk.say("many")
    await talk.say("my order")
    for _ in range(9):
        assert (await talk.say("it is")).actions == ("action_default_fallback", "order_form")
    assert (await talk.say("it is TT-482913")).text == "Which address?"
    result = await talk.say("right@example.com")
    assert result.text == "TT-482913 of right@example.com is on its way."
    assert result.slots["tried"] == "yes"


async def test_the_tracker_does_not_grow(talk: Talk) -> None:
    sizes = []
    for _ in range(18):
        await talk.say("many", history=(Line(1, "customer", "Bo", "x" * 9_000, datetime.now(UTC)),))
        sizes.append(len(json.dumps((await talk.tracker())["events"])))
    assert max(sizes[15:]) < sizes[15] + 50
    assert len(json.dumps(talk.state)) < 20_000


async def test_after_an_hour_of_silence_everything_is_asked_anew(talk: Talk) -> None:
    await talk.say("my order")
    await talk.say("it is TT-482913")
    assert talk.state is not None
    for event in talk.state["events"]:
        event["timestamp"] = datetime.now(UTC).timestamp() - 3_700
    result = await talk.say("hello")
    assert result.text == "Hello."
    assert not (await talk.tracker())["active_loop"]
    assert (await talk.say("many")).text == "First.\n\nLast."


async def test_after_a_hand_back_the_next_turn_is_answered(talk: Talk) -> None:
    await talk.say("many")
    assert (
        await talk.say("hello", people=(line(talk.here, "I have sent it again."),), hand_back=BACK)
    ).text == "Hello."
    state = await talk.tracker()
    assert [event["text"] for event in state["events"] if event["event"] == "agent"] == [
        "I have sent it again.",
        "The parcel was sent again.",
    ]
    assert not state["paused"]
    assert (await talk.say("many")).text == "First.\n\nLast."


async def test_what_people_said_before_the_bot_was_ever_asked_is_told(talk: Talk) -> None:
    assert (await talk.say("many", people=(line(talk.here, "Hello, Ann here."),))).text == "First.\n\nLast."


async def test_a_form_that_a_person_interrupted_does_not_swallow_the_next_words(talk: Talk) -> None:
    await talk.say("my order")
    assert (await talk.say("hello", people=(line(talk.here, "Found it."),), hand_back=BACK)).text == "Hello."
    assert (await talk.say("my order")).text == "Which order?"


async def test_a_turn_that_is_let_go_is_let_go_by_rasa_too(talk: Talk) -> None:
    await talk.say("hello")
    other = Talk(talk.dialogue, talk.url, next(_conversations), talk.at_once)
    slow = asyncio.create_task(talk.say("wait", counts=False))
    while (await other.say("many")).slots["begun"] == "0":
        pass
    slow.cancel()
    await asyncio.gather(slow, return_exceptions=True)
    assert (await talk.say("many")).text == "First.\n\nLast."
    while (await other.say("many")).slots["let_go"] == "0":
        pass
    turns = [event for event in (await talk.tracker())["events"] if event["event"] == "user"]
    assert [event["text"] for event in turns] == ["hello", "many"]


async def test_the_copilot_is_answered_by_a_real_action_server(tiny: tiny_rasa.Addresses) -> None:
    async with CopilotHttp(tiny.actions, clock=SystemClock()) as copilot:
        here = ConversationId("copilot-real")
        draft = await copilot.suggest([line(here, "I have sent it again.")], None)
        assert await copilot.summarise({}, [line(here, "There is no such action here.")]) is None
    assert draft is not None
    assert (draft.conversation, draft.text, draft.origin) == (here, "You said: I have sent it again.", "suggestion")
