"""A model's summary for a packet, in the background: the offer never waits for it, and a failure only leaves it out."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import structlog

from handover import screens
from handover.ports import Copilot, Records
from handover.stored import Offer

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Summaries:
    """Owns its tasks; ``close`` ends them. Without a copilot it does nothing."""

    records: Records
    copilot: Copilot | None
    seconds: float
    look_back: int
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def begin(self, offer: Offer) -> None:
        """Ask for a summary of ``offer``'s conversation; returns at once."""
        if self.copilot is None:
            return
        task = asyncio.create_task(self._fetch(self.copilot, offer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def settled(self) -> None:
        """Wait for the summaries under way."""
        await asyncio.gather(*self._tasks)

    async def close(self) -> None:
        """Give up what is under way."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _fetch(self, copilot: Copilot, offer: Offer) -> None:
        try:
            async with asyncio.timeout(self.seconds):
                async with self.records.reading() as tx:
                    entries = await tx.entries.before(offer.conversation, 2**31 - 1, self.look_back)
                summary = await copilot.summarise(offer.packet, entries)
                if summary:
                    await self._keep(offer, summary)
        except Exception:
            # Whatever a model does wrong, the packet made by rules stands.
            _log.exception("no summary for the packet", conversation=offer.conversation)

    async def _keep(self, offer: Offer, summary: str) -> None:
        async with self.records.transaction() as tx:
            latest = await tx.offers.latest(offer.conversation)
            if latest is None or latest.id != offer.id:
                return
            packet = {**latest.packet, "summary": summary}
            await tx.offers.set_packet(offer.id, packet)
            frame = screens.packet_of(offer.conversation, offer.epoch, packet)
            tx.after_commit(screens.told(screens.desk_topic(offer.conversation), frame))
