"""The copilot helps when it can, and no failure of it is anybody's problem."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from bot.copilot_http import CopilotHttp, citations_of, copilot_reply, request_for
from bot.model_meters import ModelMeters
from bot.tracing import open_traces
from handover.clock import SystemClock
from handover.entries import Author, AuthorKind, Citation, ConversationId, Entry, EntryKind
from tests.support.otlp_collector import collecting
from tests.support.scripted_rasa import ScriptedRasa, Step, cuts, hangs

HERE = ConversationId("c1")
AT = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
ENTRIES = [Entry(HERE, 1, Author(AuthorKind.CUSTOMER, "Bo"), EntryKind.MESSAGE, "Where is it?", AT, 1)]


def answers(*custom: dict[str, Any]) -> Step:
    body = {"events": [], "responses": [{"text": None, "custom": one} for one in custom]}
    return Step("POST", "/webhook", content=json.dumps(body).encode())


def copilot(text: object, **more: Any) -> dict[str, Any]:
    return {"switchboard": 1, "kind": "copilot", "text": text, "citations": [], **more}


async def test_a_summary_is_asked_for_with_history_and_packet() -> None:
    async with (
        ScriptedRasa([answers(copilot(" Bo waits for a parcel. "))]) as actions,
        CopilotHttp(actions.url, clock=SystemClock()) as port,
    ):
        assert await port.summarise({"reason": "asked"}, ENTRIES) == "Bo waits for a parcel."
    body = actions.calls[0].body
    metadata = body["tracker"]["latest_message"]["metadata"]
    assert (body["next_action"], body["sender_id"], body["domain"]) == ("action_summarise", "c1", {})
    assert metadata["packet"] == {"reason": "asked"}
    assert metadata["history"] == [
        {"offset": 1, "speaker": "customer", "name": "Bo", "text": "Where is it?", "at": AT.isoformat()}
    ]


async def test_a_suggestion_comes_with_its_sources() -> None:
    cited = [{"title": "Returns", "url": "https://shop.example/r", "page": "returns"}, {"title": 1}, "x"]
    async with (
        ScriptedRasa([answers({"kind": "other"}, copilot("Try this.", citations=cited))]) as actions,
        CopilotHttp(actions.url, clock=SystemClock()) as port,
    ):
        draft = await port.suggest(ENTRIES, None)
    assert draft is not None
    assert (draft.text, draft.origin, draft.conversation) == ("Try this.", "suggestion", HERE)
    assert draft.citations == (Citation("Returns", "https://shop.example/r", "returns"),)


async def test_an_agents_words_are_rewritten_in_another_style() -> None:
    async with (
        ScriptedRasa([answers(copilot("Kindly wait."))]) as actions,
        CopilotHttp(actions.url, clock=SystemClock()) as port,
    ):
        draft = await port.rewrite(ENTRIES, "wait", "friendly")
    assert draft is not None
    assert draft.origin == "rewrite"
    metadata = actions.calls[0].body["tracker"]["latest_message"]["metadata"]
    assert (metadata["text"], metadata["style"]) == ("wait", "friendly")


@pytest.mark.parametrize(
    "step",
    [
        Step("POST", "/webhook", status=500),
        Step("POST", "/webhook", status=404, content=b"{}"),
        Step("POST", "/webhook", content=b"<html>"),
        Step("POST", "/webhook", content=b"null"),
        Step("POST", "/webhook", content=b'{"responses": [5, {"custom": "x"}]}'),
        answers(),
        answers(copilot("  ")),
        answers(copilot(7)),
        hangs("POST", "/webhook"),
        cuts("POST", "/webhook"),
    ],
)
async def test_whatever_fails_there_is_just_no_suggestion(step: Step) -> None:
    async with (
        ScriptedRasa([step]) as actions,
        # Only the one that hangs uses the time up; it must be long enough for a loaded machine to ask at all.
        CopilotHttp(actions.url, clock=SystemClock(), seconds=5.0 if step.fault != "hang" else 2.0) as port,
    ):
        assert await port.suggest(ENTRIES, None) is None


async def test_nobody_listening_is_no_suggestion() -> None:
    async with ScriptedRasa([]) as actions:
        url = actions.url
    async with CopilotHttp(url, clock=SystemClock()) as port:
        assert await port.summarise({}, ENTRIES) is None


def test_the_domain_is_there_but_empty() -> None:
    assert request_for("action_suggest", HERE, {})["domain"] == {}


def test_odd_answers_hold_no_copilot() -> None:
    assert copilot_reply([]) is None
    assert citations_of({"citations": "x"}) == ()


async def test_the_model_s_calls_are_counted_and_the_actions_are_told_which_trace_they_belong_to() -> None:
    registry = CollectorRegistry()
    calls = [{"outcome": "ok", "seconds": 1.5, "first": 0.5, "tokens_in": 9, "tokens_out": 3}]
    async with collecting() as collector:
        traces = open_traces(collector.url)
        async with (
            ScriptedRasa([answers(copilot("Try this.", model_calls=calls)), cuts("POST", "/webhook")]) as actions,
            CopilotHttp(actions.url, clock=SystemClock(), models=ModelMeters(registry), traces=traces) as port,
        ):
            assert await port.suggest(ENTRIES, None) is not None
            assert await port.suggest(ENTRIES, None) is None
        await traces.close()
        await collector.until("copilot action_suggest", "copilot action_suggest")
    labels = {"work": "copilot", "outcome": "ok"}
    assert registry.get_sample_value("switchboard_model_calls_total", labels) == 1
    first, second = collector.named("copilot action_suggest")
    assert (first.error, second.error) == (False, True)
    told = actions.calls[0].body["tracker"]["latest_message"]["metadata"]["traceparent"]
    assert told.split("-")[1:3] == [first.trace, first.id]
    assert collector.holds("Where is it?", "Try this.") == []
