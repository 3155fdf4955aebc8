"""Whatever the model does, the customer has an honest reply in time, with its evidence beside it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass

import httpx2
import pytest

from actions.breaker import Breaker
from actions.briefing import HandBack, Line
from actions.llm import OpenAIWriter
from actions.model_calls import ModelFailed
from actions.reply import write_reply
from actions.stream import DeltaStream
from actions.writers import Asked
from tests.support.replicas import until
from tests.support.reply_parts import HeardStream, asking, due_in, knowledge_by_keywords, tools, within
from tests.support.scripted_llm import Cut, Endless, Garbage, Held, Refuse, Say, Stall, Step, scripted_llm

QUESTION = "How much is delivery to Norway?"
GOOD = 'Delivery to Norway costs €14.90 [delivery-costs].\n@@{"needs": "nothing"}'


@pytest.fixture(scope="module", autouse=True)
def _index_is_made() -> None:
    """Indexing is work of the start, not of a turn."""
    tools()


@dataclass
class Model:
    """Says one fixed raw answer, or fails."""

    raw: str | ModelFailed
    name: str = "openai"
    model: str | None = "fixed"
    asked: int = 0

    async def write(self, asked: Asked, *, seconds: float) -> AsyncGenerator[str, None]:
        self.asked += 1
        if isinstance(self.raw, ModelFailed):
            raise self.raw
        for letter in self.raw:
            yield letter


async def test_a_model_answers_from_the_pages_and_its_sources_are_named() -> None:
    heard = HeardStream()
    async with scripted_llm([Say(GOOD)]) as server:
        model = OpenAIWriter(api_key=None, base_url=server.url, model="scripted")
        reply = await within(5, write_reply(asking(QUESTION, deadline=due_in(5)), tools(model, stream=heard)))
        await model.close()
    evidence = reply["evidence"]
    assert reply["text"] == "Delivery to Norway costs €14.90."
    assert "".join(heard.pieces) == reply["text"]
    assert [c["page"] for c in reply["citations"]] == ["delivery-costs"]
    assert (evidence["provider"], evidence["fallback_reason"], evidence["model"]) == ("openai", None, "scripted")
    assert evidence["claims"][0]["supported"] is True
    assert evidence["needs"] == "nothing"


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (Refuse(429, "30"), "rate_limited"),
        (Refuse(500), "server_error"),
        (Stall(), "timeout"),
        (Stall("Delivery to"), "stalled"),
        (Cut("Delivery to Norway costs €14.90. It"), "cut"),
        (Garbage(), "garbage"),
        (Endless("and so on and on " * 40), "too_long"),
        (Say('[delivery-costs] @@{"needs": "nothing"}'), "empty"),
    ],
)
async def test_every_failure_of_the_model_still_brings_an_answer_before_the_deadline(step: Step, reason: str) -> None:
    async with scripted_llm([step]) as server:
        model = OpenAIWriter(api_key=None, base_url=server.url, model="scripted")
        reply = await within(3, write_reply(asking(QUESTION, deadline=due_in(3)), tools(model)))
        await model.close()
    assert "€14.90" in reply["text"]
    assert (reply["evidence"]["provider"], reply["evidence"]["fallback_reason"]) == ("offline", reason)


async def test_a_turn_with_no_time_left_is_answered_offline_at_once() -> None:
    model = Model(GOOD)
    reply = await write_reply(asking(QUESTION, deadline=due_in(1.2)), tools(model))
    assert model.asked == 0
    assert reply["evidence"]["fallback_reason"] == "no_time"
    assert reply["text"]


async def test_after_three_failures_the_model_is_left_alone() -> None:
    now = [0.0]
    model, breaker = Model(ModelFailed("server_error")), Breaker(monotonic=lambda: now[0])
    parts = tools(model, breaker=breaker)
    reasons = [(await write_reply(asking(QUESTION), parts))["evidence"]["fallback_reason"] for _ in range(5)]
    assert reasons == ["server_error"] * 3 + ["breaker_open"] * 2
    now[0] = 31.0
    model.raw = GOOD
    assert (await write_reply(asking(QUESTION), parts))["evidence"]["provider"] == "openai"


async def test_an_invented_price_is_never_shown() -> None:
    heard = HeardStream()
    raw = "Delivery to Norway costs €14.90 [delivery-costs]. With express it is only €3.33 [delivery-costs].\n@@"
    reply = await write_reply(asking(QUESTION), tools(Model(raw), stream=heard))
    assert reply["text"] == "Delivery to Norway costs €14.90."
    assert "3.33" not in "".join(heard.pieces)
    assert [c["supported"] for c in reply["evidence"]["claims"]] == [True, False]


async def test_a_reply_that_only_invents_becomes_an_honest_one() -> None:
    reply = await write_reply(asking(QUESTION), tools(Model('I have refunded you €500.\n@@{"needs": "nothing"}')))
    assert "person" in reply["text"]
    assert "500" not in reply["text"]
    assert reply["evidence"]["needs"] == "knowledge"
    assert reply["evidence"]["claims"][0]["supported"] is False


async def test_a_page_that_was_not_retrieved_cannot_be_cited() -> None:
    raw = 'Delivery to Norway costs €14.90 [delivery-costs] [jobs] [made-up].\n@@{"needs": "nothing"}'
    reply = await write_reply(asking(QUESTION), tools(Model(raw)))
    assert [c["page"] for c in reply["citations"]] == ["delivery-costs"]


@pytest.mark.parametrize(
    ("words", "promise"),
    [
        ("I'll pass you on to a person from our team now.", True),
        ("Let me connect you with a colleague.", True),
        ("Would you like me to pass you on to a person?", False),
        ("I can pass you to a person if you like.", False),
    ],
)
async def test_a_promised_transfer_is_flagged(words: str, promise: bool) -> None:
    reply = await write_reply(asking(QUESTION), tools(Model(f'{words}\n@@{{"needs": "human"}}')))
    assert reply["evidence"]["promises_transfer"] is promise
    assert reply["evidence"]["needs"] == "human"


async def test_a_fenced_turn_stops_the_model_at_once_and_says_nothing() -> None:
    heard = HeardStream(fence_after=1)
    async with scripted_llm([Endless("Delivery takes a while. ")]) as server:
        model = OpenAIWriter(api_key=None, base_url=server.url, model="scripted")
        reply = await within(5, write_reply(asking(QUESTION), tools(model, stream=heard)))
        await within(2, server.stopped.wait())
        await model.close()
    assert (reply["text"], reply["evidence"]["fallback_reason"]) == ("", "fenced")


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("Delivery takes a while.\n", ["Delivery takes a while."]),
        ("Delivery takes\n", []),
        ("Delivery takes e.g.\n", []),
    ],
)
async def test_a_sentence_at_the_end_of_a_line_is_shown_before_the_next_word_comes(line: str, shown: list[str]) -> None:
    heard = HeardStream()
    async with scripted_llm([Held((line, "It ", 'does.\n@@{"needs": "nothing"}'))]) as server:
        model = OpenAIWriter(api_key=None, base_url=server.url, model="scripted")
        writing = asyncio.create_task(write_reply(asking(QUESTION), tools(model, stream=heard)))
        await within(5, server.asked.wait())
        await within(5, until(lambda: heard.fed > 0))
        assert heard.pieces == shown
        server.let_go.release()
        server.let_go.release()
        reply = await within(5, writing)
        await model.close()
    assert reply["text"] == f"{line}It does."
    assert "".join(heard.pieces) == reply["text"]


async def test_a_takeover_between_two_sentences_cuts_the_models_stream() -> None:
    posted: list[str] = []
    taken = asyncio.Event()

    async def service(request: httpx2.Request) -> httpx2.Response:
        if request.url.path == "/internal/turns/t1/over":
            await taken.wait()
            return httpx2.Response(409)
        posted.append(json.loads(request.content)["text"])
        return httpx2.Response(204)

    async with (
        scripted_llm([Held(("Delivery takes a while. It ", "never comes to this."))]) as server,
        httpx2.AsyncClient(transport=httpx2.MockTransport(service)) as client,
    ):
        model = OpenAIWriter(api_key=None, base_url=server.url, model="scripted")
        stream = DeltaStream(client, "http://s/internal/turns/t1", "token", 1)
        writing = asyncio.create_task(write_reply(asking(QUESTION), tools(model, stream=stream)))
        await within(5, until(lambda: bool(posted)))
        taken.set()
        await within(5, server.stopped.wait())  # while it waits to say the next word
        reply = await within(5, writing)
        await model.close()
    assert (reply["text"], reply["evidence"]["fallback_reason"]) == ("", "fenced")
    assert posted == ["Delivery takes a while. "]


async def test_a_question_no_page_answers_gets_an_honest_reply_and_an_offer() -> None:
    reply = await write_reply(asking("Do you sell fishing rods?"), tools())
    assert "person" in reply["text"]
    assert reply["evidence"]["needs"] == "knowledge"
    assert reply["citations"] == []


async def test_offline_repeats_what_a_person_settled_rather_than_a_page() -> None:
    brief = HandBack(
        "Priya", "Priya sends a replacement headlamp, no return needed", ("Replacement leaves on 24 November",)
    )
    asked = asking("and what about my headlamp, what did your colleague say?", hand_back=brief)
    reply = await write_reply(asked, tools())
    assert "Priya" in reply["text"]
    assert "24 November" in reply["text"]
    assert all(c["supported"] for c in reply["evidence"]["claims"])


async def test_offline_repeats_a_persons_line_from_the_history() -> None:
    history = (Line("agent", "Priya", "I have put a note on order TT-482913: you may return it until 3 December."),)
    reply = await write_reply(asking("what did she say about my order?", history=history), tools())
    assert "3 December" in reply["text"]


async def test_the_truth_about_being_automated_needs_no_model() -> None:
    reply = await write_reply(asking("are you a real person?"), tools())
    assert "automated assistant" in reply["text"]


async def test_without_embedder_files_replies_rest_on_keywords_and_say_so() -> None:
    reply = await write_reply(asking("how long is the warranty on tents?"), tools(known=knowledge_by_keywords()))
    assert "5 years" in reply["text"]
    assert reply["evidence"]["search"] == "keyword"


async def test_a_turn_that_was_not_understood_is_flagged() -> None:
    assert (await write_reply(asking("blorf"), tools(), fallback=True))["evidence"]["fallback"] is True


async def test_cancelling_a_turn_leaves_no_work_behind() -> None:
    async with scripted_llm([Stall("Delivery")]) as server:
        model = OpenAIWriter(api_key=None, base_url=server.url, model="scripted")
        turn = asyncio.create_task(write_reply(asking(QUESTION), tools(model)))
        await within(5, server.asked.wait())
        turn.cancel()
        with pytest.raises(asyncio.CancelledError):
            await turn
        await within(2, server.stopped.wait())
        await model.close()
