"""Named points at which a service process kills itself with -9, put in by wrapping the ports. Nothing in the product.

A plan is ``name:n``: die at the n-th time the point is passed. What happened is one line in a file, written before
the end, so that a run can count it.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import NoReturn

from bot.dialogue import Dialogue, TurnRequest, TurnResult
from handover.backends.records_sql.engine import SqlRecords
from handover.backends.records_sql.transaction import SqlTransaction
from handover.ports import Follower, LiveCounts, LiveFeed, Told

POINTS = (
    "before_transaction",
    "inside_transaction",
    "between_commit_and_publish",
    "in_the_middle_of_publishing",
    "after_transaction",
    "before_dialogue",
    "after_dialogue",
)
# Of a run whose lines are pushed to a channel (`tests.chaos.pushing`).
PUSH_POINTS = ("before_send", "between_send_and_settle")


@dataclass
class CrashPlan:
    """``at`` is "point:n", or nothing; ``note`` is the file that tells of it."""

    at: str | None
    note: str

    def __post_init__(self) -> None:
        name, _, count = (self.at or "").partition(":")
        self._name, self._left = name, int(count or 1)

    def passes(self, point: str) -> None:
        """Returns, or does not."""
        if point != self._name:
            return
        self._left -= 1
        if self._left <= 0:
            self._die(point)

    def _die(self, point: str) -> NoReturn:
        line = json.dumps({"t": time.time(), "point": point, "pid": os.getpid()}) + "\n"
        file = os.open(self.note, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        os.write(file, line.encode())
        os.kill(os.getpid(), signal.SIGKILL)
        raise SystemExit  # never reached


class CrashingFeed:
    """The live feed; the first thing told after a commit is where "between commit and publish" lies."""

    def __init__(self, live: LiveFeed, plan: CrashPlan) -> None:
        self._live = live
        self._plan = plan
        self.counts: LiveCounts = live.counts

    def state(self) -> str:
        return self._live.state()

    @property
    def healthy(self) -> bool:
        return self._live.healthy

    def tell_here(self, told: Told) -> None:
        self._live.tell_here(told)

    async def publish(self, told: Told) -> None:
        if told.kind == "entry":
            self._plan.passes("between_commit_and_publish")
        await self._live.publish(told)
        if told.kind == "entry":
            self._plan.passes("in_the_middle_of_publishing")

    def follow(self, *topics: str) -> AbstractAsyncContextManager[Follower]:
        return self._live.follow(*topics)


class CrashingRecords(SqlRecords):
    """The record's transactions with a crash before, inside and after them. Reads pass none of these points."""

    crash: CrashPlan

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[SqlTransaction]:
        self.crash.passes("before_transaction")
        async with super().transaction() as tx:
            yield tx
            self.crash.passes("inside_transaction")
        self.crash.passes("after_transaction")


class CrashingDialogue:
    """The dialogue with a crash before and after each call."""

    def __init__(self, dialogue: Dialogue, plan: CrashPlan) -> None:
        self._dialogue = dialogue
        self._plan = plan

    async def next_turn(self, request: TurnRequest) -> TurnResult:
        self._plan.passes("before_dialogue")
        try:
            return await self._dialogue.next_turn(request)
        finally:
            self._plan.passes("after_dialogue")

    async def ping(self) -> None:
        await self._dialogue.ping()
