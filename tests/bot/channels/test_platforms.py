"""The service with its channels as it runs: an inbox is made, a customer writes, the answer and the marks come back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from bot.channels.platforms import once_there_is_one
from handover.backends import open_backends
from handover.inbox_book import FRESH_SECONDS, InboxBook
from handover.inbox_cipher import Cipher, new_key
from handover.inboxes import Inbox
from handover.outcomes import DeliveryState
from handover.record_ports_inboxes import KeptInbox
from tests.sim.accounts import CHANNELS, demo_inbox
from tests.sim.driver import Simulator, simulating
from tests.support.hand_clock import HandClock
from tests.support.hand_peer import eventually
from tests.support.service import Service, bearer, running_service

PERSON = {"line": "U" + "5" * 32}


@asynccontextmanager
async def outside(folder: Path) -> AsyncIterator[tuple[Service, Simulator]]:
    """A running service with an inbox on every channel, made over the API, and the platforms around it."""
    with simulating() as sim:
        addresses = {name.lower(): url for name, url in sim.environment.items()}
        async with running_service(folder, channel_hold_seconds=0.0, **addresses) as up:
            sim.serve(up.origin)
            admin = bearer(await up.sign_in())
            for channel in CHANNELS:
                wish = demo_inbox(channel)
                body = {"channel": channel, "name": wish.name, "account": wish.account, "secrets": wish.secrets}
                made = await up.http.post("/api/v1/inboxes", json=body, headers=admin)
                assert made.status_code == 201, made.text
                token = {"verify_token": made.json()["verify_token"] or ""}
                sim.add(replace(wish, id=made.json()["id"], settings=token))
            yield up, sim
            await asyncio.to_thread(sim.quiet)
        assert sim.violations == []


@pytest.mark.parametrize("channel", CHANNELS)
async def test_a_message_on_a_platform_is_answered_there_once(tmp_path: Path, channel: str) -> None:
    async with outside(tmp_path) as (_, sim):
        person = PERSON.get(channel, "5000000001")
        hook = sim.hooks(channel, [sim.words(channel, "text", person, text="where is my tent?")[1]])[0]
        for _ in range(2):
            assert await asyncio.to_thread(sim.deliver, hook) == 200
        await asyncio.to_thread(sim.until_sent, person, "You said: where is my tent?")
        greeting, answer = (one for one in sim.sent() if one.accepted)
        assert "I'm an AI" in greeting.text
        assert answer.text == "You said: where is my tent?"


async def test_what_a_platform_reports_moves_the_line_forward(tmp_path: Path) -> None:
    async with outside(tmp_path) as (service, sim):
        await asyncio.to_thread(sim.says, "whatsapp", "5000000001", "hello")
        sent = await asyncio.to_thread(sim.until_sent, "5000000001", "You said: hello")
        await asyncio.to_thread(sim.tell, "whatsapp", "read", "5000000001", target=sent.provider_id)
        states: list[DeliveryState | None] = []
        for _ in range(600):
            async with service.backends.records.reading() as tx:
                found = await tx.parts.by_provider_id(sim_inbox(sim), str(sent.provider_id))
            states.append(None if found is None else DeliveryState(found.state.value))
            if states[-1] is DeliveryState.READ:
                break
            await asyncio.sleep(0.05)
        assert states[-1] is DeliveryState.READ


async def test_with_the_website_alone_nothing_is_looked_for(tmp_path: Path) -> None:
    clock, cipher, begun = HandClock(), Cipher([new_key()]), asyncio.Event()
    shop = Inbox("telegram.0a1b2c3d", "telegram", "Shop bot", "4711")

    async def work() -> None:
        begun.set()

    async with open_backends(f"sqlite+aiosqlite:///{tmp_path / 'record.db'}") as backends:
        looking = asyncio.create_task(once_there_is_one(InboxBook(backends.records, clock, cipher), clock, work))
        await eventually(lambda: clock.sleeping == 1)
        for _ in range(3):
            clock.advance(FRESH_SECONDS)
            await eventually(lambda: clock.sleeping == 0)
            await eventually(lambda: clock.sleeping == 1)
            assert not begun.is_set()
        async with backends.records.transaction() as tx:
            await tx.inboxes.add(KeptInbox(shop, cipher.seal(shop.id, {"bot_token": "1:a"})), clock.now())
        clock.advance(FRESH_SECONDS)
        await looking
        assert begun.is_set()


def sim_inbox(sim: Simulator) -> str:
    """The id of the WhatsApp inbox, from where its webhooks go."""
    return sim.world.accounts.of("whatsapp").hook.removeprefix("/webhooks/").replace("/", ".")
