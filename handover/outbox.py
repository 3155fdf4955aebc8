"""The gate: the only code that calls a channel's send. It re-checks the epoch, retries, and settles each line once.

The web channel fetches by itself and has no rows here. A channel that gets a line twice (we died between its answer
and our note of it) sees the same ``key`` both times. A line that cannot be delivered is a dead letter: it stays,
people see it with the reason, and may have it tried again (`handover.dead_letters`).
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from handover.entries import AuthorKind, Entry
from handover.policy_settings import OutboxSettings
from handover.ports import Clock, Records
from handover.stored import ConversationRow, Delivery

log = logging.getLogger(__name__)


class SendFailed(Exception):
    """A channel did not take a line. ``final`` says that trying again cannot help; ``retry_after`` is in seconds."""

    def __init__(self, message: str, *, final: bool = False, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.final = final
        self.retry_after = retry_after


class ChannelSender(Protocol):
    async def send(self, entry: Entry, row: ConversationRow, key: str) -> str | None:
        """Deliver one line; returns the provider's id for it if there is one. Raises SendFailed."""
        ...


@dataclass(frozen=True, slots=True)
class OutboxWorker:
    """Sends what is due. Any number of workers may run: a line is claimed before it is sent.

    ``chance`` gives numbers from 0 to 1: pauses are spread, so that lines that failed together do not come together.
    """

    records: Records
    clock: Clock
    senders: Mapping[str, ChannelSender]
    settings: OutboxSettings
    chance: Callable[[], float] = random.random

    async def run(self, *, idle_seconds: float = 0.2) -> None:
        """Until cancelled."""
        while True:
            if not await self.send_due():
                await self.clock.sleep(idle_seconds)

    async def send_due(self, limit: int = 50) -> int:
        """Try every line that is due, each conversation's in order; returns how many were tried or withdrawn."""
        async with self.records.reading() as tx:
            due = await tx.outbox.due(self.clock.now(), limit)
        for delivery in due:
            await self._deliver(delivery)
        return len(due)

    async def _deliver(self, due: Delivery) -> None:
        claimed = await self._claim(due)
        if claimed is None:
            return
        delivery, entry, row = claimed
        try:
            provider_id = await self._send(delivery, entry, row)
        except SendFailed as error:
            await self._failed(delivery, error)
            return
        async with self.records.transaction() as tx:
            await tx.outbox.settle(delivery.id, "sent", self.clock.now(), provider_id)

    async def _send(self, delivery: Delivery, entry: Entry, row: ConversationRow) -> str | None:
        """Raises SendFailed, also for a sender that is broken: one bad line must not stop all the others."""
        sender = self.senders.get(delivery.inbox)
        if sender is None:
            raise SendFailed(f"No channel sends for inbox {delivery.inbox}.")
        try:
            # Longer than its lease, and another worker would send the same line beside us.
            async with asyncio.timeout(self.settings.lease_seconds * 0.8):
                return await sender.send(entry, row, delivery.key)
        except SendFailed:
            raise
        except TimeoutError as slow:
            raise SendFailed("The channel gave no answer in time.") from slow
        except Exception as broken:
            log.exception("the sender of inbox %s broke on line %s", delivery.inbox, delivery.key)
            raise SendFailed(f"The channel's sender broke: {type(broken).__name__}.") from broken

    async def _claim(self, due: Delivery) -> tuple[Delivery, Entry, ConversationRow] | None:
        """The line, if it is ours to send and still allowed; a bot's line of a control that is over is withdrawn."""
        now = self.clock.now()
        async with self.records.transaction() as tx:
            # The conversation first, as every verb does: two that lock in different orders would block each other.
            row = await tx.conversations.get(due.conversation, lock=True)
            mine = await tx.outbox.claim(due.id, now, now + timedelta(seconds=self.settings.lease_seconds))
            if mine is None:
                return None
            if mine.poison >= self.settings.poison:
                note = f"The sender ended {mine.poison} times in the middle of this line."
                await tx.outbox.settle(mine.id, "failed", now, note)
                return None
            entry = (await tx.entries.after(mine.conversation, mine.offset - 1, 1))[0]
            if entry.author.kind is AuthorKind.BOT and mine.gate_epoch != row.conversation.epoch:
                await tx.outbox.settle(mine.id, "withdrawn", now, "control had moved on")
                return None
        return mine, entry, row

    async def _failed(self, delivery: Delivery, error: SendFailed) -> None:
        now = self.clock.now()
        async with self.records.transaction() as tx:
            if error.final or delivery.tries >= self.settings.tries:
                await tx.outbox.settle(delivery.id, "failed", now, str(error))
                return
            doubled = self.settings.first_pause_seconds * 2 ** (delivery.tries - 1)
            pause = min(doubled, self.settings.longest_pause_seconds) * (0.5 + self.chance() / 2)
            wait = max(pause, error.retry_after or 0)
            await tx.outbox.retry(delivery.id, now + timedelta(seconds=wait), str(error))
