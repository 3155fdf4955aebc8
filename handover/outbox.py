"""The gate: the only code that has a channel send. It claims lines, several at once, each conversation's in order.

The web fetches by itself and has no rows here. How one line goes out in its parts is in `handover.outbox_sending`. A
line that cannot be delivered is a dead letter: it stays, people see it with the reason, and may have it sent again
(`handover.dead_letters`).
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

import structlog

from handover.entries import ConversationId
from handover.errors import NotFound, SwitchboardError, Unavailable
from handover.meters import Meters
from handover.outbox_lines import Line, Senders
from handover.outbox_sending import LineSending, may_go
from handover.outcomes import DeliveryState
from handover.policy_settings import OutboxSettings
from handover.ports import Clock, Records
from handover.stored import Delivery

log = structlog.get_logger(__name__)

# Lines that are being sent at one moment, in all and of one inbox: a platform that hangs must not hold up the others.
_AT_ONCE, _AT_ONCE_OF_ONE = 40, 10
# What is under way when we are to stop has so many seconds to end well: cut off, it would be of unknown outcome.
_LAST_SECONDS = 3.0
_NO_RECORD_SECONDS = 1.0


class Told(Protocol):
    """Who is told how far lines have come; `DeskForChannels` in the service. The same twice changes nothing."""

    async def delivery(
        self, conversation: ConversationId, offset: int, state: DeliveryState, note: str = "", todo: str = ""
    ) -> object:
        """Raises NotFound when there is no such line."""
        ...


async def nothing_paused() -> Collection[str]:
    """For a service whose inboxes cannot be paused."""
    return ()


@dataclass(frozen=True, slots=True)
class OutboxWorker:
    """Sends what is due. Any number of workers may run: a line is claimed before it is sent.

    ``paused`` names the inboxes from which nothing is sent now. ``chance`` gives numbers from 0 to 1: pauses are
    spread, so that lines that failed together do not come together.
    """

    records: Records
    clock: Clock
    senders: Senders
    settings: OutboxSettings
    told: Told | None = None
    paused: Callable[[], Awaitable[Collection[str]]] = nothing_paused
    chance: Callable[[], float] = random.random
    meters: Meters | None = None

    async def run(self, *, idle_seconds: float = 0.2) -> None:
        """Until cancelled. What is cut off in the middle of a send is of unknown outcome, and is taken up as that."""
        under_way: dict[asyncio.Task[None], Delivery] = {}
        try:
            while True:
                try:
                    busy = await self._begin(under_way) + await self.tell()
                except Unavailable:
                    log.exception("the record cannot be asked what is to be sent; what is under way goes on")
                    await self.clock.sleep(_NO_RECORD_SECONDS)
                    continue
                if not busy:
                    await self.clock.sleep(idle_seconds)
        finally:
            if under_way:
                await asyncio.wait(under_way, timeout=_LAST_SECONDS)
            for task in under_way:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)

    async def _begin(self, under_way: dict[asyncio.Task[None], Delivery]) -> int:
        """Start what is due and has room; returns how many lines that were."""
        for task in [task for task in under_way if task.done()]:
            line = under_way.pop(task)
            if (why := task.exception()) is not None:
                log.error("line_not_worked_on", conversation=line.conversation, offset=line.offset, exc_info=why)
        busy = Counter(line.inbox for line in under_way.values())
        room = _AT_ONCE - len(under_way)
        if room <= 0:
            return 0
        full = {inbox for inbox, lines in busy.items() if lines >= _AT_ONCE_OF_ONE}
        working = {line.id for line in under_way.values()}
        begun = 0
        for due in await self._due(room, full):
            if due.id in working or busy[due.inbox] >= _AT_ONCE_OF_ONE:
                continue
            busy[due.inbox] += 1
            under_way[asyncio.create_task(self._deliver(due))] = due
            begun += 1
        return begun

    async def send_due(self, limit: int = 50) -> int:
        """Try every line that is due, each conversation's in order; returns how many were tried or withdrawn."""
        due = await self._due(limit, ())
        for delivery in due:
            await self._deliver(delivery)
        await self.tell()
        return len(due)

    async def tell(self, limit: int = 100) -> int:
        """Say how far lines have come, as far as nobody was told yet; returns of how many."""
        if self.told is None:
            return 0
        async with self.records.reading() as tx:
            lines = await tx.parts.untold(limit)
        for line in lines:
            try:
                await self.told.delivery(line.conversation, line.offset, line.delivery, line.note, line.todo)
            except NotFound:
                log.warning("nobody_told_of_line", conversation=line.conversation, offset=line.offset)
            except SwitchboardError:
                log.exception("telling_of_line_put_off", conversation=line.conversation, offset=line.offset)
                continue
            async with self.records.transaction() as tx:
                await tx.parts.told(line)
        return len(lines)

    async def _due(self, limit: int, full: Collection[str]) -> list[Delivery]:
        without = {*full, *await self.paused()}
        async with self.records.reading() as tx:
            return list(await tx.outbox.due(self.clock.now(), limit, without=without))

    async def _deliver(self, due: Delivery) -> None:
        sender = self.senders.get(due.inbox)
        if sender is None:
            await self._nobody_sends(due)
            return
        line = await self._claim(due)
        if line is not None:
            sending = LineSending(self.records, self.clock, self.settings, self.chance, line, sender, self.meters)
            await sending.deliver()

    async def _nobody_sends(self, due: Delivery) -> None:
        """An inbox of a channel that is not here loses nothing: its lines wait."""
        now = self.clock.now()
        later = now + timedelta(seconds=self.settings.longest_pause_seconds)
        async with self.records.transaction() as tx:
            if await tx.outbox.claim(due.id, now, later) is not None:
                await tx.outbox.retry(due.id, later, f"No channel sends for inbox {due.inbox}.")

    async def _claim(self, due: Delivery) -> Line | None:
        """The line, if it is ours to send and still allowed; a bot's line of a control that is over is withdrawn."""
        now = self.clock.now()
        async with self.records.transaction() as tx:
            # The conversation first, as every verb does: two that lock in different orders would block each other.
            row = await tx.conversations.get(due.conversation, lock=True)
            mine = await tx.outbox.claim(due.id, now, now + timedelta(seconds=self.settings.lease_seconds))
            if mine is None:
                return None
            if mine.poison >= self.settings.poison:
                note = f"Sending this line went wrong {mine.poison} times on our side."
                await tx.outbox.settle(mine.id, "failed", now, note)
                await tx.parts.came(
                    mine.id, DeliveryState.FAILED, note, "Send it again; tell the developers if it fails."
                )
                return None
            entry = (await tx.entries.after(mine.conversation, mine.offset - 1, 1))[0]
            if not may_go(entry, mine, row):
                await tx.outbox.settle(mine.id, "withdrawn", now, "control had moved on")
                return None
        return Line(mine, entry, row)
