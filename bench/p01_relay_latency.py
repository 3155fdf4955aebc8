"""P1: how long a customer's words take to the agent at 1,000 messages a second, beside relays that keep nothing."""

from __future__ import annotations

from collections.abc import Mapping

from bench.row import OURS, Bench, Figure, Goal, Row, latencies
from bench.targets import (
    ECHO,
    LIST_NOTE,
    NODE,
    PYTHON,
    Target,
    calibration,
    lateness,
    ours,
    reached,
    relays,
    said,
    sizes,
)

_RATE = 1_000.0
_SHARES = (0.5, 0.99, 0.999)


async def measure(bench: Bench) -> Row:
    """Rounds of all targets in turn, an echo before and after each round."""
    conversations, rounds = bench.pick(100, 8), bench.pick(2, 1)
    seconds, warm = bench.pick(9.0, 0.5), bench.pick(2.0, 0.2)
    rate = bench.pick(_RATE, 100.0)
    async with relays(bench, conversations) as controls, ours(bench, conversations) as service:
        targets: Mapping[str, Target] = {OURS: service, **controls}
        for target in targets.values():
            await target.run(rate, warm)
            target.forget()
        for number in range(rounds):
            await targets[ECHO].run(rate, warm)
            for of in (OURS, PYTHON, NODE):
                bench.say(f"round {number + 1}, {of}: {said(await targets[of].run(rate, seconds))}")
        await targets[ECHO].run(rate, warm)
    settings = {"messages per second": rate, "rounds": rounds, "seconds of a round": seconds, **sizes(conversations)}
    return _row(targets, settings)


def _row(targets: Mapping[str, Target], settings: dict[str, str | int | float]) -> Row:
    arrivals = {of: target.arrived() for of, target in targets.items()}
    samples = [*arrivals.values(), targets[OURS].acknowledged()]
    service, relay = arrivals[OURS], arrivals[PYTHON]
    figures = [one for each in samples for one in latencies(each, _SHARES)]
    for of in (OURS, PYTHON, NODE):
        figures.append(Figure(of, "never arrived", arrivals[of].lost, "messages"))
        costs = targets[of].costs
        figures.append(Figure(of, "CPU of the server per message", sum(costs) / len(costs), "µs"))
    return Row(
        id="P1",
        title="Durable relay, customer to agent, at 1,000 messages a second",
        figures=figures,
        goals=[
            Goal.at_most("p50 at most 2 ms", reached(service, 0.5), 2.0),
            Goal.at_most("p99 at most 10 ms", reached(service, 0.99), 10.0),
            Goal.at_most("p50 not above the python-socketio relay's", reached(service, 0.5), reached(relay, 0.5)),
        ],
        samples=samples,
        notes=[
            *calibration(targets[ECHO]),
            lateness([run for target in targets.values() for run in target.runs]),
            "The first run of each was thrown away.",
            LIST_NOTE,
        ],
        settings=settings,
    )
