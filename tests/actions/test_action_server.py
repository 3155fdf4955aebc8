"""The real action server finds our actions and answers as Rasa and the service call it; with no key and no network."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from actions.stream import DeltaStream, NoStream
from actions.wiring import streams
from tests.support.otlp_collector import Collector, collecting
from tests.support.reply_parts import ROOT, asking, minilm


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    async with collecting() as collector:
        yield collector


@pytest.fixture
async def server(collector: Collector) -> AsyncIterator[httpx2.AsyncClient]:
    minilm()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {k: v for k, v in os.environ.items() if not k.startswith(("OPENAI_", "LLM_"))}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "rasa_sdk", "--actions", "actions", "-p", str(port)),
        cwd=ROOT,
        env=env
        | {"SANIC_HOST": "127.0.0.1"}
        | {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "100"},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=20) as client:
        try:
            await _ready(client)
            yield client
        finally:
            process.kill()
            await process.wait()


async def _ready(client: httpx2.AsyncClient) -> None:
    async with asyncio.timeout(40):
        while True:
            try:
                if (await client.get("/health")).status_code == 200:
                    return
            except httpx2.TransportError:
                await asyncio.sleep(0.1)  # Nothing tells us when another process listens but trying.


def call(action: str, text: str, metadata: dict[str, Any]) -> dict[str, Any]:
    message = {"text": text, "intent": {"name": "delivery_cost"}, "entities": [], "metadata": metadata}
    tracker = {
        "sender_id": "c1",
        "slots": {},
        "latest_message": message,
        "events": [],
        "paused": False,
        "latest_input_channel": "rest",
        "active_loop": {},
        "latest_action_name": None,
        "followup_action": None,
    }
    return {"next_action": action, "sender_id": "c1", "tracker": tracker, "domain": {}, "version": "3.6.21"}


@pytest.mark.stack
async def test_rasa_and_the_service_get_their_answers(server: httpx2.AsyncClient, collector: Collector) -> None:
    async def custom(action: str, words: str, /, **metadata: Any) -> dict[str, Any]:
        answer = await server.post("/webhook", json=call(action, words, metadata))
        assert answer.status_code == 200, answer.text
        [response] = answer.json()["responses"]
        return dict(response["custom"])

    names = {row["name"] for row in (await server.get("/actions")).json()}
    ours = {"action_reply", "action_default_fallback", "action_summarise", "action_suggest", "action_rewrite"}
    assert ours <= names

    above = f"00-{'a' * 32}-{'b' * 16}-01"
    reply = await custom("action_reply", "how much is delivery to norway?", turn="t1", traceparent=above)
    assert "€14.90" in reply["text"]
    assert reply["citations"][0]["page"] == "delivery-costs"
    assert reply["evidence"]["provider"] == "offline"

    assert (await custom("action_default_fallback", "blorf"))["evidence"]["fallback"] is True

    for form in (None, "order_status_form"):
        asked = call("action_default_fallback", "blorf", {})
        asked["tracker"]["active_loop"] = {"name": form} if form else {}
        [event] = (await server.post("/webhook", json=asked)).json()["events"]
        assert (event["event"], event["name"]) == ("followup", form or "action_listen")

    history = [
        {"offset": 1, "speaker": "customer", "name": "A", "text": "how long is the warranty on tents?", "at": "x"}
    ]
    draft = await custom("action_suggest", "", history=history, packet=None, text=None, style=None, hand_back=None)
    assert (draft["kind"], draft["citations"][0]["page"]) == ("copilot", "warranty")

    await collector.until("action_reply", *["action_default_fallback"] * 3, "action_suggest")
    [written] = collector.named("action_reply")
    assert (written.trace, written.parent, collector.below(written)) == ("a" * 32, "b" * 16, ["retrieval"])
    assert [span.parent for span in collector.named("action_suggest")] == [""]
    assert collector.named("create_app.webhook") == []  # rasa-sdk's own spans, which hold what we would not tell
    assert collector.holds("norway", "blorf", "warranty on tents") == []


@pytest.mark.stack
async def test_a_setting_that_cannot_be_honoured_stops_the_start_with_its_name() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "rasa_sdk", "--actions", "actions", "-p", "0"),
        cwd=ROOT,
        env={**os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4317"},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await process.communicate()
    assert process.returncode == 1
    assert "OTEL_EXPORTER_OTLP_ENDPOINT must be an http or https address" in said.decode()


def test_a_turn_streams_only_when_there_is_one() -> None:
    stream_for = streams("http://service", "token")
    assert isinstance(stream_for(asking("hi")), NoStream)
    assert isinstance(stream_for(asking("hi", turn="t1")), DeltaStream)
    assert isinstance(streams("http://service", None)(asking("hi", turn="t1")), NoStream)
