"""The gate: the only code that calls a channel's send. It re-checks the epoch, retries, and settles each line once.

The web channel fetches by itself and has no rows here. A channel that gets a line twice (we died between its answer
and our note of it) sees the same ``key`` both times.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from handover.entries import AuthorKind, Entry
from handover.policy_settings import OutboxSettings
from handover.ports import Clock, Records
from handover.stored import ConversationRow, Delivery


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
    """Sends what is due. Any number of workers may run: a line is claimed before it is sent."""

    records: Records
    clock: Clock
    senders: Mapping[str, ChannelSender]
    settings: OutboxSettings

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

    async def _deliver(self, delivery: Delivery) -> None:
        claimed = await self._claim(delivery)
        if claimed is None:
            return
        entry, row = claimed
        sender = self.senders.get(delivery.inbox)
        if sender is None:
            await self._failed(delivery, SendFailed(f"No channel sends for inbox {delivery.inbox}."))
            return
        try:
            provider_id = await sender.send(entry, row, delivery.key)
        except SendFailed as error:
            await self._failed(delivery, error)
            return
        async with self.records.transaction() as tx:
            await tx.outbox.settle(delivery.id, "sent", self.clock.now(), provider_id)

    async def _claim(self, delivery: Delivery) -> tuple[Entry, ConversationRow] | None:
        """The line, if it is ours to send and still allowed; a bot's line of a control that is over is withdrawn."""
        now = self.clock.now()
        async with self.records.transaction() as tx:
            if not await tx.outbox.claim(delivery.id, now, now + timedelta(seconds=self.settings.lease_seconds)):
                return None
            row = await tx.conversations.get(delivery.conversation, lock=True)
            entry = (await tx.entries.after(delivery.conversation, delivery.offset - 1, 1))[0]
            if entry.author.kind is AuthorKind.BOT and delivery.gate_epoch != row.conversation.epoch:
                await tx.outbox.settle(delivery.id, "withdrawn", now, "control had moved on")
                return None
        return entry, row

    async def _failed(self, delivery: Delivery, error: SendFailed) -> None:
        tries = delivery.tries + 1
        now = self.clock.now()
        async with self.records.transaction() as tx:
            if error.final or tries >= self.settings.tries:
                await tx.outbox.settle(delivery.id, "failed", now, str(error))
                return
            pause = min(self.settings.first_pause_seconds * 2 ** (tries - 1), self.settings.longest_pause_seconds)
            wait = max(pause, error.retry_after or 0)
            await tx.outbox.retry(delivery.id, now + timedelta(seconds=wait), str(error))
