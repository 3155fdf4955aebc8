"""P9: how long `/healthz` takes while ten times what the bot can answer is offered, and what becomes of the excess.

Capacity is measured first, on both, and the same rate is offered to both, one after the other: the flood of one would
be heard by the other. `/healthz` is asked from a process of its own.
"""

from __future__ import annotations

import asyncio

import uvloop

from bench.beside import Beside, beside
from bench.closed_loop import Load, asks_ours, asks_stock, closed_loop
from bench.controls.stock_rasa import NAME
from bench.customers import new_customers
from bench.flood import Flood, flood, flood_stock
from bench.plain_http import Pool
from bench.rasas import SAME, as_run, both
from bench.row import OURS, Bench, Figure, Goal, Row, Samples, latencies

LOOP = uvloop.new_event_loop  # a generator of hundreds of messages a second should cost little
_TIMES = 10
_EVERY = 0.05  # seconds between two looks at the health
_TOLD = 100.0  # milliseconds in which the excess is to be refused


async def measure(bench: Bench) -> Row:
    """Capacity of both; then health of both in peace and under the flood, ours first."""
    seconds, calm = bench.pick(10.0, 2.0), bench.pick(4.0, 1.0)
    async with (
        both(bench.folder, real=bench.full) as running,
        beside(bench.pick(12.0, 2.0)) as probe,
        Pool(running.stock) as line,
    ):
        address = running.service.addresses[0]
        everybody = await new_customers(address, bench.pick(1_200, 200))
        senders = [one.conversation for one in everybody]
        capacity = await closed_loop(asks_ours(everybody), bench.pick(4.0, 1.0), Load())
        stock_capacity = await closed_loop(asks_stock(line, senders), bench.pick(4.0, 1.0), Load())
        rate = min(_TIMES * max(capacity.rate, stock_capacity.rate), bench.pick(10_000.0, 300.0))
        looked = [
            await probe.health(f"{OURS}, idle", address, "/healthz", calm, _EVERY),
            await probe.health(f"{NAME}, idle", running.stock, "/", calm, _EVERY),
        ]
        health, ours = await asyncio.gather(
            _health(probe, OURS, address, "/healthz", seconds), flood(everybody, rate, seconds)
        )
        for one in everybody:
            one.wire.abort()
        stock_health, stock = await asyncio.gather(
            _health(probe, NAME, running.stock, "/", seconds), flood_stock(line, senders, rate, seconds)
        )
    return as_run(
        _row([health, stock_health, *looked], ours, stock, capacity.rate, stock_capacity.rate), real=bench.full
    )


async def _health(probe: Beside, of: str, address: tuple[str, int], path: str, seconds: float) -> Samples:
    """From when the flood has begun until it ends."""
    await asyncio.sleep(min(1.0, seconds / 4))
    return await probe.health(of, address, path, seconds - min(1.0, seconds / 4), _EVERY)


def _row(looked: list[Samples], ours: Flood, stock: Flood, capacity: float, stock_capacity: float) -> Row:
    health = looked[0]
    excess = ours.offered - capacity * (ours.ended - ours.began)
    # Where nothing is refused, nobody of the excess was told to come again.
    untold = 0 if ours.refused else max(1, round(excess))
    refusals = Samples(OURS, "until the excess is refused", "ms", ours.refused, lost=untold)
    return Row(
        id="P9",
        title="Health and refusals at ten times the bot's capacity",
        figures=[
            *(figure for samples in looked for figure in latencies(samples)),
            Figure(NAME, "GET /, not answered", looked[1].lost, "messages"),
            *latencies(refusals),
            Figure(OURS, "capacity", capacity, "turns/s"),
            Figure(NAME, "capacity", stock_capacity, "turns/s"),
            Figure(OURS, "offered", ours.offered / (ours.ended - ours.began), "msg/s"),
            Figure(OURS, "refused with a hint, of the excess", 100 * len(ours.refused) / max(1.0, excess), "%"),
            Figure(OURS, "kept in the record", ours.kept, "messages"),
            Figure(OURS, "neither kept nor refused when it ended", _nothing_heard(ours), "messages"),
            Figure(OURS, "answers", ours.per_second(), "turns/s"),
            Figure(NAME, "answers", stock.per_second(), "turns/s"),
            Figure(NAME, "not answered when it ended", stock.offered - len(stock.answers), "messages"),
        ],
        goals=[
            Goal.at_most(
                "/healthz p99 at most 50 ms", health.percentile(0.99) if not health.lost else float("inf"), 50.0
            ),
            Goal.at_most(
                "p99 of refusals at most 100 ms, with a hint when to come again", refusals.percentile(0.99), _TOLD
            ),
        ],
        samples=[*looked, refusals],
        notes=[
            "Health is asked twenty times a second by a process of its own; each from its intended moment.",
            "Who is refused writes on at once, as nobody's page does: it makes the flood no smaller.",
            "Words that a turn under way has not answered yet are answered together with it, and are no excess.",
        ],
        settings={**SAME, "offered": f"{_TIMES} times the larger capacity"},
    )


def _nothing_heard(ours: Flood) -> int:
    return sum(one.kept is None and one.refused is None for one in ours.words)
