"""One turn: what the dialogue is given, and that every turn ends in the record."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest_asyncio
from prometheus_client import CollectorRegistry

from bot.buttons import sign
from bot.dialogue import DialogueFailed, ModelCall, TurnRequest, TurnResult
from bot.one_turn import OneTurn
from bot.relay_settings import RelaySettings
from bot.repeats import LexicalRepeats
from bot.turn_meters import TurnMeters
from handover.backends import Backends
from handover.desk import CustomerMessage, Desk, open_desk
from handover.entries import ConversationId
from handover.policy_settings import load_policy
from handover.topics import load_topics
from tests.support.hand_clock import HandClock
from tests.support.relay_world import ANN, SECRET, backends_in
from tests.support.scripted_dialogue import ScriptedDialogue

SETTINGS = RelaySettings(policy=load_policy(), profile_fields=("name", "tier", "absent"))


class Table:
    """A desk, a clock, one waiting customer, and a turn to take."""

    def __init__(self, backends: Backends) -> None:
        self.clock = HandClock()
        self.desk: Desk = open_desk(backends, clock=self.clock, policy=SETTINGS.policy)
        self.here = ConversationId("")

    async def sit(self) -> None:
        profile = {"tier": "gold", "secret": "not for the model"}
        customer = await self.desk.customers.new_customer(name="Bo", profile=profile)
        self.here = (await self.desk.customers.start("web", customer.id)).id

    async def says(self, text: str, payload: str | None = None) -> None:
        said = CustomerMessage(text, f"m-{text}", payload=payload)
        await self.desk.customers.record_customer_message(self.here, said)

    def turn(self, dialogue: ScriptedDialogue, *, secret: bytes = SECRET, meters: TurnMeters | None = None) -> OneTurn:
        return OneTurn(
            self.desk,
            dialogue,
            settings=SETTINGS,
            clock=self.clock,
            repeats=LexicalRepeats(),
            topics=load_topics(),
            secret=secret,
            owner="test",
            meters=meters,
        )

    async def failure(self) -> str | None:
        return (await self.desk.reading.decisions(self.here))[-1].evidence.failure


@pytest_asyncio.fixture
async def table(tmp_path: Path) -> AsyncIterator[Table]:
    async with backends_in(tmp_path) as backends:
        laid = Table(backends)
        await laid.sit()
        yield laid


async def test_the_dialogue_is_given_the_allowed_profile_and_time_to_spare(table: Table) -> None:
    await table.says("Hello!")
    with ScriptedDialogue(["Hi."]) as dialogue:
        assert await table.turn(dialogue).take(table.here, newer=asyncio.Event(), even_if_newer=False) == "committed"
    request = dialogue.heard[0]
    assert request.customer == {"name": "Bo", "tier": "gold"}
    assert request.deadline == table.clock.now() + timedelta(seconds=SETTINGS.turn_seconds - SETTINGS.reserve)


async def test_with_nothing_to_answer_there_is_no_turn(table: Table) -> None:
    with ScriptedDialogue() as dialogue:
        assert await table.turn(dialogue).take(table.here, newer=asyncio.Event(), even_if_newer=False) is None


async def test_an_overloaded_bot_asks_people_at_once(table: Table) -> None:
    await table.says("Hello!")
    with ScriptedDialogue() as dialogue:
        assert (
            await table.turn(dialogue).take(table.here, newer=asyncio.Event(), even_if_newer=True, overloaded=True)
            == "committed"
        )
    assert (await table.desk.reading.conversation(table.here)).control == "offered"
    assert await table.failure() == "overloaded"


async def test_a_failure_late_in_the_turn_is_not_tried_again(table: Table) -> None:
    await table.says("Hello!")

    def late(_: TurnRequest) -> DialogueFailed:
        table.clock.advance(12)
        return DialogueFailed("empty", "nothing", retry=True)

    with ScriptedDialogue([late]) as dialogue:
        await table.turn(dialogue).take(table.here, newer=asyncio.Event(), even_if_newer=False)
    assert await table.failure() == "empty"


async def test_a_button_signed_before_the_secret_changed_counts_as_its_words(table: Table) -> None:
    await table.says("Yes", payload=sign(SECRET, table.here, "/affirm"))
    with ScriptedDialogue(["Fine."]) as dialogue:
        await table.turn(dialogue, secret=b"another secret by now").take(
            table.here, newer=asyncio.Event(), even_if_newer=False
        )
    assert (dialogue.heard[0].intent, dialogue.heard[0].text) == (None, "Yes")


async def test_a_button_that_carries_words_means_these_words_are_no_command(table: Table) -> None:
    await table.says("Tents", payload=sign(SECRET, table.here, "show me tents"))
    with ScriptedDialogue(["Here."]) as dialogue:
        await table.turn(dialogue).take(table.here, newer=asyncio.Event(), even_if_newer=False)
    assert dialogue.heard[0].intent is None


async def test_what_people_said_is_told_again_until_a_turn_counts(table: Table) -> None:
    agents = table.desk.agents
    await agents.take(ANN, table.here, 1)
    await agents.say(
        ANN, table.here, "a1", "I am on it.", (await table.desk.reading.conversation(table.here)).last_offset
    )
    await agents.hand_back(ANN, table.here, 2, "Done.")
    await table.says("And now?")
    away = DialogueFailed("down", "away", retry=True)
    with ScriptedDialogue([away, "Now this."]) as dialogue:
        assert await table.turn(dialogue).take(table.here, newer=asyncio.Event(), even_if_newer=False) == "committed"
    assert [[entry.text for entry in heard.people] for heard in dialogue.heard] == [["I am on it."]] * 2
    assert (await table.desk.reading.entries(table.here))[-1].text == "Now this."
    await table.says("Fine.")
    brief = await table.desk.bot.begin_turn(table.here, owner="test", seconds=5)
    assert brief is not None
    assert (brief.untold, brief.dialogue) == ((), {"turns": [dialogue.heard[0].turn]})


async def test_what_the_model_took_is_counted_with_the_turn(table: Table) -> None:
    registry = CollectorRegistry()
    await table.says("Hello!")
    told = TurnResult(
        "Hi.", model_calls=(ModelCall("timeout", 8.0), ModelCall("ok", 1.0, 0.5)), fallback_reasons=("cut",)
    )
    with ScriptedDialogue([told]) as dialogue:
        turn = table.turn(dialogue, meters=TurnMeters(table.clock, registry))
        await turn.take(table.here, newer=asyncio.Event(), even_if_newer=False)
    for name, labels in (
        ("calls_total", {"work": "reply", "outcome": "timeout"}),
        ("calls_total", {"work": "reply", "outcome": "ok"}),
        ("fallbacks_total", {"work": "reply", "reason": "cut"}),
    ):
        assert registry.get_sample_value(f"switchboard_model_{name}", labels) == 1
