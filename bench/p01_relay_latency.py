"""P1: how long a customer's words take to the agent at 1,000 messages a second, beside relays that keep nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import psutil

from bench.control import control
from bench.ends import WORDS, Plan
from bench.load import Load, load
from bench.open_loop import Heard
from bench.row import OURS, Bench, Figure, Goal, Row, Samples, latencies
from bench.service import RAISED, embedded, hire

PYTHON = "python-socketio relay"
NODE = "Node socket.io relay"
ECHO = "bare echo (calibration)"
SERVER_CORE, LOAD_CORE = 0, 1
AGENTS = 4
RATE = 1_000.0
_ARRIVAL = "customer to agent"
_LIST_NOTE = (
    "Switchboard also tells each of the agents' lists of every message and sends the customer its acknowledgement; "
    "neither relay does."
)


@dataclass
class Part:
    """What one target gave, over all rounds."""

    runs: list[Heard] = field(default_factory=list)

    def samples(self, of: str) -> Samples:
        values = [value for run in self.runs for value in run.arrived]
        return Samples(of, _ARRIVAL, "ms", values, lost=sum(run.lost for run in self.runs))

    def acknowledged(self, of: str) -> Samples:
        values = [value for run in self.runs for value in run.acknowledged]
        return Samples(
            of, "customer's acknowledgement", "ms", values, lost=sum(run.sent for run in self.runs) - len(values)
        )


@asynccontextmanager
async def relays(bench: Bench, conversations: int) -> AsyncIterator[dict[str, Load]]:
    """The controls with everything open at them: echo, python-socketio, Node. Servers on one core, loads on another."""
    async with AsyncExitStack() as stack:
        loads = {}
        for of, name, kind in (
            (ECHO, "bare_asgi", "echo"),
            (PYTHON, "relay_python", "socketio"),
            (NODE, "relay_node.js", "socketio"),
        ):
            server = await stack.enter_async_context(control(name, bench.folder, SERVER_CORE))
            plan = Plan("echo" if kind == "echo" else "socketio", [server.address], conversations, AGENTS)
            loads[of] = await stack.enter_async_context(load(plan, LOAD_CORE))
        yield loads


@asynccontextmanager
async def ours(bench: Bench, conversations: int) -> AsyncIterator[Load]:
    """The embedded service with everything open at it."""
    async with embedded(bench.folder, core=SERVER_CORE) as service:
        tokens = await hire(service, AGENTS)
        async with load(Plan("switchboard", service.addresses, conversations, AGENTS, tokens), LOAD_CORE) as opened:
            yield opened


def sizes(conversations: int) -> dict[str, str | int | float]:
    """What was set, for the record."""
    cores = psutil.cpu_count() or 1
    return {
        "conversations": conversations, "agents": AGENTS, "bytes of text": WORDS,
        "pinned": f"servers to core {SERVER_CORE}, load to core {LOAD_CORE}" if cores >= 2 else "nothing: one core",
        **RAISED,
    }  # fmt: skip


async def measure(bench: Bench) -> Row:
    """Rounds of all targets in turn, an echo before and after each round."""
    conversations, rounds = bench.pick(100, 8), bench.pick(2, 1)
    seconds, warm = bench.pick(9.0, 0.5), bench.pick(2.0, 0.2)
    rate = bench.pick(RATE, 100.0)
    parts = {of: Part() for of in (OURS, PYTHON, NODE, ECHO)}
    async with relays(bench, conversations) as loads, ours(bench, conversations) as first:
        targets: Mapping[str, Load] = {OURS: first, **loads}
        for one in targets.values():
            await one.run(rate, warm)
        for number in range(rounds):
            parts[ECHO].runs.append(await targets[ECHO].run(rate, warm))
            for of in (OURS, PYTHON, NODE):
                parts[of].runs.append(await targets[of].run(rate, seconds))
                bench.say(f"round {number + 1}, {of}: {_said(parts[of].runs[-1])}")
        parts[ECHO].runs.append(await targets[ECHO].run(rate, warm))
    return _row(parts, {"messages per second": rate, **sizes(conversations)})


def _row(parts: Mapping[str, Part], settings: dict[str, str | int | float]) -> Row:
    arrivals = {of: part.samples(of) for of, part in parts.items()}
    ours, theirs = arrivals[OURS], arrivals[PYTHON]
    shares = (0.5, 0.99, 0.999)
    acknowledged = parts[OURS].acknowledged(OURS)
    figures = [one for samples in (*arrivals.values(), acknowledged) for one in latencies(samples, shares)]
    figures += [Figure(of, "never arrived", arrivals[of].lost, "messages") for of in (OURS, PYTHON, NODE)]
    return Row(
        id="P1",
        title="Durable relay, customer to agent, 1,000 messages a second",
        figures=figures,
        goals=[
            Goal.at_most("p50 at most 2 ms", reached(ours, 0.5), 2.0),
            Goal.at_most("p99 at most 10 ms", reached(ours, 0.99), 10.0),
            Goal.at_most("p50 not above the python-socketio relay's", reached(ours, 0.5), reached(theirs, 0.5)),
        ],
        samples=[*arrivals.values(), acknowledged],
        notes=[*calibration(parts[ECHO].runs), lateness(parts), "The first run of each was thrown away.", _LIST_NOTE],
        settings=settings,
    )


def reached(samples: Samples, share: float) -> float:
    """The percentile over everything that was sent: what never arrived took for ever."""
    every = [*samples.values, *(float("inf") for _ in range(samples.lost))]
    return Samples(samples.of, samples.what, samples.unit, every).percentile(share)


def calibration(runs: Sequence[Heard]) -> list[str]:
    """How a bare echo did at each point of the run: a noisy machine shows here."""
    return [
        f"Calibration {number}: bare echo at {run.rate:g}/s {_said(run)}" for number, run in enumerate(runs, start=1)
    ]


def lateness(parts: Mapping[str, Part]) -> str:
    """How late the load itself was: part of every latency above."""
    late = [value for part in parts.values() for run in part.runs for value in run.late]
    every = Samples("load", "late", "ms", late)
    return (
        f"The load itself sent {every.percentile(0.5):.3f} ms late at p50, {every.percentile(0.99):.3f} ms at p99; "
        "latencies count from when a message was due and hold this."
    )


def _said(run: Heard) -> str:
    every = Samples("", "", "ms", run.arrived)
    return f"p50 {every.percentile(0.5):.2f} ms, p99 {every.percentile(0.99):.2f} ms, lost {run.lost} of {run.sent}"
