"""The packet tells an agent what happened, and a model's summary comes later or never."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from handover.entries import Entry
from handover.errors import Unavailable
from handover.evidence import Decision, Evidence, Outcome, Reason, Retrieved
from handover.stored import Draft
from tests.support.desk_world import ANSWER, ASKED, open_world


class ScriptedCopilot:
    """Answers what it was told to; fails a test by answering nothing else."""

    def __init__(self, summary: str | Exception | None, draft: Draft | None = None) -> None:
        self.summary = summary
        self.draft = draft
        self.may_answer = asyncio.Event()

    async def summarise(self, packet: dict[str, Any], entries: Sequence[Entry]) -> str | None:
        await self.may_answer.wait()
        if isinstance(self.summary, Exception):
            raise self.summary
        return self.summary

    async def suggest(self, entries: Sequence[Entry], packet: dict[str, Any] | None) -> Draft | None:
        return self.draft


async def test_a_packet_says_what_happened_and_who_said_what(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        agent = await world.agent("Mia")
        conversation = await world.conversation("Hi", "Where is my order TT-482913?")
        found = Retrieved("delivery", "Delivery times", "https://shop.example/delivery", 0.8)
        evidence = Evidence("Where is my order TT-482913?", intent="order_status", retrieved=(found,))
        inner = {"form_misses": "0", "identity_tries": "0", "pending_offer": "nothing", "order_wish": "status"}
        slots = {"order_number": "TT-482913", "city": "Leeds", "identity": "order_verified", **inner}
        await world.bot_turn(conversation.id, "I will check with the carrier.", ANSWER, evidence, slots)
        await world.says(conversation.id, "a person please")
        asked = Evidence("a person please", intent="human_handoff")
        await world.bot_turn(conversation.id, "Of course.", ASKED, asked, slots)
        packet = await world.desk.reading.packet(conversation.id)
        assert packet is not None
        assert json.loads(json.dumps(packet)) == packet
        assert packet["version"] == 1
        assert packet["evidence"] == [{"offset": 5, "text": "a person please"}]
        assert packet["goal"] == "Where is my order TT-482913?"
        assert packet["facts"] == [
            {"name": "city", "value": "Leeds", "said_by": "system", "offset": None},
            {"name": "order_number", "value": "TT-482913", "said_by": "customer", "offset": 3},
        ]
        assert [tried["offset"] for tried in packet["tried"]] == [4, 6]
        assert packet["retrieved"][0]["url"] == "https://shop.example/delivery"
        assert packet["promises"] == [{"by": "bot", "text": "I will check with the carrier.", "offset": 4}]
        assert (packet["identity"], packet["language"], packet["summary"]) == ("order_verified", "en", None)
        assert "Ann" in packet["suggested_reply"]
        now = await world.desk.reading.conversation(conversation.id)
        held = await world.desk.agents.accept(agent, conversation.id, now.epoch)
        await world.desk.agents.hand_back(agent, conversation.id, held.epoch, "Found it", ("Call on Monday",), "refund")
        again = await world.desk.customers.ask_for_human(conversation.id, "h2")
        packet = await world.desk.reading.packet(again.id)
        assert packet is not None
        assert packet["hand_backs"][0]["outcome"] == "Found it"
        assert {"by": "Mia", "text": "Call on Monday", "offset": None} in packet["promises"]


async def test_a_summary_arrives_later_and_never_delays_the_offer(tmp_path: Path) -> None:
    copilot = ScriptedCopilot("Wants a refund.")
    async with open_world(tmp_path, copilot=copilot) as world:
        conversation = await world.offered()
        (offer,) = await world.desk.reading.open_offers()
        assert offer.packet["summary"] is None
        async with world.desk.live.follow(f"desk:{conversation.id}") as follower, asyncio.timeout(10):
            copilot.may_answer.set()
            async for told in follower:
                assert told.kind == "packet"
                assert json.loads(told.text)["packet"]["summary"] == "Wants a refund."
                break
        packet = await world.desk.reading.packet(conversation.id)
        assert packet is not None
        assert packet["summary"] == "Wants a refund."


@pytest.mark.parametrize("summary", [RuntimeError("the model broke"), None])
async def test_a_model_that_fails_only_leaves_the_summary_out(tmp_path: Path, summary: Exception | None) -> None:
    copilot = ScriptedCopilot(summary)
    copilot.may_answer.set()
    async with open_world(tmp_path, copilot=copilot) as world:
        conversation = await world.offered()
        await world.desk.summaries.settled()
        packet = await world.desk.reading.packet(conversation.id)
        assert packet is not None
        assert packet["summary"] is None


async def test_a_suggestion_is_a_draft_for_agents(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        agent = await world.agent("Mia")
        conversation = await world.conversation("hi")
        with pytest.raises(Unavailable):
            await world.desk.agents.suggest(agent, conversation.id)
        draft = Draft(conversation.id, "Try this", world.clock.now())
    copilot = ScriptedCopilot(None, draft)
    async with open_world(tmp_path, copilot=copilot) as world:
        agent = await world.agent("Mia")
        conversation = await world.conversation("hi")
        kept = await world.desk.agents.suggest(agent, conversation.id)
        assert kept.text == "Try this"
        assert await world.desk.reading.drafts(conversation.id) == [kept]
        assert "Try this" not in await world.texts(conversation.id)


async def test_anger_shows_the_whole_run_of_words(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        conversation = await world.conversation("where is it", "this is ridiculous", "you idiots")
        await world.bot_turn(conversation.id, "Sorry.", Decision(Outcome.HAND_OVER, Reason.ANGER, "angry"))
        packet = await world.desk.reading.packet(conversation.id)
        assert packet is not None
        assert [quote["offset"] for quote in packet["evidence"]] == [2, 3, 4]
