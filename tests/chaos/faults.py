"""The faults of a run, each a function that does its harm, holds it for a while and heals it; all of them are counted.

``troubles`` are the times in which something was down or disturbed: the checker forgives lateness then, nothing else.
"""

from __future__ import annotations

import asyncio
import os
import random
import resource
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field, replace

from tests.chaos.keeper import Keeper
from tests.chaos.proxy import FaultProxy, Way
from tests.chaos.world import World
from tools.local_servers import LocalServer

Fault = Callable[[], Awaitable[None]]
_FILL_PIECE = 1 << 16
_REST = 4.0  # seconds after a severe fault in which there is no other
# Each of these takes most of the product away for seconds: one at a time, or a run would see nothing but outage.
SEVERE = frozenset({"pause service", "partition", "stop redis", "kill postgres", "restart postgres", "disk full"})


@dataclass
class Faults:
    """``do(kind)`` does one; ``kinds`` are those this world allows. ``pause``: seconds a lease holder is stopped."""

    world: World
    keeper: Keeper
    rng: random.Random
    pause: float = 8.0
    done: Counter[str] = field(default_factory=Counter)
    clock_moved: bool = False
    _busy: dict[str, asyncio.Lock] = field(default_factory=dict)

    @property
    def kinds(self) -> dict[str, Fault]:
        found: dict[str, Fault] = {
            "kill service": self.kill_service,
            "kill rasa": self.kill_rasa,
            "pause service": self.pause_service,
            "clock jump": self.clock_jump,
            "disk full": self.disk_full,
            "delay": self.delay,
            "stall": self.stall,
            "reset": self.reset,
            "refuse": self.refuse,
            "garbage": self.garbage,
            "cut": self.cut,
            "slow line": self.slow_line,
            "drop all customers": self.drop_all_customers,
        }
        if self.world.topology == "distributed":
            found |= {
                "kill redis": self.kill_redis,
                "flush redis": self.flush_redis,
                "stop redis": self.stop_redis,
                "kill postgres": self.kill_postgres,
                "restart postgres": self.restart_postgres,
                "partition": self.partition,
            }
            del found["disk full"]
        if self.world.real_rasa:
            found["kill actions"] = self.kill_actions
        return found

    async def do(self, kind: str) -> None:
        """One fault of this kind, from its beginning to its end."""
        severe: AbstractAsyncContextManager[None]
        severe = self._busy.setdefault("severe", asyncio.Lock()) if kind in SEVERE else nullcontext()
        async with severe:
            self.world.journal.note("faults", "begins", kind=kind)
            began = time.time()
            await self.kinds[kind]()
            self.done[kind] += 1
            self.keeper.troubles.append((began, time.time()))
            self.world.journal.note("faults", "ended", kind=kind)
            if kind in SEVERE:
                await asyncio.sleep(_REST)

    def choose(self, weights: dict[str, float]) -> str:
        """A kind by its weight; not one that would only wait for another to be over."""
        busy = "severe" in self._busy and self._busy["severe"].locked()
        kinds = [kind for kind in weights if not (busy and kind in SEVERE)] or list(weights)
        return self.rng.choices(kinds, [weights[kind] for kind in kinds])[0]

    async def kill_service(self) -> None:
        await self.keeper.kill(self.rng.choice(self.world.services))

    async def kill_rasa(self) -> None:
        await self.keeper.kill(self.world.dialogue[-1])

    async def kill_actions(self) -> None:
        await self.keeper.kill(self.world.dialogue[0])

    async def pause_service(self) -> None:
        """SIGSTOP of one that very likely holds leases; others may go on, and its own words come too late."""
        process = self.rng.choice(self.world.services)
        async with self.keeper.left_alone(process):
            if not process.alive:
                return
            process.pause()
            await asyncio.sleep(self.pause)
            process.go_on()

    async def clock_jump(self) -> None:
        """An hour to either side, and back."""
        self.clock_moved = True
        for shift in (self.rng.choice((3600, -3600)), 0):
            self.world.clock.write_text(str(shift))
            for process in self.world.services:
                if process.alive:
                    process.tell(signal.SIGUSR1)
            await asyncio.sleep(self.rng.uniform(2, 5))

    async def disk_full(self) -> None:
        """No room where the record is; without a disk of our own to fill, a limit on the size of files."""
        if self.world.record_folder is not None:
            await self._fill()
            return
        for process in self.world.services:
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (65_536, resource.RLIM_INFINITY))
        await asyncio.sleep(self.rng.uniform(1.5, 3))
        for process in self.world.services:
            if process.alive:
                resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    async def _fill(self) -> None:
        assert self.world.record_folder is not None
        filler = self.world.record_folder / f"filler-{self.rng.random()}"
        with filler.open("wb") as out:
            try:
                while True:
                    os.write(out.fileno(), b"x" * _FILL_PIECE)
            except OSError:
                self.world.journal.note("faults", "full", bytes=filler.stat().st_size)
        await asyncio.sleep(self.rng.uniform(1.5, 3))
        filler.unlink()

    def _hop(self) -> FaultProxy:
        return self.rng.choice([*self.world.fronts, *self.world.hops.values()])

    async def _for_a_while(self, there: Way, back: Way, least: float, most: float) -> None:
        """One hop behaves like this, for its open connections and new ones."""
        proxy = self._hop()
        self.world.journal.note("faults", "hop", name=proxy.name)
        proxy.plan = lambda _: (replace(there), replace(back))
        proxy.change_all(there, back)
        await asyncio.sleep(self.rng.uniform(least, most))
        proxy.calm_down()

    async def delay(self) -> None:
        way = Way(delay=0.03, jitter=0.2)
        await self._for_a_while(way, way, 1, 3)

    async def stall(self) -> None:
        """Nothing passes in one direction or both, and nobody is told."""
        there, back = self.rng.choice(((True, False), (False, True), (True, True)))
        await self._for_a_while(Way(stalled=there), Way(stalled=back), 1, 7)

    async def reset(self) -> None:
        self._hop().reset_all()

    async def drop_all_customers(self) -> None:
        for front in self.world.fronts:
            front.reset_all()

    async def refuse(self) -> None:
        proxy = self._hop()
        proxy.refuse = True
        proxy.reset_all()
        await asyncio.sleep(self.rng.uniform(0.5, 2))
        proxy.calm_down()

    async def garbage(self) -> None:
        way = Way(garbage_after=self.rng.randint(0, 400), garbage=self.rng.randint(1, 64))
        await self._for_a_while(way, replace(way), 0.5, 1)

    async def cut(self) -> None:
        """In the middle of whatever is said next."""
        proxy = self._hop()
        proxy.change_all(Way(cut_next=self.rng.random() < 0.5), Way(cut_next=True))
        await asyncio.sleep(0.5)
        proxy.calm_down()

    async def slow_line(self) -> None:
        way = Way(rate=self.rng.choice((3_000.0, 20_000.0)))
        await self._for_a_while(way, way, 1, 3)

    async def partition(self) -> None:
        """One replica without its stores, while the other one has them."""
        number = self.rng.randrange(len(self.world.services))
        names = [
            f"service{number}-{name}" for name in self.rng.choice((("postgres",), ("redis",), ("postgres", "redis")))
        ]
        for name in names:
            self.world.hops[name].change_all(Way(stalled=True), Way(stalled=True))
            self.world.hops[name].refuse = True
        await asyncio.sleep(self.rng.uniform(2, 6))
        for name in names:
            self.world.hops[name].reset_all()
            self.world.hops[name].calm_down()

    async def kill_redis(self) -> None:
        await self._again(self.world.servers["redis"], down=self.rng.uniform(0, 1), hard=True)

    async def stop_redis(self) -> None:
        """Stopped for some seconds, then there again and empty."""
        await self._again(self.world.servers["redis"], down=self.rng.uniform(2, 4), hard=False)

    async def flush_redis(self) -> None:
        async with self._busy.setdefault("redis", asyncio.Lock()):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.world.servers["redis"].port)
            writer.write(b"FLUSHALL\r\n")
            await reader.readline()
            writer.close()

    async def kill_postgres(self) -> None:
        await self._again(self.world.servers["postgres"], down=self.rng.uniform(0, 1), hard=True)

    async def restart_postgres(self) -> None:
        await self._again(self.world.servers["postgres"], down=self.rng.uniform(0, 1), hard=False)

    async def _again(self, server: LocalServer, *, down: float, hard: bool) -> None:
        name = type(server).__name__.removesuffix("Server").lower()
        async with self._busy.setdefault(name, asyncio.Lock()):
            await asyncio.to_thread(server.kill if hard else server.stop)
            if hard:
                self.keeper.kills[name] += 1
            await asyncio.sleep(down)
            await asyncio.to_thread(server.start)
