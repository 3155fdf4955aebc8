"""More words than a bot can answer, from many customers, open loop: each at its moment, come what may."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from bench.controls.stock_rasa import is_answer, message
from bench.customers import Customer, Words
from bench.plain_http import Pool

TEXT = "thanks"
# Seconds after its moment within which an answer is worth something: our longest turn (TURN_SECONDS).
PATIENCE = 15.0


@dataclass(frozen=True, slots=True)
class Flood:
    """What came of it. Times are of `time.perf_counter`; ``answers``: moment, seconds since the words were due."""

    began: float
    ended: float
    offered: int
    answers: Sequence[tuple[float, float]]
    words: Sequence[Words] = ()

    def per_second(self, patience: float = PATIENCE) -> float:
        """Answers in time for each second of the flood."""
        return in_time(self.answers, self.began, self.ended, patience)

    @property
    def refused(self) -> list[float]:
        """Milliseconds until a refusal with a hint when to come again."""
        return [(one.refused - one.intended) * 1000 for one in self.words if one.refused is not None and one.wait]

    @property
    def kept(self) -> int:
        return sum(one.kept is not None for one in self.words)


def in_time(answers: Sequence[tuple[float, float]], began: float, ended: float, patience: float) -> float:
    """How many answers came from ``began`` to ``ended`` for each second of it, not more than ``patience`` late."""
    return sum(began <= at <= ended and took <= patience for at, took in answers) / (ended - began)


async def flood(customers: Sequence[Customer], rate: float, seconds: float) -> Flood:
    """``rate`` messages a second over the customers in turn. Who is told to wait does not, and writes on."""
    before = [len(one.answers) for one in customers]
    words: list[tuple[Customer, Words]] = []
    began = time.perf_counter()
    for number in range(round(rate * seconds)):
        intended = began + number / rate
        if (left := intended - time.perf_counter()) > 0:
            await asyncio.sleep(left)
        elif number % 16 == 0:
            await asyncio.sleep(0)  # late: what has come is read all the same
        customer = customers[number % len(customers)]
        words.append((customer, customer.say(TEXT, intended)))
    await asyncio.sleep(max(0.0, began + seconds - time.perf_counter()))
    ended = time.perf_counter()
    mine: dict[int, list[Words]] = {}
    for customer, said in words:
        mine.setdefault(id(customer), []).append(said)
    answers = [
        found
        for customer, seen in zip(customers, before, strict=True)
        for found in answered(mine.get(id(customer), []), customer.answers[seen:])
    ]
    return Flood(began, ended, len(words), answers, [said for _, said in words])


def answered(words: Sequence[Words], answers: Sequence[tuple[int, float]]) -> list[tuple[float, float]]:
    """For each answer its moment and how long the first of the words that it answers had waited, in seconds.

    A bot's line answers what was kept before it and after the line before; one without such words answers nothing.
    """
    found, last = [], 0
    for offset, at in answers:
        due = [one.intended for one in words if one.kept is not None and last < one.offset < offset]
        if due:
            found.append((at, at - min(due)))
        last = offset
    return found


async def flood_stock(stock: Pool, senders: Sequence[str], rate: float, seconds: float) -> Flood:
    """The same to stock Rasa; what has not been answered when it ends is given up."""
    answers: list[tuple[float, float]] = []

    async def one(sender: str, intended: float) -> None:
        if is_answer(*await stock.post("/webhooks/rest/webhook", message(sender, TEXT))):
            at = time.perf_counter()
            answers.append((at, at - intended))

    tasks = []
    began = time.perf_counter()
    for number in range(round(rate * seconds)):
        intended = began + number / rate
        await asyncio.sleep(max(0.0, intended - time.perf_counter()))
        tasks.append(asyncio.ensure_future(one(senders[number % len(senders)], intended)))
    await asyncio.sleep(max(0.0, began + seconds - time.perf_counter()))
    ended = time.perf_counter()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return Flood(began, ended, len(tasks), answers)
