"""A crowd that only stays, in a process of its own: `python -m bench.hold PLAN` opens, says how many, and waits.

The parent's side is `crowd`. A plan is `Held` as JSON. Connections come from several loopback addresses: each has a
bounded number of ports.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import uvloop

from bench.pairs import Screen
from bench.process import Partner, asked, partner, tell
from bench.wire import Wire, dial

_PER_SOURCE = 2_000
_AT_ONCE = 48
_SPARE = 200  # file descriptors a process needs beside its connections


@dataclass(frozen=True, slots=True)
class Held:
    """``count`` connections to ``address``. ``regulars``: a JSON file of tokens and conversations to say hello with.

    Without one it is a bare socket at ``/``, which says one word and hears it back.
    """

    address: tuple[str, int]
    count: int
    regulars: str | None = None
    skip: int = 0  # regulars that somebody else plays


def most_connections() -> int:
    """How many connections a process may hold here; raises its soft limit to the hard one."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard - _SPARE


@asynccontextmanager
async def crowd(plan: Held) -> AsyncIterator[Partner]:
    """A crowd that has arrived; it is asked ``{}`` for how many are still there. Gone afterwards."""
    async with partner("bench.hold", asdict(plan), opening=240.0) as process:
        yield process


async def _come(plan: Held, regulars: Sequence[tuple[str, str]] | None) -> list[Wire]:
    turns = asyncio.Semaphore(_AT_ONCE)

    async def one(number: int) -> Wire:
        source = f"127.0.1.{1 + number // _PER_SOURCE}"
        async with turns:
            if regulars is None:
                return await _bare(plan.address, source)
            token, conversation = regulars[plan.skip + number]
            return await _returning(plan.address, source, token, conversation)

    return list(await asyncio.gather(*(one(number) for number in range(plan.count))))


async def _returning(address: tuple[str, int], source: str, token: str, conversation: str) -> Wire:
    screen = Screen()
    await screen.open(address, "/ws/customer", source=source)
    hello = {"type": "hello", "token": token, "conversation": conversation, "after": 1}
    await screen.asks(lambda frame: frame["type"] == "heartbeat", **hello)
    screen.wire.heard = _nothing
    return screen.wire


async def _bare(address: tuple[str, int], source: str) -> Wire:
    echoed = asyncio.Event()
    wire = await dial(address, "/", lambda _: echoed.set(), source=source)
    wire.say(b"hello")
    async with asyncio.timeout(60):
        await echoed.wait()
    wire.heard = _nothing
    return wire


def _nothing(payload: bytes) -> None:
    """They only stay."""


async def _serve(plan: Held, regulars: Sequence[tuple[str, str]] | None) -> None:
    began = time.monotonic()
    most_connections()
    wires = await _come(plan, regulars)
    tell({"open": len(wires), "seconds": round(time.monotonic() - began, 2)})
    async for _ in asked():
        tell({"open": sum(wire.ended is None for wire in wires)})


if __name__ == "__main__":
    told = json.loads(sys.argv[1])
    file = told["regulars"]
    known = json.loads(Path(file).read_text()) if file else None
    uvloop.run(_serve(Held(**told | {"address": tuple(told["address"])}), known))
