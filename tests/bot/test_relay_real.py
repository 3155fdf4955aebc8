"""The whole path with a real Rasa: a form interrupted by a second message, a takeover, and the way back."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest

from bot.dialogue import TurnRequest, TurnResult
from bot.rasa_http import RasaHttp
from bot.relay import Relay, RelaySettings
from bot.repeats import LexicalRepeats
from handover.clock import SystemClock
from handover.desk import CustomerMessage, Desk, open_desk
from handover.entries import AuthorKind, ConversationId
from handover.policy_settings import load_policy
from tests.support.relay_world import ANN, SECRET, backends_in
from tests.support.tiny_rasa import Addresses

pytestmark = [pytest.mark.rasa, pytest.mark.timeout(400)]


class Interrupted(RasaHttp):
    """Rasa, and something that happens once after it has answered and before anybody has heard it."""

    meanwhile: Callable[[], Awaitable[object]] | None = None

    async def next_turn(self, request: TurnRequest) -> TurnResult:
        result = await super().next_turn(request)
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            await meanwhile()
        return result


async def _take(desk: Desk, here: ConversationId) -> None:
    await desk.agents.take(ANN, here, (await desk.reading.conversation(here)).epoch)


async def _first_draft(desk: Desk, here: ConversationId) -> str:
    while True:
        drafts = await desk.reading.drafts(here)
        if drafts:
            return drafts[0].text
        await asyncio.sleep(0.01)


async def test_a_form_survives_an_interruption_and_a_takeover(tiny: Addresses, tmp_path: Path) -> None:
    clock, policy = SystemClock(), load_policy()
    async with backends_in(tmp_path) as backends, Interrupted(tiny.rasa) as dialogue:
        desk = open_desk(backends, clock=clock, policy=policy)
        settings = RelaySettings(policy=policy)
        relay = Relay(desk, dialogue, settings=settings, clock=clock, repeats=LexicalRepeats(), secret=SECRET)
        customer = await desk.customers.new_customer(name="Bo")
        here = (await desk.customers.start("web", customer.id)).id
        running = asyncio.create_task(relay.run())

        async def says(text: str) -> None:
            await relay.customer_says(here, CustomerMessage(text, f"m-{text}"))

        async def hears(*texts: str) -> None:
            while True:
                said = [e.text for e in await desk.reading.entries(here) if e.author.kind is AuthorKind.BOT]
                if len(said) >= len(texts) and relay.at_work == 0:
                    assert said == list(texts)
                    return
                await asyncio.sleep(0.01)

        await says("my order, please.")
        await hears("Which order?")
        dialogue.meanwhile = lambda: says("I hope that helps.")
        await says("it is TT-482913")
        await hears("Which order?", "Which address?")
        dialogue.meanwhile = lambda: _take(desk, here)
        await says("wrong@example.com")
        assert "wrong@example.com" in await _first_draft(desk, here)
        seen = (await desk.reading.conversation(here)).last_offset
        await desk.agents.say(ANN, here, "a1", "I have found it.", seen)
        await desk.agents.hand_back(ANN, here, (await desk.reading.conversation(here)).epoch, "Found.")
        await says("hello!")
        await hears("Which order?", "Which address?", "Hello.")

        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
