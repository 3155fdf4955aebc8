"""The service with its channels as it runs: an inbox is made, a customer writes, the answer and the marks come back."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from handover.outcomes import DeliveryState
from tests.support.service import Service, bearer, running_service
from tests.support.serving import serving
from tests.webhooks.inboxes import INBOXES, signed
from tests.webhooks.platforms import Platforms, body_of, telegram_webhook, whatsapp_webhook


@dataclass
class Outside:
    """A running service, three platforms around it, and where each posts its webhooks."""

    service: Service
    platforms: Platforms
    addresses: dict[str, str]

    async def post(self, channel: str, webhook: dict[str, Any]) -> httpx2.Response:
        body = body_of(webhook)
        return await self.service.http.post(self.addresses[channel], content=body, headers=signed(channel, body))

    def inbox(self, channel: str) -> str:
        return self.addresses[channel].removeprefix("/webhooks/").replace("/", ".")

    def texts(self, person: str) -> list[str]:
        return [one.text for one in self.platforms.sent if one.person == person]


async def until(true: Callable[[], Awaitable[bool]], seconds: float = 60) -> None:
    """What is on its way comes; a machine that is busy may take its time."""
    for _ in range(int(seconds / 0.02)):
        if await true():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it never came")


@asynccontextmanager
async def outside(folder: Path) -> AsyncIterator[Outside]:
    """Inboxes of three channels, made over the API."""
    addresses: dict[str, str] = {}
    here: list[Outside] = []

    async def report(channel: str, webhook: dict[str, Any]) -> None:
        assert (await here[0].post(channel, webhook)).status_code == 200

    platforms = Platforms(report, random.Random(1), lost=0.0)
    async with serving(lambda port: platforms.app()) as address:
        bases = {"graph_url": f"http://{address}", "telegram_url": f"http://{address}"}
        async with running_service(folder, channel_hold_seconds=0.0, public_url="https://help.example", **bases) as up:
            admin = bearer(await up.sign_in())
            for channel, inbox in INBOXES.items():
                body = {"channel": channel, "name": inbox.name, "account": inbox.account, "secrets": inbox.secrets}
                made = await up.http.post("/api/v1/inboxes", json=body, headers=admin)
                assert made.status_code == 201, made.text
                addresses[channel] = made.json()["webhook_url"].removeprefix("https://help.example")
            here.append(Outside(up, platforms, addresses))
            yield here[0]
            await platforms.reported()
    assert platforms.violations == []


async def test_a_message_on_a_platform_is_answered_there_and_its_reports_come_back(tmp_path: Path) -> None:
    async with outside(tmp_path) as world:
        message = {"id": "wamid.1", "from": "5000000001", "timestamp": str(int(time.time())), "type": "text"}
        said = whatsapp_webhook("5000000001", messages=[{**message, "text": {"body": "where is my tent?"}}])
        assert (await world.post("whatsapp", said)).status_code == 200
        assert (await world.post("whatsapp", said)).status_code == 200

        async def delivered() -> bool:
            async with world.service.backends.records.reading() as tx:
                part = await tx.parts.by_provider_id(world.inbox("whatsapp"), "wamid.out2")
            return part is not None and part.state == DeliveryState.DELIVERED

        await until(delivered)
        greeting, answer = world.texts("5000000001")
        assert "I'm an AI" in greeting
        assert answer == "You said: where is my tent?"
        assert world.platforms.courtesies >= 1


async def test_platforms_do_not_mix_and_each_knows_its_own_customers(tmp_path: Path) -> None:
    async with outside(tmp_path) as world:
        said = telegram_webhook("77", 1, int(time.time()), "/start")
        assert (await world.post("telegram", said)).status_code == 200

        async def greeted() -> bool:
            return len(world.texts("77")) >= 1

        await until(greeted)
        wrong = {**signed("messenger", b"{}"), "x-telegram-bot-api-secret-token": "guess"}
        refused = await world.service.http.post(world.addresses["telegram"], content=b"{}", headers=wrong)
        assert (refused.status_code, refused.json()["code"]) == (401, "bad_signature")
