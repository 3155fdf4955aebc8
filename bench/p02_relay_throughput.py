"""P2: how many messages a second the relay carries before they come late, beside two relays and bare commits."""

from __future__ import annotations

from collections.abc import Sequence

from bench.commits import postgres_commits, sqlite_commits
from bench.knee import Knee, find_knee
from bench.open_loop import Heard
from bench.row import OURS, Bench, Figure, Goal, Row, Samples
from bench.service import replicas
from bench.targets import (
    ECHO,
    LIST_NOTE,
    NODE,
    PYTHON,
    Target,
    calibration,
    lateness,
    loaded,
    ours,
    relays,
    said,
    sizes,
)
from tools.local_servers import LocalServer, PostgresServer

_LIMIT_MS = 50.0
_ECHO_RATE = 1_000.0
REPLICAS = f"{OURS}, two replicas"
SQLITE, POSTGRES = "SQLite alone", "PostgreSQL alone"


async def measure(bench: Bench) -> Row:
    """Each target by itself, an echo before and after it: together they would take the machine from each other."""
    conversations = bench.pick(100, 4)
    found: list[tuple[Target, Knee]] = []
    async with relays(bench, conversations, [ECHO]) as echoes:
        echo = echoes[ECHO]
        await _calibrate(bench, echo)
        async with ours(bench, conversations) as target:
            found.append(await _knee(bench, target, 500.0))
        await _calibrate(bench, echo)
        for of, start in ((PYTHON, 2_000.0), (NODE, 4_000.0)):
            async with relays(bench, conversations, [of]) as one:
                found.append(await _knee(bench, one[of], start))
        await _calibrate(bench, echo)
        async with replicas(bench.folder) as service:
            async with loaded(service, REPLICAS, conversations) as target:
                found.append(await _knee(bench, target, 500.0))
            commits = await _commits(bench, service.servers["postgres"])
        await _calibrate(bench, echo)
    settings = {"seconds of a step": bench.pick(3.0, 0.3), "limit of p99 in ms": _LIMIT_MS, **sizes(conversations)}
    return _row(found, commits, echo, settings)


async def _calibrate(bench: Bench, echo: Target) -> None:
    await echo.run(bench.pick(_ECHO_RATE, 100.0), bench.pick(1.0, 0.1))


async def _knee(bench: Bench, target: Target, start: float) -> tuple[Target, Knee]:
    await target.run(start / 4, bench.pick(1.0, 0.2))  # to warm up
    target.forget()

    knee = await find_knee(
        lambda rate: target.run(rate, bench.pick(3.0, 0.3), patience=1.0),
        start=bench.pick(start, 20.0), limit_ms=_LIMIT_MS, steps=bench.pick(16, 2),
    )  # fmt: skip
    bench.say(f"{target.of}: {knee.rate:.0f}/s; " + "; ".join(f"{run.rate:.0f}/s {said(run)}" for run in knee.steps))
    return target, knee


async def _commits(bench: Bench, server: LocalServer) -> list[Figure]:
    """The same databases on the same disk, with nothing else to do: the service on them stands idle."""
    assert isinstance(server, PostgresServer)
    seconds = bench.pick(3.0, 0.3)
    alone = await sqlite_commits(bench.folder, seconds)
    figures = [Figure(SQLITE, "commits, one client, WAL, synchronous=FULL", alone, "msg/s")]
    for clients in (1, 8):
        rate = await postgres_commits(server, bench.folder, clients, seconds)
        figures.append(Figure(POSTGRES, f"commits, fsync, clients: {clients}", rate, "msg/s"))
    return figures


def _row(
    found: Sequence[tuple[Target, Knee]],
    commits: Sequence[Figure],
    echo: Target,
    settings: dict[str, str | int | float],
) -> Row:
    figures, samples = [], []
    for target, knee in found:
        figures.append(Figure(target.of, "highest rate with everything arrived and p99 ≤ 50 ms", knee.rate, "msg/s"))
        if knee.best is not None:
            best = Samples(target.of, "customer to agent at that rate", "ms", knee.best.arrived)
            figures += [Figure(best.of, f"{best.what}, p99", best.percentile(0.99), "ms")]
            figures.append(Figure(best.of, "CPU of the server per message at that rate", _cost(target, knee), "µs"))
            samples.append(best)
    rates = {target.of: knee.rate for target, knee in found}
    return Row(
        id="P2",
        title="Durable relay: messages a second before they come late",
        figures=[*figures, *commits],
        goals=[
            Goal.at_least("embedded, at least 5,000 messages a second", rates[OURS], 5_000),
            Goal.at_least("two replicas, at least 3,000 messages a second", rates[REPLICAS], 3_000),
        ],
        samples=samples,
        notes=[
            *calibration(echo),
            *(f"{target.of}, steps: " + ", ".join(_step(knee, run) for run in knee.steps) for target, knee in found),
            lateness([knee.best for _, knee in found if knee.best is not None]),
            "A first second of each was thrown away. A rate that failed once was tried again.",
            "The replicas, PostgreSQL, Redis and the load share all cores; only the load is pinned. nginx is left out.",
            "PostgreSQL alone is loaded by pgbench, in C; SQLite alone by Python's sqlite3, in one thread.",
            LIST_NOTE,
        ],
        settings=settings,
    )


def _cost(target: Target, knee: Knee) -> float:
    return next(cost for run, cost in zip(target.runs, target.costs, strict=True) if run is knee.best)


def _step(knee: Knee, run: Heard) -> str:
    return f"{run.rate:.0f}/s {'held' if knee.holds(run) else 'failed'}"
