"""P3: what 10,000 customers cost who only stay, in memory and in CPU, beside a bare socket and a FastAPI endpoint."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bench.control import control
from bench.hold import Held, crowd, most_connections
from bench.process import Partner
from bench.regulars import make_regulars
from bench.row import OURS, Bench, Figure, Goal, Row
from bench.service import RAISED, embedded, record_in

BARE, FASTAPI = "bare uvicorn ASGI", "FastAPI endpoint"
_ALL = 10_000
_WARM = 100


class Server(Protocol):
    """What is looked at of a process."""

    def memory_kib(self) -> float: ...

    def cpu_seconds(self) -> float: ...


@dataclass(frozen=True, slots=True)
class State:
    """A server with so many connections: its memory, and the CPU it uses in a second, as a share of one core."""

    connections: int
    memory_kib: float
    cpu_share: float


def each(few: State, many: State) -> tuple[float, float]:
    """What one more connection costs: KiB, and µs of CPU a second."""
    more = many.connections - few.connections
    return (many.memory_kib - few.memory_kib) / more, (many.cpu_share - few.cpu_share) / more * 1_000_000


async def measure(bench: Bench) -> Row:
    """All servers hold at the same time, so that the machine is the same for all."""
    count = min(bench.pick(_ALL, 60), most_connections() - 2 * _WARM)
    warm = bench.pick(_WARM, 5)
    regulars = bench.folder / "regulars.json"
    regulars.write_text(json.dumps(await make_regulars(record_in(bench.folder), count + warm)))
    async with AsyncExitStack() as stack:
        service = await stack.enter_async_context(embedded(bench.folder))
        bare = await stack.enter_async_context(control("bare_asgi", bench.folder))
        fastapi = await stack.enter_async_context(control("fastapi_socket", bench.folder))
        servers: dict[str, Server] = {OURS: service, BARE: bare, FASTAPI: fastapi}
        addresses = {OURS: service.addresses[0], BARE: bare.address, FASTAPI: fastapi.address}
        first = _plans(addresses, warm, regulars, 0)
        await _open(bench, stack, first)
        await asyncio.sleep(bench.pick(8.0, 0.1))  # what a start leaves to do afterwards is no part of this
        few = await _states(servers, warm, bench.pick(20.0, 0.5))  # a whole round of heartbeats
        crowds = await _open(bench, stack, _plans(addresses, count, regulars, warm))
        await asyncio.sleep(bench.pick(3.0, 0.1))
        many = await _states(servers, warm + count, bench.pick(40.0, 0.5))
        left = {of: (await one.ask({}, 30.0))["open"] for of, one in crowds.items()}
    return _row(count, few, many, left, warm)


def _plans(addresses: dict[str, tuple[str, int]], count: int, regulars: Path, skip: int) -> dict[str, Held]:
    return {of: Held(address, count, str(regulars) if of == OURS else None, skip) for of, address in addresses.items()}


async def _open(bench: Bench, stack: AsyncExitStack, plans: dict[str, Held]) -> dict[str, Partner]:
    """All crowds at once; when one cannot come, none stays."""
    found: dict[str, Partner] = {}

    async def come(of: str, plan: Held) -> None:
        found[of] = await stack.enter_async_context(crowd(plan))
        bench.say(f"{of}: {plan.count} came in {found[of].opened['seconds']} s")

    async with asyncio.TaskGroup() as group:
        for of, plan in plans.items():
            group.create_task(come(of, plan))
    return found


async def _states(servers: dict[str, Server], connections: int, seconds: float) -> dict[str, State]:
    began = time.monotonic()
    before = {of: server.cpu_seconds() for of, server in servers.items()}
    await asyncio.sleep(seconds)
    took = time.monotonic() - began
    return {
        of: State(connections, server.memory_kib(), (server.cpu_seconds() - before[of]) / took)
        for of, server in servers.items()
    }


def _row(count: int, few: dict[str, State], many: dict[str, State], left: dict[str, int], warm: int) -> Row:
    figures: list[Figure] = []
    for of, before in few.items():
        memory, cpu = each(before, many[of])
        whole = many[of].cpu_share / many[of].connections * 1_000_000
        figures += [
            Figure(of, "memory of each connection (RSS)", memory, "KiB"),
            Figure(of, "CPU of each connection", cpu, "µs CPU/s"),
            Figure(of, "CPU of the whole process over its connections", whole, "µs CPU/s"),
            Figure(of, "connections that ended by themselves", count - left[of], "messages"),
        ]
    memory, cpu = each(few[OURS], many[OURS])
    return Row(
        id="P3",
        title=f"{count} idle connections",
        figures=figures,
        goals=[
            Goal.at_most("at most 24 KiB each", memory, 24.0),
            Goal.at_most("at most 5 µs of CPU a second each", cpu, 5.0),
        ],
        notes=_notes(warm),
        settings={"connections": count, "connections to warm up": warm, **RAISED},
    )


def _notes(warm: int) -> Sequence[str]:
    return (
        f"Differences between a server with {warm} connections and with all of them; what the process itself needs and "
        "does all the time is in neither, but in the CPU of the whole process.",
        "Ours are customers' sockets after a whole hello, each of another customer who was here before; the kernel's "
        "memory for a socket is in nobody's figure.",
        "Memory at the end of the hold, which has two of our heartbeats and most of the pings of uvicorn, every 45 s.",
        "The three servers hold at the same time, in processes of their own, pinned to no core.",
    )
