"""The scripted model server is strict in tests, and as a program it answers from what the prompt holds and keeps it."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import pytest

from actions.briefing import HandBack
from actions.llm import OpenAIWriter
from actions.reply import write_reply
from tests.support.reply_parts import ROOT, asking, tools
from tests.support.scripted_llm import Say, scripted_llm


async def test_steps_left_over_fail_the_test() -> None:
    with pytest.raises(AssertionError, match="never asked for"):
        async with scripted_llm([Say("x")]):
            pass


async def test_a_request_too_many_fails_the_test() -> None:
    async def ask_once() -> None:
        async with scripted_llm([]) as server:
            model = OpenAIWriter(api_key=None, base_url=server.url, model="m")
            await write_reply(asking("how much is delivery?"), tools(model))
            await model.close()

    with pytest.raises(AssertionError, match="one request too many"):
        await ask_once()


async def test_as_a_program_it_uses_the_hand_back_and_journals_the_prompt(tmp_path: Path) -> None:
    journal = tmp_path / "prompts.jsonl"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.support.scripted_llm", "--port", "0", "--journal", str(journal)),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        url = (await process.stdout.readline()).decode().strip()
        model = OpenAIWriter(api_key=None, base_url=url, model="m")
        brief = HandBack("Priya", "A new headlamp leaves on 24 November.")
        reply = await write_reply(asking("how long is the warranty on tents?", hand_back=brief), tools(model))
        await model.close()
    finally:
        process.terminate()
        await process.wait()
    assert reply["evidence"]["provider"] == "openai"
    assert "Priya from our team settled this: A new headlamp leaves on 24 November." in reply["text"]
    assert [c["page"] for c in reply["citations"]] == ["warranty"]
    assert all(c["supported"] for c in reply["evidence"]["claims"])
    [messages] = [json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines()]
    assert "24 November" in messages[1]["content"]
