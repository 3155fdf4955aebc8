"""Help for agents: with a model or by rules, it never adds a fact of its own."""

from __future__ import annotations

from typing import Any

import pytest

from actions.copilot import asked_from, rewrite, suggest, summarise
from actions.llm import OpenAIWriter
from tests.support.reply_parts import tools
from tests.support.scripted_llm import Refuse, Say, scripted_llm


def line(speaker: str, text: str, name: str = "N") -> dict[str, Any]:
    return {"speaker": speaker, "name": name, "text": text}


HISTORY = [
    line("customer", "my headlamp from order TT-482913 is broken"),
    line("bot", "Please send a photo."),
    line("agent", "I am sending a new one.", "Priya"),
    line("customer", "how long is the warranty on tents?"),
]
PACKET = {"goal": "a new headlamp", "facts": [{"name": "order_number", "value": "TT-482913", "said_by": "customer"}]}


def message(**meta: Any) -> dict[str, Any]:
    return {"text": "", "metadata": {"history": HISTORY, "packet": PACKET, **meta}}


async def test_without_a_model_the_summary_is_made_by_rules() -> None:
    answer = await summarise(asked_from(message()), tools())
    assert (answer["kind"], answer["provider"]) == ("copilot", "offline")
    assert "a new headlamp" in answer["text"]
    assert "TT-482913" in answer["text"]
    assert "Priya: I am sending a new one." in answer["text"]


async def test_without_a_model_a_suggestion_comes_from_the_help_pages_with_its_source() -> None:
    answer = await suggest(asked_from(message()), tools())
    assert "5 years" in answer["text"]
    assert [c["page"] for c in answer["citations"]] == ["warranty"]
    assert "@@" not in answer["text"]


async def test_a_model_suggests_and_cites() -> None:
    async with scripted_llm([Say('Our own tents carry 5 years [warranty].\n@@{"needs": "nothing"}')]) as server:
        model = OpenAIWriter(api_key=None, base_url=server.url, model="m")
        answer = await suggest(asked_from(message()), tools(model))
        await model.close()
    assert (answer["text"], answer["provider"]) == ("Our own tents carry 5 years.", "openai")
    assert [c["page"] for c in answer["citations"]] == ["warranty"]


async def test_a_rewrite_that_brings_in_a_price_is_thrown_away() -> None:
    async with scripted_llm([Say("You get €50 back and a new lamp.")]) as server:
        model = OpenAIWriter(api_key=None, base_url=server.url, model="m")
        asked = asked_from(message(text="you get a new lamp", style="friendlier"))
        answer = await rewrite(asked, tools(model))
        await model.close()
    assert "50" not in answer["text"]
    assert (answer["provider"], answer["fallback_reason"]) == ("offline", "invented")


async def test_a_failing_model_leaves_the_rules() -> None:
    async with scripted_llm([Refuse(400)]) as server:
        model = OpenAIWriter(api_key=None, base_url=server.url, model="m")
        answer = await summarise(asked_from(message()), tools(model))
        await model.close()
    assert (answer["provider"], answer["fallback_reason"]) == ("offline", "refused")
    assert answer["text"]


@pytest.mark.parametrize(
    ("style", "text", "result"),
    [
        ("correct", "i send it  today. it costs €5", "I send it today. It costs €5."),
        ("shorter", "One. Two. Three. Four.", "One. Two."),
        ("friendlier", "it is sent", "Thank you for your message. It is sent."),
        ("unknown", "fine", "Fine."),
    ],
)
async def test_rewriting_by_rules_tidies_and_keeps_the_facts(style: str, text: str, result: str) -> None:
    assert (await rewrite(asked_from(message(text=text, style=style)), tools()))["text"] == result


async def test_odd_requests_are_answered_emptily_rather_than_failing() -> None:
    for meta in (None, 5, {"history": 3, "packet": [], "text": 9, "hand_back": "x", "deadline": "soon"}):
        asked = asked_from({"metadata": meta})
        assert (await rewrite(asked, tools()))["text"] == ""
        assert (await summarise(asked, tools()))["text"] == "Nothing was said yet."
        assert (await suggest(asked, tools()))["text"]
