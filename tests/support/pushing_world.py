"""A desk whose lines go to a scripted channel, for tests of the gate."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from handover.outbox import OutboxWorker
from handover.outbox_lines import Line, PartRow, Plan
from handover.outcomes import Outcome, SendResult
from tests.support.desk_world import World, open_world


class Killed(BaseException):
    """The process ends here: what it has written down stays, and nothing else."""


@dataclass
class ScriptedChannel:
    """Takes the steps it was given, one per send: None takes the part, a result is what came of it.

    ``sent`` has the parts that were taken, ``tried`` all. ``pieces`` splits a line.
    """

    steps: list[SendResult | BaseException | None] = field(default_factory=list)
    sent: list[tuple[str, str]] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)
    stopped: list[tuple[str, str]] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    pieces: Callable[[str], tuple[str, ...]] = lambda text: (text,)
    refused: SendResult | None = None
    dropped: str | None = None
    idempotent: bool = False
    held: asyncio.Event | None = None  # sends wait for it

    async def plan(self, line: Line) -> Plan:
        return Plan("ada", self.pieces(line.entry.text), refused=self.refused, dropped=self.dropped)

    async def pace(self, line: Line, plan: Plan) -> float:
        return self.waits.pop(0) if self.waits else 0.0

    async def send(self, line: Line, plan: Plan, part: PartRow, last: bool) -> SendResult:
        assert self.steps, f"nobody expected {part.text!r}"
        step = self.steps.pop(0)
        self.tried.append(part.key)
        if self.held is not None:
            await self.held.wait()
        if isinstance(step, BaseException):
            raise step
        if step is not None:
            return step
        self.sent.append((part.key, part.text))
        return SendResult(Outcome.SENT, f"id-{part.key}")

    async def stop(self, inbox: str, why: str) -> None:
        self.stopped.append((inbox, why))


def busy(after: float | None = None) -> SendResult:
    return SendResult(Outcome.RETRY if after is None else Outcome.RETRY_AFTER, retry_after=after, note="busy")


def final() -> SendResult:
    return SendResult(Outcome.FINAL_PERSON, note="no such number", todo="Write a letter.")


@dataclass
class Pushing:
    world: World
    channel: ScriptedChannel
    worker: OutboxWorker

    async def until_quiet(self) -> None:
        """Send until nothing is due."""
        while await self.worker.send_due():
            pass

    async def states(self) -> list[tuple[int, str, int]]:
        async with self.world.backends.records.reading() as tx:
            query = sa.text('SELECT "offset", state, tries FROM outbox ORDER BY id')
            return [tuple(row) for row in await tx.connection.execute(query)]


@asynccontextmanager
async def open_pushing(folder: Path) -> AsyncIterator[Pushing]:
    """Everything that was scripted must have been asked for at the end."""
    async with open_world(folder) as world:
        channel = ScriptedChannel()
        worker = OutboxWorker(
            world.backends.records, world.clock, {"telegram": channel}, world.policy.outbox, world.desk.channels
        )
        yield Pushing(world, channel, worker)
        assert channel.steps == []
        assert channel.waits == []
