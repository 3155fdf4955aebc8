"""Events that many listeners hear: `python -m bench.fan_out PLAN` opens all of them, then tells events and times them.

A plan is `Crowd` as JSON. Events are told by an open loop: latency counts from when an event was due.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from array import array
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass
from typing import Literal

import uvloop

from bench.ends import number_in, words
from bench.engine_io import SocketIo
from bench.open_loop import Heard
from bench.pairs import open_agent, open_customer
from bench.process import Partner, asked, partner, tell
from bench.ticks import on_schedule

_ROW = b'{"type":"conversation"'
_OFFERED = b'"control":"offered"'
_AT_ONCE = 16
_ROOM = "agents"
_ROW_BYTES = 600  # about what a row of a list has

Hear = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Crowd:
    """``listeners`` at ``address``, and ``events`` that can be told to them. ``tokens``: the agents' of ours."""

    kind: Literal["switchboard", "socketio"]
    address: tuple[str, int]
    listeners: int
    events: int
    tokens: Sequence[str] = ()


class FanOut:
    """When each of ``listeners`` heard each of ``events``; the first time counts."""

    def __init__(self, listeners: int, events: int) -> None:
        self._listeners = listeners
        self._heard = array("d", bytes(8 * listeners * events))
        self._told = 0
        self._missing = 0
        self._whole = asyncio.Event()

    def hear(self, listener: int, event: int) -> None:
        """``listener`` has the news of ``event``."""
        at = event * self._listeners + listener
        if 0 <= at < len(self._heard) and not self._heard[at]:
            self._heard[at] = time.monotonic()
            self._missing -= 1
            if self._missing <= 0:
                self._whole.set()

    async def run(self, events: Sequence[Callable[[], None]], *, rate: float, patience: float) -> Heard:
        """Tell the next ``events``, ``rate`` a second, and wait up to ``patience`` seconds for everybody."""
        first, count = self._told, len(events)
        self._missing += count * self._listeners
        self._whole.clear()
        start = time.monotonic() + 0.05
        due = [start + at / rate for at in range(count)]
        gone: list[float] = []

        def act(at: int, now: float) -> None:
            events[at]()
            gone.append(now)

        await on_schedule(due, 1 / rate, act)
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await self._whole.wait()
        self._told += count
        heard = self._heard[first * self._listeners : self._told * self._listeners]
        arrived = [round((at - due[place // self._listeners]) * 1000, 4) for place, at in enumerate(heard) if at]
        late = [round((at - when) * 1000, 4) for at, when in zip(gone, due, strict=True)]
        return Heard(rate, count / rate, len(heard), arrived, (), late)


class Audience:
    """The parent's side of a crowd that has come."""

    def __init__(self, process: Partner) -> None:
        self._process = process

    async def tell(self, events: int, rate: float, patience: float = 5.0) -> Heard:
        """Tell the next events to everybody. Raises RuntimeError when the process ended or does not answer."""
        told = {"events": events, "rate": rate, "patience": patience}
        return Heard.of_json(await self._process.ask(told, events / rate + patience + 60))


@asynccontextmanager
async def audience(plan: Crowd, core: int | None = None) -> AsyncIterator[Audience]:
    """A crowd in a process of its own, with everything open. Gone afterwards."""
    async with partner("bench.fan_out", asdict(plan), opening=180.0, core=core) as process:
        yield Audience(process)


async def _at_switchboard(plan: Crowd, hear: Hear) -> list[Callable[[], None]]:
    """Agents at the desk; each event is another customer who asks for a person."""
    turns = asyncio.Semaphore(_AT_ONCE)
    events: dict[bytes, int] = {}

    def ears(listener: int) -> Callable[[bytes], None]:
        def heard(payload: bytes) -> None:
            if payload.startswith(_ROW) and _OFFERED in payload:
                event = events.get(payload[len(_ROW) + 17 : len(_ROW) + 49])
                if event is not None:
                    hear(listener, event)

        return heard

    async def agent(listener: int) -> None:
        async with turns:
            (await open_agent(plan.address, plan.tokens[listener])).wire.heard = ears(listener)

    async def customer() -> tuple[bytes, Callable[[], None]]:
        async with turns:
            screen, welcome = await open_customer(plan.address)
        screen.wire.heard = _nothing
        return welcome["conversation"].encode(), lambda: screen.wire.say(b'{"type":"ask_for_human","client_id":"ask"}')

    await asyncio.gather(*(agent(listener) for listener in range(plan.listeners)))
    asking = await asyncio.gather(*(customer() for _ in range(plan.events)))
    events.update({conversation: number for number, (conversation, _) in enumerate(asking)})
    return [ask for _, ask in asking]


async def _at_socketio(plan: Crowd, hear: Hear) -> list[Callable[[], None]]:
    """Sockets in one room; each event is a broadcast to it that somebody outside asks for."""

    def ears(listener: int) -> Callable[[bytes], None]:
        def heard(payload: bytes) -> None:
            number = number_in(payload)
            if number is not None:
                hear(listener, number)

        return heard

    async def come(room: str) -> SocketIo:
        joined = asyncio.Event()
        line = SocketIo(lambda _: joined.set())
        await line.connect(plan.address)
        line.emit("join", [room])
        async with asyncio.timeout(30):
            await joined.wait()
        line.heard = None
        return line

    for listener in range(plan.listeners):
        (await come(_ROOM)).heard = ears(listener)
    teller = await come("elsewhere")

    def event(number: int) -> Callable[[], None]:
        return lambda: teller.emit("tell", _ROOM, words(number).ljust(_ROW_BYTES, "x"))

    return [event(number) for number in range(plan.events)]


def _nothing(payload: bytes) -> None:
    """They only wait."""


async def _serve(plan: Crowd) -> None:
    fan_out = FanOut(plan.listeners, plan.events)
    opened = _at_switchboard if plan.kind == "switchboard" else _at_socketio
    events = await opened(plan, fan_out.hear)
    gc.freeze()
    gc.disable()
    tell({"open": plan.listeners})
    at = 0
    async for run in asked():
        some = events[at : at + run["events"]]
        at += len(some)
        tell(asdict(await fan_out.run(some, rate=run["rate"], patience=run["patience"])))


if __name__ == "__main__":
    told = json.loads(sys.argv[1])
    uvloop.run(_serve(Crowd(**told | {"address": tuple(told["address"])})))
