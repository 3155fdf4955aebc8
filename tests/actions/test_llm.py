"""The real openai package against a scripted server: each way a model can fail comes out as one kind of failure."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from actions.llm import OpenAIWriter
from actions.model_calls import ModelFailed
from tests.support.scripted_llm import Cut, Endless, Garbage, Refuse, Say, ScriptedLLM, Stall, Step, scripted_llm

MESSAGES = ({"role": "user", "content": "Hello?"},)


@asynccontextmanager
async def model(*steps: Step) -> AsyncIterator[tuple[OpenAIWriter, ScriptedLLM]]:
    async with scripted_llm(steps) as server:
        writer = OpenAIWriter(api_key=None, base_url=server.url, model="scripted")
        try:
            yield writer, server
        finally:
            await writer.close()


async def said(writer: OpenAIWriter, seconds: float = 5.0) -> str:
    return "".join([piece async for piece in writer.pieces(MESSAGES, seconds=seconds)])


async def test_a_whole_answer_comes_in_pieces_and_usage_is_asked_for() -> None:
    async with model(Say("Delivery takes 3 days.", size=4)) as (writer, server):
        pieces = [piece async for piece in writer.pieces(MESSAGES, seconds=5)]
    assert "".join(pieces) == "Delivery takes 3 days."
    assert len(pieces) > 3
    asked = server.requests[0]
    assert asked["stream_options"] == {"include_usage": True}
    assert asked["model"] == "scripted"
    assert asked["max_tokens"] > 0


async def test_a_busy_server_is_asked_once_more_after_the_time_it_names() -> None:
    async with model(Refuse(429, "0.1"), Say("Here.")) as (writer, server):
        assert await said(writer) == "Here."
    assert len(server.requests) == 2


async def test_a_busy_server_that_names_too_long_a_time_is_not_waited_for() -> None:
    async with model(Refuse(429, "60")) as (writer, _):
        with pytest.raises(ModelFailed) as failed:
            await said(writer)
    assert failed.value.kind == "rate_limited"
    assert failed.value.retry_after == 60


async def test_a_server_error_is_tried_once_more_and_no_further() -> None:
    async with model(Refuse(500), Refuse(503)) as (writer, _):
        with pytest.raises(ModelFailed) as failed:
            await said(writer)
    assert failed.value.kind == "server_error"


@pytest.mark.parametrize(
    ("step", "seconds", "kind"),
    [
        (Refuse(401), 5.0, "refused"),
        (Stall(), 0.4, "timeout"),
        (Stall("Once upon"), 0.6, "stalled"),
        (Cut("Once upon a"), 5.0, "cut"),
        (Cut("Once upon a", rudely=False), 5.0, "cut"),
        (Garbage(), 5.0, "garbage"),
        (Garbage("<html>Bad gateway</html>"), 5.0, "garbage"),
        (Garbage('data: {"choices": "what"}\n\n'), 5.0, "garbage"),
        (Garbage('data: {"choices": [{"delta": {"content": 5}}]}\n\n'), 5.0, "garbage"),
        (Garbage("data: [1, 2]\n\n"), 5.0, "garbage"),
        (Say(""), 5.0, "empty"),
        (Say("Cut for length", finish="length"), 5.0, "too_long"),
        (Say("Hidden", finish="content_filter"), 5.0, "refused"),
        (Endless(), 5.0, "too_long"),
    ],
)
async def test_each_failure_has_its_name(step: Step, seconds: float, kind: str) -> None:
    async with model(step) as (writer, _):
        with pytest.raises(ModelFailed) as failed:
            await said(writer, seconds)
    assert failed.value.kind == kind


async def test_nobody_at_the_address_is_a_failed_connection() -> None:
    writer = OpenAIWriter(api_key=None, base_url="http://127.0.0.1:9/v1", model="scripted")
    with pytest.raises(ModelFailed) as failed:
        await said(writer, 1.0)
    await writer.close()
    assert failed.value.kind == "connection"
