"""What relay rows load: Switchboard, two relays that keep nothing, and an echo for calibration; each with its load."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import psutil

from bench.control import control
from bench.ends import WORDS, Kind, Plan
from bench.load import Load, load
from bench.open_loop import Heard
from bench.row import OURS, Bench, Samples
from bench.service import RAISED, Service, embedded, hire

PYTHON = "python-socketio relay"
NODE = "Node socket.io relay"
ECHO = "bare echo (calibration)"
SERVER_CORE, LOAD_CORE = 0, 1
AGENTS = 4
LIST_NOTE = (
    "Switchboard also tells each of the agents' lists of every message and sends the customer its acknowledgement; "
    "neither relay does."
)
_CONTROLS: dict[str, tuple[str, Kind]] = {
    ECHO: ("bare_asgi", "echo"),
    PYTHON: ("relay_python", "socketio"),
    NODE: ("relay_node.js", "socketio"),
}


@dataclass
class Target:
    """A server and the load that is open at it. ``runs`` are all that were made; ``cpu`` the server's CPU seconds."""

    of: str
    load: Load
    cpu: Callable[[], float]
    runs: list[Heard] = field(default_factory=list)
    costs: list[float] = field(default_factory=list)

    async def run(self, rate: float, seconds: float, patience: float = 2.0) -> Heard:
        """An open-loop run; what it cost the server, in µs of CPU a message sent, goes to ``costs``."""
        before = self.cpu()
        heard = await self.load.run(rate, seconds, patience)
        self.costs.append((self.cpu() - before) / heard.sent * 1_000_000)
        self.runs.append(heard)
        return heard

    def forget(self) -> None:
        """What was run so far was to warm up."""
        self.runs.clear()
        self.costs.clear()

    def arrived(self) -> Samples:
        """Every latency from a customer's words being due to the agent's frame."""
        values = [value for run in self.runs for value in run.arrived]
        return Samples(self.of, "customer to agent", "ms", values, lost=sum(run.lost for run in self.runs))

    def acknowledged(self) -> Samples:
        """... to the customer's own line coming back."""
        values = [value for run in self.runs for value in run.acknowledged]
        lost = sum(run.sent for run in self.runs) - len(values)
        return Samples(self.of, "customer's acknowledgement", "ms", values, lost=lost)


@asynccontextmanager
async def relays(bench: Bench, conversations: int, names: Sequence[str] = tuple(_CONTROLS)) -> AsyncIterator[
    dict[str, Target]
]:  # fmt: skip
    """The controls, with everything open at them. Servers on one core, loads on another."""
    async with AsyncExitStack() as stack:
        found = {}
        for of in names:
            program, kind = _CONTROLS[of]
            server = await stack.enter_async_context(control(program, bench.folder, SERVER_CORE))
            plan = Plan(kind, [server.address], conversations, AGENTS)
            opened = await stack.enter_async_context(load(plan, LOAD_CORE))
            found[of] = Target(of, opened, server.cpu_seconds)
        yield found


@asynccontextmanager
async def ours(bench: Bench, conversations: int) -> AsyncIterator[Target]:
    """The embedded service with everything open at it, on one core; its load on another."""
    async with embedded(bench.folder, core=SERVER_CORE) as service, loaded(service, OURS, conversations) as target:
        yield target


@asynccontextmanager
async def loaded(service: Service, of: str, conversations: int) -> AsyncIterator[Target]:
    """A service that is running, with everything open at it; the ends are spread over its processes."""
    tokens = await hire(service, AGENTS)
    async with load(Plan("switchboard", service.addresses, conversations, AGENTS, tokens), LOAD_CORE) as opened:
        yield Target(of, opened, service.cpu_seconds)


def sizes(conversations: int) -> dict[str, str | int | float]:
    """What was set, for the record."""
    several = (psutil.cpu_count() or 1) > 1
    return {
        "conversations": conversations, "agents": AGENTS, "bytes of text": WORDS,
        "pinned": f"servers to core {SERVER_CORE}, load to core {LOAD_CORE}" if several else "nothing: one core",
        **RAISED,
    }  # fmt: skip


def reached(samples: Samples, share: float) -> float:
    """The percentile over everything that was sent: what never arrived took for ever."""
    every = [*samples.values, *(float("inf") for _ in range(samples.lost))]
    return Samples(samples.of, samples.what, samples.unit, every).percentile(share)


def calibration(echo: Target) -> list[str]:
    """How a bare echo did at each point of the run: a noisy machine shows here."""
    return [f"Calibration {number}: bare echo at {run.rate:g}/s {said(run)}" for number, run in enumerate(echo.runs, 1)]


def lateness(runs: Sequence[Heard]) -> str:
    """How late the load itself was: part of every latency."""
    every = Samples("load", "late", "ms", [value for run in runs for value in run.late])
    return (
        f"The load itself sent {every.percentile(0.5):.3f} ms late at p50, {every.percentile(0.99):.3f} ms at p99; "
        "latencies count from when a message was due and hold this."
    )


def said(run: Heard) -> str:
    """A run in a few words."""
    every = Samples("", "", "ms", run.arrived)
    told = f"p50 {every.percentile(0.5):.2f} ms, p99 {every.percentile(0.99):.2f} ms, lost {run.lost} of {run.sent}"
    return told + (f", {len(run.ended)} connections ended ({sorted(set(run.ended))})" if run.ended else "")
