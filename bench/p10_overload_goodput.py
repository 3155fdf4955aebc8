"""P10: what the bot still answers at five times its load, and whether people who write to each other notice.

Goodput is answers a second that come in time. Its peak is what as many customers as the bot answers at a time get. At
five times that, every message has its moment, and whoever is told to come later is not answered, of course.
"""

from __future__ import annotations

import asyncio

import uvloop

from bench.beside import beside
from bench.closed_loop import Load, asks_ours, asks_stock, closed_loop
from bench.controls.stock_rasa import NAME
from bench.customers import new_customers
from bench.flood import PATIENCE, Flood, flood, flood_stock
from bench.plain_http import Pool
from bench.rasas import SAME, as_run, both
from bench.row import OURS, Bench, Figure, Goal, Row, Samples, latencies
from bench.service import hire

LOOP = uvloop.new_event_loop  # a generator of hundreds of messages a second should cost little
_TIMES = 5
_PEOPLE = 50.0  # messages a second between customers and agents
_PAIRS = 20
_AGENTS = 5  # the frames of one console are handled in order: no agent writes 25 messages a second
_SETTLE = 1.0  # seconds of the flood before people's messages count


async def measure(bench: Bench) -> Row:
    """Peaks of both; people without the flood, people with it; then the flood of stock."""
    seconds, peak, most = bench.pick(22.0, 4.0), bench.pick(5.0, 1.0), bench.pick(10_000.0, 300.0)
    async with (
        both(bench.folder, real=bench.full) as running,
        beside(bench.pick(12.0, 2.0)) as probe,
        Pool(running.stock) as line,
    ):
        address = running.service.addresses[0]
        await probe.pairs(address, await hire(running.service, _AGENTS), _PAIRS)
        everybody = await new_customers(address, bench.pick(1_200, 200))
        senders = [one.conversation for one in everybody]
        loads = Load(), Load()
        for ask, load in zip((asks_ours(everybody), asks_stock(line, senders)), loads, strict=True):
            await closed_loop(ask, peak / 4, Load())
            await closed_loop(ask, peak, load)
        await probe.people("warm", 1.0, _PEOPLE)
        alone = await probe.people(f"{OURS}, the bot idle", bench.pick(12.0, 2.0), _PEOPLE)

        async def people() -> Samples:
            await asyncio.sleep(_SETTLE)
            return await probe.people(f"{OURS}, the bot drowning", seconds - 2 * _SETTLE, _PEOPLE)

        drowning, ours = await asyncio.gather(people(), flood(everybody, min(_TIMES * loads[0].rate, most), seconds))
        for one in everybody:
            one.wire.abort()
        stock = await flood_stock(line, senders, min(_TIMES * loads[1].rate, most), seconds)
    return as_run(_row((alone, drowning), (loads[0].rate, loads[1].rate), (ours, stock)), real=bench.full)


def _row(people: tuple[Samples, Samples], peaks: tuple[float, float], floods: tuple[Flood, Flood]) -> Row:
    shares = [under.per_second() / peak if peak else 0.0 for peak, under in zip(peaks, floods, strict=True)]
    alone, drowning = people
    worse = drowning.percentile(0.99) / alone.percentile(0.99) if alone.values else float("inf")
    figures = []
    for of, peak, under, share in zip((OURS, NAME), peaks, floods, shares, strict=True):
        late = under.per_second(float("inf")) - under.per_second()
        figures += [
            Figure(of, "goodput at its peak", peak, "turns/s"),
            Figure(of, "goodput at five times the load", under.per_second(), "turns/s"),
            Figure(of, "goodput, share of the peak", 100 * share, "%"),
            Figure(of, "answers that came too late", late, "turns/s"),
        ]
    ours = floods[0]
    return Row(
        id="P10",
        title="Goodput at five times the load, and people's relay meanwhile",
        figures=[
            *figures,
            Figure(OURS, "told to come again later", len(ours.refused), "messages"),
            *(figure for samples in people for figure in latencies(samples)),
            Figure(OURS, "people's p99, the bot drowning against idle", worse, "times"),
        ],
        goals=[
            Goal.at_least("goodput at five times the load at least 95 % of its peak", 100 * shares[0], 95.0),
            Goal.at_most("people's p99 at most 1.2 times that without", float("inf") if drowning.lost else worse, 1.2),
        ],
        samples=people,
        notes=[
            f"In time: within {PATIENCE:g} s of the words, the longest a turn of ours may take. A warm-up before.",
            "Peak: closed loop, 16 customers at a time. The flood: open loop, five times each side's own peak.",
            f"People: {_PAIRS} conversations of {_AGENTS} agents, {_PEOPLE:g} messages a second, half each way, from a "
            "process of its own. (In earlier figures one agent wrote all 25 a second on one socket.)",
            "The two cores also carry the flood's generator, which runs on uvloop for both sides: 0.14 ms of a core a "
            "message (0.18 before). People's messages wait for a processor as well as for us.",
        ],
        settings={**SAME, "people's messages per second": _PEOPLE, "times": _TIMES},
    )
