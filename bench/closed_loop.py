"""How much a bot can answer: so many customers at a time who ask again as soon as they are answered."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from bench.controls.stock_rasa import is_answer, message
from bench.customers import Customer
from bench.plain_http import Pool

TEXT = "thanks"
AT_ONCE = 16
# Asks once, in a conversation whose turn it is; the seconds until the answer, None when there was none.
Ask = Callable[[], Awaitable[float | None]]


@dataclass(slots=True)
class Load:
    """What came of one side's rounds: milliseconds of each turn, seconds in all, CPU seconds by part."""

    took: list[float] = field(default_factory=list)
    lost: int = 0
    seconds: float = 0.0
    used: dict[str, float] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.took) / self.seconds if self.seconds else 0.0


async def closed_loop(ask: Ask, seconds: float, load: Load, at_once: int = AT_ONCE) -> Load:
    """``at_once`` askers for ``seconds``; what they began is waited for, and its time counts. Adds to ``load``."""
    began = time.perf_counter()

    async def one() -> None:
        while time.perf_counter() - began < seconds:
            took = await ask()
            if took is None:
                load.lost += 1
            else:
                load.took.append(took * 1000)

    await asyncio.gather(*(one() for _ in range(at_once)))
    load.seconds += time.perf_counter() - began
    return load


def asks_ours(everybody: Sequence[Customer]) -> Ask:
    """Who has not asked for longest asks."""
    free = deque(everybody)

    async def ask() -> float | None:
        customer = free.popleft()
        try:
            return await customer.asks(TEXT, 30.0)
        except TimeoutError:
            return None
        finally:
            free.append(customer)

    return ask


def asks_stock(line: Pool, senders: Sequence[str]) -> Ask:
    """The same over REST."""
    free = deque(senders)

    async def ask() -> float | None:
        sender, began = free.popleft(), time.perf_counter()
        answered = is_answer(*await line.post("/webhooks/rest/webhook", message(sender, TEXT)))
        free.append(sender)
        return time.perf_counter() - began if answered else None

    return ask
