"""What customers write on the simulated platforms, as webhooks; posted again until they are taken, as platforms do."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import httpx2

from tests.sim.driver import Simulator
from tests.sim.post import Webhook

# X takes fifteen messages in a quarter of an hour: hundreds of customers would wait for hours.
CHANNELS = ("messenger", "instagram", "whatsapp", "telegram", "line")
_WORDS = (
    *("tent", "stove", "boots", "rope", "lamp", "pack", "map", "tarn", "trail", "cloud"),
    *("moss", "peak", "ford", "cairn", "heath", "bracken", "scree", "beck"),
)
_AGAIN_SECONDS = 0.3  # platforms wait longer; nothing here depends on it


@dataclass(frozen=True, slots=True)
class Message:
    """What ``person`` writes; no two are the same."""

    person: str
    text: str
    hook: Webhook


def messages(sim: Simulator, people: int, each: int, began: datetime, rng: random.Random) -> list[Message]:
    """``each`` messages of every one of ``people``, who are spread over the platforms; a second apart."""
    made = []
    for number in range(people):
        channel = CHANNELS[number % len(CHANNELS)]
        person = f"U{number:032x}" if channel == "line" else str(5_000_000_000 + number)
        for turn in range(1, each + 1):
            text = f"{' '.join(rng.choices(_WORDS, k=4))}, {person} says for the {turn}. time"
            _, event = sim.words(channel, "text", person, text=text, at=began + timedelta(seconds=turn))
            (hook,) = sim.hooks(channel, [event])
            made.append(Message(person, text, hook))
    return made


@dataclass
class Load:
    """Posts webhooks in the simulator's loop; ``tried`` counts every try, ``waits`` has the seconds until each 200."""

    sim: Simulator
    tried: int = 0
    waits: list[float] = field(default_factory=list)

    async def post(self, hook: Webhook) -> None:
        """Until it is taken: a service that is down is tried again. Raises AssertionError when it is refused."""
        while True:
            self.tried += 1
            began = time.monotonic()
            try:
                answer = await self.sim.post_here(hook)
            except httpx2.TransportError:
                await asyncio.sleep(_AGAIN_SECONDS)
                continue
            if answer.status_code == 200:
                self.waits.append(time.monotonic() - began)
                return
            assert answer.status_code >= 500, f"{hook.path}: {answer.status_code} {answer.text[:200]}"
            await asyncio.sleep(_AGAIN_SECONDS)

    async def at_rate(self, hooks: list[Webhook], per_second: float) -> None:
        """Each at its own moment, whether the ones before it have been answered or not."""
        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for number, hook in enumerate(hooks):
                await asyncio.sleep(max(0.0, began + number / per_second - time.monotonic()))
                group.create_task(self.post(hook))

    async def through(self, hooks: list[Webhook], at_once: int) -> None:
        """All of them, so many at a time."""
        left = iter(hooks)

        async def one() -> None:
            for hook in left:
                await self.post(hook)

        async with asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(one())
