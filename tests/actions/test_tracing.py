"""A collector sees an action below the turn that asked for it, with what it searched, asked and did, and no words."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from rasa_sdk.executor import CollectingDispatcher

from actions.action_shop import ActionOrderStatus
from actions.llm import OpenAIWriter
from actions.reply import write_reply
from actions.settings import BadSetting
from actions.shop.port import Shop
from actions.tracing import Traces, open_traces, span
from tests.support.hand_shop import broken_shop, fresh_shop, tracker
from tests.support.otlp_collector import Collector, SeenSpan, collecting
from tests.support.reply_parts import asking, due_in, tools, within
from tests.support.scripted_llm import Refuse, Say, Stall, Step, scripted_llm

QUESTION = "How much is delivery to Norway?"
GOOD = 'Delivery to Norway costs €14.90 [delivery-costs].\n@@{"needs": "nothing"}'
TRACE, ABOVE = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
MESSAGE = {"text": QUESTION, "metadata": {"turn": "t1", "traceparent": f"00-{TRACE}-{ABOVE}-01"}}
ANNA = {"order_number": "TT-482913", "email": "anna.berg@example.com"}


@asynccontextmanager
async def traced(collector: Collector) -> AsyncIterator[Traces]:
    """Traces to ``collector``, which has them all at the end."""
    traces = open_traces(collector.url)
    yield traces
    with traces.action("last", None):
        pass
    await asyncio.to_thread(traces.close)
    await collector.until("last")


async def replies(*steps: Step, seconds: float = 4) -> tuple[Collector, SeenSpan, dict[str, object]]:
    """One reply with a model that follows ``steps``: what was collected, the action's span, and the evidence."""
    async with collecting() as collector, traced(collector) as traces, scripted_llm(steps) as server:
        model = OpenAIWriter(api_key="key-of-a-test", base_url=server.url, model="scripted")
        parts = tools(model)
        with traces.action("action_reply", MESSAGE):
            reply = await within(seconds, write_reply(asking(QUESTION, deadline=due_in(seconds)), parts))
        await model.close()
    [action] = collector.named("action_reply")
    assert collector.holds(QUESTION, "Norway", "14.90", "key-of-a-test") == []
    return collector, action, reply["evidence"]


async def test_a_reply_stands_below_the_turn_with_its_search_and_each_call_of_the_model() -> None:
    collector, action, evidence = await replies(Refuse(500), Say(GOOD), seconds=12)
    assert (action.trace, action.parent, action.service) == (TRACE, ABOVE, "switchboard-actions")
    assert action.facts == {"switchboard.turn": "t1"}
    assert collector.below(action) == ["retrieval", "model scripted", "model scripted"]
    [search] = collector.named("retrieval")
    assert search.facts["switchboard.found"] > 0
    refused, answered = collector.named("model scripted")
    assert (refused.asks, refused.error, refused.facts["error.type"]) == (True, True, "server_error")
    assert (answered.error, answered.facts["switchboard.outcome"]) == (False, "ok")
    assert answered.facts["gen_ai.request.model"] == "scripted"
    assert answered.facts["gen_ai.usage.input_tokens"] == 10
    assert answered.facts["gen_ai.usage.output_tokens"] == len(GOOD) // 4
    assert answered.facts["gen_ai.response.finish_reasons"] == ["stop"]
    assert answered.facts["gen_ai.response.time_to_first_chunk"] >= 0
    told = evidence["model_calls"]
    assert isinstance(told, list)
    assert [(call["outcome"], call["tokens_in"]) for call in told] == [("server_error", None), ("ok", 10)]


async def test_a_model_that_stalls_is_seen_and_told_beside_the_offline_reply() -> None:
    collector, _, evidence = await replies(Stall("Delivery to"))
    [stalled] = collector.named("model scripted")
    assert (stalled.error, stalled.facts["error.type"]) == (True, "stalled")
    assert evidence["fallback_reason"] == "stalled"


@pytest.mark.parametrize("broken", [False, True])
async def test_a_tool_is_seen_with_how_it_went_and_without_whom_it_was_for(tmp_path: Path, broken: bool) -> None:
    shop: Shop = broken_shop() if broken else fresh_shop(tmp_path)
    async with collecting() as collector, traced(collector) as traces:
        with traces.action("action_order_status", MESSAGE):
            await ActionOrderStatus(shop).run(CollectingDispatcher(), tracker(dict(ANNA)), {})
    [action], [tool] = collector.named("action_order_status"), collector.named("tool")
    assert (tool.parent, tool.facts["switchboard.tool"]) == (action.id, "order_status")
    assert (tool.error, tool.facts["switchboard.ok"]) == (broken, not broken)
    assert collector.holds(*ANNA.values(), "anna") == []


@pytest.mark.parametrize(
    "message",
    [
        None,
        {"metadata": None},
        {"metadata": {"traceparent": 5, "turn": 7}},
        {"metadata": {"traceparent": "garbage"}},
        {"metadata": {"traceparent": f"00-{'0' * 32}-{ABOVE}-01"}},
        {"metadata": {"traceparent": f"00-{TRACE}-{ABOVE}-01" * 2000}},
    ],
)
async def test_a_bad_traceparent_is_ignored(message: object) -> None:
    async with collecting() as collector, traced(collector) as traces:
        with traces.action("action_reply", message):
            pass
    [action] = collector.named("action_reply")
    assert (action.parent, action.facts) == ("", {})
    assert action.trace != TRACE


async def test_a_trace_that_was_not_chosen_is_not_exported() -> None:
    async with collecting() as collector, traced(collector) as traces:
        with traces.action("action_reply", {"metadata": {"traceparent": f"00-{TRACE}-{ABOVE}-00"}}):
            pass
    assert collector.named("action_reply") == []


async def test_what_breaks_is_named_by_its_kind_and_passes_through() -> None:
    async with collecting() as collector, traced(collector) as traces:
        with pytest.raises(RuntimeError), traces.action("action_reply", MESSAGE), span("inner"):
            raise RuntimeError(QUESTION)
    [action], [inner] = collector.named("action_reply"), collector.named("inner")
    assert (inner.parent, inner.error, action.error) == (action.id, True, True)
    assert collector.holds(QUESTION) == []


def test_without_an_address_there_is_nothing() -> None:
    with open_traces(None).action("action_reply", MESSAGE) as action, span("inner") as inner:
        inner.failed("kind")
        assert inner is action


def test_an_exporter_that_is_missing_is_named() -> None:
    with pytest.raises(BadSetting, match=r"OTEL_EXPORTER_OTLP_ENDPOINT.*no_such_package"):
        open_traces("http://collector:4318", exporter="no_such_package.exporter")
