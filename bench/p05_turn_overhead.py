"""P5: what our product adds to a bot turn, paired: the same words to ours and to stock Rasa, one after the other.

Ours is from the customer's frame to the bot's line on the same socket: kept in the record and leased, asked, weighed,
recorded, told. Stock is a POST to its REST channel and its answer. One customer at a time: no queue on either side.
"""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass, field

from bench.controls.stock_rasa import NAME, is_answer, message
from bench.customers import Customer, new_customer
from bench.plain_http import Pool
from bench.rasas import SAME, Both, both
from bench.row import OURS, Bench, Figure, Goal, Row, Samples, latencies
from bench.turn_stages import means, stage_sums

_TEXT = "thanks"  # a whole answer, for which nothing more is waited; the model answers it with a fixed line
_TURNS = 10  # of a conversation before the next one begins, so that stock's growth is left to P7
_WARM = 20


@dataclass(slots=True)
class _Pairs:
    ours: list[float] = field(default_factory=list)
    stock: list[float] = field(default_factory=list)
    lost: int = 0


async def measure(bench: Bench) -> Row:
    """Turns of both in turn, for a minute."""
    async with both(bench.folder) as running, Pool(running.stock) as stock:
        await _pairs(running, stock, _WARM, seconds=30.0)
        async with Pool(running.service.addresses[0]) as looking:
            before = await stage_sums(looking)
            used = {name: running.cpu_seconds(name) for name in ("service", "rasa", "stock")}
            found = await _pairs(running, stock, bench.pick(3_000, 20), seconds=bench.pick(60.0, 6.0))
            stages = means(before, await stage_sums(looking))
            turns = max(1, len(found.ours))
            spent = {name: (running.cpu_seconds(name) - was) / turns * 1000 for name, was in used.items()}
    return _row(found, stages, spent)


async def _pairs(running: Both, stock: Pool, most: int, *, seconds: float) -> _Pairs:
    """So many pairs, or what there is after ``seconds``; who is first changes with each."""
    found = _Pairs()
    until = time.perf_counter() + seconds
    customer: Customer | None = None
    for number in itertools.count():
        if number >= most or time.perf_counter() > until:
            break
        if customer is None or number % _TURNS == 0:
            if customer is not None:
                customer.wire.close()
            customer = await new_customer(running.service.addresses[0])
        sides = [_ask_ours(customer, found), _ask_stock(stock, customer.conversation, found)]
        for side in sides if number % 2 else reversed(sides):
            await side
    if customer is not None:
        customer.wire.close()
    return found


async def _ask_ours(customer: Customer, found: _Pairs) -> None:
    try:
        found.ours.append(await customer.asks(_TEXT) * 1000)
    except TimeoutError:
        found.lost += 1


async def _ask_stock(stock: Pool, sender: str, found: _Pairs) -> None:
    began = time.perf_counter()
    answered = is_answer(*await stock.post("/webhooks/rest/webhook", message(sender, _TEXT)))
    found.stock.append((time.perf_counter() - began) * 1000)
    found.lost += not answered


def _row(found: _Pairs, stages: dict[str, float], spent: dict[str, float]) -> Row:
    ours = Samples(OURS, "turn", "ms", found.ours, lost=found.lost)
    stock = Samples(NAME, "turn", "ms", found.stock)
    more = {share: ours.percentile(share) - stock.percentile(share) for share in (0.5, 0.99)}
    lost = float("inf") if found.lost else 0.0
    return Row(
        id="P5",
        title="Our overhead on a bot turn",
        figures=[
            *latencies(ours),
            *latencies(stock),
            *(Figure(OURS, f"more than stock, p{share * 100:g}", value, "ms") for share, value in more.items()),
            *(Figure(OURS, f"stage {name}, mean", value, "ms") for name, value in stages.items()),
            *(Figure(NAME if name == "stock" else OURS, f"CPU a turn, {name}", at, "ms") for name, at in spent.items()),
        ],
        goals=[
            Goal.at_most("p50 at most 3 ms above stock", more[0.5] + lost, 3.0),
            Goal.at_most("p99 at most 8 ms above stock", more[0.99] + lost, 8.0),
        ],
        samples=[ours, stock],
        notes=[
            f"{_WARM} pairs before were thrown away; pairs alternate in who is first; one customer at a time.",
            f"A conversation has {_TURNS} turns, then the next begins, on both sides.",
            "Stages are of the service's /metrics; dialogue is one request to Rasa, with words and tracker, both ways.",
        ],
        settings={**SAME, "words": _TEXT, "turns of a conversation": _TURNS},
    )
