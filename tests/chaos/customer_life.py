"""What customers do with their time: write, in bursts too, ask for a person, give up waiting, reload, lose the net."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass

from tests.chaos.customer import Customer

# What little_rasa makes of the first word: see there.
LITTLE = ("tell", "tell", "tell", "slow", "tool", "stream", "person", "silence")
# Nobody writes on for ever when nothing is confirmed.
_PATIENT_UP_TO = 5
# What real Rasa has rules and pages for.
REAL = (
    "What does delivery cost?",
    "I want to return my shoes",
    "Where is my order?",
    "How long does delivery take to Norway?",
    "Can I talk to a person please",
    "Do you repair tents?",
    "Thank you",
)


@dataclass(frozen=True, slots=True)
class Temper:
    """``pace``: seconds between two acts, on average. ``drops``: chance that an act is a lost connection; ``people``:
    that a person is asked for. ``words``: how messages begin."""

    pace: float = 1.5
    drops: float = 0.08
    people: float = 0.07
    words: tuple[str, ...] = LITTLE


async def live(customer: Customer, temper: Temper) -> None:
    """Act until it is cancelled. What is done depends on the customer's own random numbers and what it sees."""
    rng = customer.rng
    while True:
        await asyncio.sleep(rng.expovariate(1 / temper.pace))
        if not customer.page.conversation or len(customer.page.unsent) >= _PATIENT_UP_TO:
            continue
        await _act(customer, rng, temper)


async def _act(customer: Customer, rng: random.Random, temper: Temper) -> None:
    chance = rng.random()
    if chance < temper.drops:
        customer.link.drop()
        return
    chance = rng.random()
    page = customer.page
    if chance < temper.people:
        await customer.does("ask_for_human")
    elif chance < 0.14 and page.control == "offered":
        await customer.does("stop_waiting")
    elif chance < 0.16 and page.control == "offered":
        await customer.does("leave_message", email="c@example.com", text=words(customer, temper))
    elif chance < 0.19:
        customer.begin_screen()
        customer.link.drop()
    elif chance < 0.25:
        await customer.sends(type="seen", offset=page.log.last)
    elif chance < 0.28:
        await customer.sends(type="typing")
    elif chance < 0.30 and page.epoch:
        await customer.sends(type="rate", stretch=page.epoch, score=rng.randint(1, 5))
    else:
        for _ in range(rng.choice((1, 1, 1, 2, 3))):
            await customer.does("say", text=words(customer, temper))


def words(customer: Customer, temper: Temper) -> str:
    """Text that names itself, so that whoever repeats it is caught."""
    return f"{customer.rng.choice(temper.words)} [{customer.who}-{customer.said + 1}]"
