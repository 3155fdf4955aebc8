"""Stopping: everybody is told and sent away, what was begun is done, nobody new comes in, and then the service ends."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from bot.app import create_app
from bot.server import server
from bot.settings import Settings, read_settings
from bot.wire import Wire
from handover.accounts import Passwords
from handover.backends import open_backends
from tests.support.hand_peer import eventually
from tests.support.processes import free_port
from tests.support.scripted_dialogue import ScriptedDialogue
from tests.support.service import NoCopilot
from tests.support.talking import page


def _settings(folder: Path) -> Settings:
    return read_settings(
        _env_file=None, port=free_port(), secret_key="k" * 40, demo_password="correct horse", shutdown_seconds=5,
        internal_token="t" * 40, embedder_dir=folder / "none",
    )  # fmt: skip


async def test_a_service_that_stops_sends_everybody_elsewhere_and_keeps_what_was_said(tmp_path: Path) -> None:
    settings = _settings(tmp_path)
    async with open_backends(f"sqlite+aiosqlite:///{tmp_path / 'record.db'}") as backends:
        app = create_app(
            settings, backends=backends, dialogue=ScriptedDialogue(otherwise=lambda asked: f"You said: {asked.text}"),
            copilot=NoCopilot(), passwords=Passwords(memory_kib=64),
        )  # fmt: skip
        begun: list[int] = []
        running = server(settings, app, serving=lambda: begun.append(len(running.servers)))
        serving = asyncio.create_task(running.serve())
        await eventually(lambda: running.started)
        assert begun == [1], "it was called before the service listened, or not at all"
        address = f"127.0.0.1:{settings.port}"
        async with page(address, "/ws/customer") as one, page(address, "/ws/customer") as two:
            for peer in (one, two):
                await peer.says(type="hello")
                await peer.hears("heartbeat")
            await one.says(type="say", client_id="a1", text="just before the end")
            await one.hears("entry", lambda entry: entry.get("client_id") == "a1")
            running.should_exit = True
            for peer in (one, two):
                assert await peer.is_closed() == 1012
                moving = peer.heard[-1]
                assert (moving["type"], moving["code"]) == ("error", "moving")
                assert 0 <= moving["retry_after"] <= 1
            await serving
        async with backends.records.reading() as tx:
            far = datetime(2100, 1, 1, tzinfo=UTC)
            assert await tx.turns.past_deadline(far) == [], "a turn was left with a process that is no more"


def test_sockets_are_of_the_small_kind_and_not_compressed(tmp_path: Path) -> None:
    settings = _settings(tmp_path)
    config = server(settings, create_app(settings)).config
    assert (config.ws, config.ws_per_message_deflate, config.ws_max_size) == (Wire, False, 65_536)
