"""P8: bot turns per second with two Rasa processes behind our service, against one stock Rasa.

A measure of capacity: so many customers at a time ask again as soon as they are answered. Both sides run all the time
and take their turn at the load, twice. Afterwards the record is counted: every line that was acknowledged is there, and
lies in exactly one committed turn.
"""

from __future__ import annotations

import asyncio

from bench.closed_loop import AT_ONCE, Ask, Load, asks_ours, asks_stock, closed_loop
from bench.controls.stock_rasa import NAME
from bench.customers import new_customers
from bench.plain_http import Pool
from bench.rasas import SAME, as_run
from bench.row import OURS, Bench, Figure, Goal, Row, Samples, latencies
from bench.two_rasas import Spread, two_rasas

_CONVERSATIONS = 96  # each has its turn rarely enough that stock's do not grow long


async def measure(bench: Bench) -> Row:
    """Warm both up, then two rounds of each."""
    rounds, seconds = 2, bench.pick(11.0, 2.0)
    ours, stock = Load(), Load()
    async with two_rasas(bench.folder, real=bench.full) as spread, Pool(spread.stock) as line:
        everybody = await new_customers(spread.service.addresses[0], bench.pick(_CONVERSATIONS, AT_ONCE))
        ask_ours, ask_stock = asks_ours(everybody), asks_stock(line, [one.conversation for one in everybody])
        for ask in (ask_ours, ask_stock):
            await closed_loop(ask, bench.pick(3.0, 0.5), Load())
        for _ in range(rounds):
            await _loaded(spread, ask_ours, seconds, ours)
            await _loaded(spread, ask_stock, seconds, stock)
        kept = sum(said.kept is not None for one in everybody for said in one.words.values())
        in_record, answered = await asyncio.to_thread(spread.counts)
    return as_run(_row(ours, stock, kept, in_record, answered), real=bench.full)


async def _loaded(spread: Spread, ask: Ask, seconds: float, load: Load) -> None:
    before = spread.cpu_seconds()
    await closed_loop(ask, seconds, load)
    for part, used in spread.cpu_seconds().items():
        load.used[part] = load.used.get(part, 0.0) + used - before[part]


def _row(ours: Load, stock: Load, kept: int, in_record: int, answered: int) -> Row:
    times = ours.rate / stock.rate if stock.rate else 0.0
    missing = abs(kept - in_record) + (kept - answered) + ours.lost
    both = ((OURS, ours), (NAME, stock))
    samples = [Samples(of, f"turn with {AT_ONCE} at once", "ms", load.took, load.lost) for of, load in both]
    return Row(
        id="P8",
        title="Bot turns per second with two Rasa processes",
        figures=[
            *(Figure(of, "turns", load.rate, "turns/s") for of, load in both),
            Figure(OURS, "turns against one stock Rasa", times, "times"),
            *(figure for one in samples for figure in latencies(one)),
            Figure(OURS, "acknowledged, not in the record or not answered once", missing, "messages"),
            *(
                Figure(of, f"CPU a turn, {part}", used / max(1, len(load.took)) * 1000, "ms")
                for of, load in both
                for part, used in load.used.items()
                if used >= 0.05
            ),
        ],
        goals=[
            Goal.at_least("turns per second at least 1.6 times one stock Rasa", times, 1.6),
            Goal.at_most("messages missing from the record", missing, 0.0),
        ],
        samples=samples,
        notes=[
            "Capacity, so closed loop: each of the customers at once asks again when it is answered. A warm-up before.",
            "Ours shares two cores among service, two Rasas, PostgreSQL, Redis, nginx and this generator.",
            "The control has them to itself, but for the generator; what is idle meanwhile uses next to nothing.",
        ],
        settings={**SAME, "switchboard": "one service, two Rasas behind nginx, PostgreSQL, Redis", "at once": AT_ONCE},
    )
