"""What customers write on three platforms, as webhooks; posted again until they are taken, as platforms do."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass, field

import httpx2

from tests.webhooks.inboxes import MESSENGER, address_of, signed
from tests.webhooks.platforms import body_of, messenger_webhook, telegram_webhook, whatsapp_webhook

_WORDS = (
    *("tent", "stove", "boots", "rope", "lamp", "pack", "map", "tarn", "trail", "cloud"),
    *("moss", "peak", "ford", "cairn", "heath", "bracken", "scree", "beck"),
)
_AGAIN_SECONDS = 0.3  # platforms wait longer; nothing here depends on it


@dataclass(frozen=True, slots=True)
class Message:
    """``id`` is what the record keeps of it; ``at`` is in seconds."""

    channel: str
    person: str
    id: str
    text: str
    at: int

    @property
    def body(self) -> bytes:
        if self.channel == "messenger":
            return body_of(
                messenger_webhook(MESSENGER.account, self.person, self.at, {"mid": self.id, "text": self.text})
            )
        if self.channel == "telegram":
            number = int(self.id.rpartition(":")[2])
            return body_of(telegram_webhook(self.person, number, self.at, self.text))
        message = {"from": self.person, "id": self.id, "timestamp": str(self.at), "type": "text"}
        return body_of(whatsapp_webhook(self.person, messages=[{**message, "text": {"body": self.text}}]))


def messages(people: int, each: int, began: int, rng: random.Random) -> list[Message]:
    """``each`` messages of every one of ``people``, who are spread over the platforms; a second apart."""
    made = []
    for number in range(people):
        channel = ("messenger", "whatsapp", "telegram")[number % 3]
        person = str(5_000_000_000 + number)
        for turn in range(1, each + 1):
            words = " ".join(rng.choices(_WORDS, k=4))
            own = {"messenger": "m_", "whatsapp": "wamid."}.get(channel, "")
            name = f"{person}:{turn}" if channel == "telegram" else f"{own}{person}x{turn}"
            made.append(Message(channel, person, name, f"{words}, {person} says for the {turn}. time", began + turn))
    return made


@dataclass
class Poster:
    """Posts webhooks; ``tried`` counts every try, ``waits`` has the seconds until each 200."""

    http: httpx2.AsyncClient
    tried: int = 0
    waits: list[float] = field(default_factory=list)

    async def post(self, channel: str, body: bytes) -> None:
        """Until it is taken: a service that is down is tried again. Raises AssertionError when it is refused."""
        while True:
            self.tried += 1
            began = time.monotonic()
            try:
                answer = await self.http.post(address_of(channel), content=body, headers=signed(channel, body))
            except httpx2.TransportError:
                await asyncio.sleep(_AGAIN_SECONDS)
                continue
            if answer.status_code == 200:
                self.waits.append(time.monotonic() - began)
                return
            assert answer.status_code >= 500, f"{channel}: {answer.status_code} {answer.text[:200]}"
            await asyncio.sleep(_AGAIN_SECONDS)

    async def at_rate(self, webhooks: list[tuple[str, bytes]], per_second: float) -> None:
        """Each at its own moment, whether the ones before it have been answered or not."""
        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for number, (channel, body) in enumerate(webhooks):
                await asyncio.sleep(max(0.0, began + number / per_second - time.monotonic()))
                group.create_task(self.post(channel, body))

    async def through(self, webhooks: list[tuple[str, bytes]], at_once: int) -> None:
        """All of them, so many at a time."""
        left = iter(webhooks)

        async def one() -> None:
            for channel, body in left:
                await self.post(channel, body)

        async with asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(one())
