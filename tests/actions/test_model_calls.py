"""Each call of the model is measured however it ends, also when nobody waits for it any more."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from actions.llm import OpenAIWriter
from actions.model_calls import ModelCall, ModelFailed, measured
from tests.support.scripted_llm import Refuse, Say, Stall, scripted_llm

MESSAGES = ({"role": "user", "content": "Hello?"},)


@pytest.mark.parametrize(
    ("raised", "outcome"), [(None, "ok"), (ModelFailed("cut"), "cut"), (asyncio.CancelledError(), "given_up")]
)
def test_the_outcome_is_told_with_its_seconds(raised: BaseException | None, outcome: str) -> None:
    calls: list[ModelCall] = []
    now = iter([10.0, 12.5])

    def call() -> None:
        with measured("a model", calls, lambda: next(now)) as one:
            one.first = 0.1234
            if raised is not None:
                raise raised

    if raised is None:
        call()
    else:
        with pytest.raises(type(raised)):
            call()
    assert [one.told() for one in calls] == [
        {"outcome": outcome, "seconds": 2.5, "first": 0.123, "tokens_in": None, "tokens_out": None}
    ]


def test_odd_usage_counts_as_not_told() -> None:
    call = ModelCall()
    call.used(SimpleNamespace(prompt_tokens="many", completion_tokens=-3))
    assert (call.tokens_in, call.tokens_out) == (None, None)
    call.used(SimpleNamespace(prompt_tokens=12, completion_tokens=3))
    assert (call.tokens_in, call.tokens_out) == (12, 3)


async def test_a_real_call_and_its_retry_are_told_each() -> None:
    calls: list[ModelCall] = []
    async with scripted_llm([Refuse(503), Say("Here it is.")]) as server:
        writer = OpenAIWriter(api_key=None, base_url=server.url, model="scripted")
        assert "".join([piece async for piece in writer.pieces(MESSAGES, seconds=9, calls=calls)]) == "Here it is."
        await writer.close()
    assert [(call.outcome, call.finish, call.tokens_in) for call in calls] == [
        ("server_error", None, None), ("ok", "stop", 10),
    ]  # fmt: skip
    assert calls[1].first is not None
    assert 0 <= calls[1].first <= calls[1].seconds


async def test_an_answer_that_nobody_wants_any_more_is_given_up_at_once() -> None:
    calls: list[ModelCall] = []
    async with scripted_llm([Stall("Once upon")]) as server:
        writer = OpenAIWriter(api_key=None, base_url=server.url, model="scripted")
        pieces = writer.pieces(MESSAGES, seconds=9, calls=calls)
        assert await anext(pieces) == "Once upon"
        await pieces.aclose()
        await writer.close()
    assert [call.outcome for call in calls] == ["given_up"]
