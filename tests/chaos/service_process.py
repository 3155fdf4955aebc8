"""One service process of a chaos run: the product as it is, with crash points, a movable clock and, if asked, a bug.

Everything is put in through `create_app(settings, backends=…, dialogue=…, clock=…)`. The settings come from the
environment as in production; beside them CHAOS_CRASH, CHAOS_NOTE, CHAOS_BUG, CHAOS_CLOCK
and CHAOS_PUSH.
"""

from __future__ import annotations

import asyncio
import faulthandler
import os
import random
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from types import FrameType

from bot.app import create_app
from bot.channels.web import INBOX
from bot.kept_running import keep_running
from bot.rasa_http import RasaHttp
from bot.server import server
from bot.settings import Settings, read_settings
from handover.accounts import Passwords
from handover.backends import Backends, open_backends
from handover.backends.records_sql.transaction import SqlTransaction
from handover.clock import SystemClock
from handover.meters import Meters
from handover.outbox import OutboxWorker
from handover.policy_settings import load_policy
from tests.chaos.crash_points import CrashingDialogue, CrashingFeed, CrashingRecords, CrashPlan
from tests.chaos.pushing import PushingChannel, pushes
from tests.chaos.seeded_bugs import Tamper, tamper


class MovableClock(SystemClock):
    """The system's clock, moved by the seconds that stand in ``file``; SIGUSR1 says that they have changed."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._shift = timedelta(0)
        self.look()

    def look(self, number: int = 0, frame: FrameType | None = None) -> None:
        if self._file is not None and self._file.exists():
            self._shift = timedelta(seconds=float(self._file.read_text() or "0"))

    def now(self) -> datetime:
        return super().now() + self._shift


class Records(CrashingRecords):
    """Transactions that may crash, and that a bug may have got into."""

    tampers: tuple[Tamper, ...]

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[SqlTransaction]:
        async with super().transaction() as tx:
            for change in self.tampers:
                change(tx)
            yield tx

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[SqlTransaction]:
        async with super().reading() as tx:
            for change in self.tampers:
                change(tx)
            yield tx

    @asynccontextmanager
    async def glance(self) -> AsyncIterator[SqlTransaction]:
        async with super().glance() as tx:
            for change in self.tampers:
                change(tx)
            yield tx


def wrapped(backends: Backends, plan: CrashPlan, *tampers: Tamper) -> Backends:
    """``backends`` with the crash points of ``plan`` in record and feed, and ``tampers`` in every transaction."""
    feed = CrashingFeed(backends.live, plan)
    records = Records(backends.records.engine, feed)
    records.crash, records.tampers = plan, tampers
    return replace(backends, records=records, live=feed)


async def _serve(settings: Settings, clock: MovableClock) -> None:
    env = os.environ
    plan = CrashPlan(env.get("CHAOS_CRASH") or None, env.get("CHAOS_NOTE", os.devnull))
    token = settings.rasa_token.get_secret_value() if settings.rasa_token else None
    async with (
        open_backends(settings.database_url, settings.redis_url) as backends,
        RasaHttp(settings.rasa_url, token=token, at_once=True, now=clock.now) as rasa,
        _pushing(backends, plan, settings, clock) as push,
    ):
        app = create_app(
            settings,
            backends=wrapped(backends, plan, tamper(env.get("CHAOS_BUG") or None), *push),
            dialogue=CrashingDialogue(rasa, plan),
            clock=clock,
            passwords=Passwords(memory_kib=64),
        )
        await server(settings, app).serve()


@asynccontextmanager
async def _pushing(
    backends: Backends, plan: CrashPlan, settings: Settings, clock: MovableClock
) -> AsyncIterator[tuple[Tamper, ...]]:
    """With CHAOS_PUSH, a file: lines are pushed to a channel that writes them there, by a worker of its own."""
    file = os.environ.get("CHAOS_PUSH")
    if not file:
        yield ()
        return
    channel = PushingChannel(Path(file), plan, random.Random(os.getpid()))
    policy = load_policy(settings.policy_file).outbox
    worker = OutboxWorker(backends.records, clock, {INBOX: channel}, policy)
    running = asyncio.create_task(keep_running("pushing", worker.run, clock=clock, meters=Meters()))
    yield (pushes,)
    running.cancel()


def main() -> None:
    """Runs until it is stopped or killed."""
    file = os.environ.get("CHAOS_CLOCK")
    clock = MovableClock(Path(file) if file else None)
    signal.signal(signal.SIGUSR1, clock.look)
    faulthandler.register(signal.SIGUSR2)  # where is it, when it does not answer
    asyncio.run(_serve(read_settings(_env_file=None), clock))


if __name__ == "__main__":
    main()
