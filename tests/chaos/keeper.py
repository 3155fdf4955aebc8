"""Starts processes again that have died, with a crash point for their next life, and counts how they died."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.chaos.crash_points import POINTS
from tests.chaos.journal import lines_of
from tests.chaos.processes import Process
from tests.chaos.world import World

# At which passage of a point a life ends, at most: transactions and publishings are many, calls of the dialogue few.
_PASSAGES = {
    "before_transaction": 30, "inside_transaction": 30, "after_transaction": 30, "between_commit_and_publish": 8,
    "in_the_middle_of_publishing": 8, "before_send": 10, "between_send_and_settle": 10,
}  # fmt: skip


@dataclass
class Keeper:
    """``crash_share``: the share of a service's lives that get a crash point. ``kills`` counts SIGKILLs by process."""

    world: World
    rng: random.Random
    crash_share: float = 0.5
    points: tuple[str, ...] = POINTS
    kills: Counter[str] = field(default_factory=Counter)
    troubles: list[tuple[float, float]] = field(default_factory=list)
    on: bool = True
    _alone: set[str] = field(default_factory=set)

    async def keep(self) -> None:
        """Until it is cancelled: whoever is found dead is started again."""
        async with asyncio.TaskGroup() as group:
            for process in self.world.processes:
                group.create_task(self._keep(process))

    async def _keep(self, process: Process) -> None:
        while True:
            await asyncio.sleep(0.02)
            if process.alive or process.name in self._alone:
                continue
            died = time.time()
            settings = self._next_life(process)
            self.world.journal.note("keeper", "down", process=process.name, crash=settings.get("CHAOS_CRASH"))
            process.begin(**settings)
            if await process.ready():
                self.world.journal.note("keeper", "up", process=process.name)
            self.troubles.append((died, time.time()))

    def _next_life(self, process: Process) -> dict[str, str]:
        if not self.on or process not in self.world.services or self.rng.random() > self.crash_share:
            return {}
        point = self.rng.choice(self.points)
        return {"CHAOS_CRASH": f"{point}:{self.rng.randint(1, _PASSAGES.get(point, 3))}"}

    async def kill(self, process: Process) -> None:
        """SIGKILL, wherever it is just now."""
        if await asyncio.to_thread(process.kill):
            self.kills[process.name.rstrip("0123456789")] += 1

    @asynccontextmanager
    async def left_alone(self, process: Process) -> AsyncIterator[None]:
        """Nobody starts ``process`` meanwhile."""
        self._alone.add(process.name)
        try:
            yield
        finally:
            self._alone.discard(process.name)

    def crashes(self) -> Counter[str]:
        """How often a service killed itself at which point."""
        return Counter(str(line["point"]) for line in lines_of(self.world.notes))

    async def calm(self) -> None:
        """No more crash points; everything that has one begins a life without. Returns when all is up."""
        self.on = False
        for process in self.world.services:
            await asyncio.to_thread(process.kill)
        for process in self.world.processes:
            for _ in range(1_200):
                if process.alive and await process.ready():
                    break
                await asyncio.sleep(0.05)
