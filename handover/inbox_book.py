"""The inboxes as the rest of the service sees them: with their secrets opened, read from the record at most every 2 s.

Whatever this process changes it sees at once; other processes see it when what they have read is old.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import structlog

from handover.errors import BadInput, NotFound
from handover.inbox_cipher import Cipher
from handover.inboxes import Inbox
from handover.ports import Clock, Records
from handover.record_ports_inboxes import KeptInbox

# How old what was read may be, in seconds, and how often at most the same inbox's webhooks are noted.
FRESH_SECONDS = 2.0
NOTED_EVERY_SECONDS = 5.0

_log = structlog.get_logger(__name__)


class InboxBook:
    """Look-ups by id and by channel, and the few deeds that webhooks and sends do to an inbox."""

    def __init__(self, records: Records, clock: Clock, cipher: Cipher) -> None:
        self._records = records
        self._clock = clock
        self._cipher = cipher
        self._read: dict[str, Inbox] = {}
        self._until = float("-inf")
        self._noted: dict[str, float] = {}

    async def get(self, inbox: str) -> Inbox:
        """Raises NotFound. A removed one is found too: ``enabled`` is False and it has no secrets."""
        if (found := (await self._all()).get(inbox)) is None:
            raise NotFound("There is no such inbox.")
        return found

    async def of_channel(self, channel: str) -> Sequence[Inbox]:
        """The enabled inboxes of one channel, the oldest first; paused ones too."""
        return [inbox for inbox in (await self._all()).values() if inbox.channel == channel and inbox.enabled]

    async def all(self) -> Sequence[Inbox]:
        """Every inbox that was not removed, the oldest first."""
        return [inbox for inbox in (await self._all()).values() if inbox.enabled]

    async def any_ever(self) -> bool:
        """Whether there is an inbox of a channel, or was one: a removed one may still have lines and webhooks."""
        return bool(await self._all())

    async def pause(self, inbox: str, why: str) -> bool:
        """Nothing is sent from it until it is resumed. False when it was paused already: the first reason stays."""
        async with self._records.transaction() as tx:
            paused = await tx.inboxes.pause(inbox, why, self._clock.now())
        self.forget()
        if paused:
            _log.warning("inbox_paused", inbox=inbox, why=why)
        return paused

    async def resume(self, inbox: str) -> None:
        """Sending goes on, in order."""
        async with self._records.transaction() as tx:
            await tx.inboxes.resume(inbox)
        self.forget()

    async def saw_webhook(self, inbox: str) -> None:
        """A webhook that this inbox's secret vouches for has come; noted at most every few seconds."""
        moment = self._clock.monotonic()
        if moment - self._noted.get(inbox, float("-inf")) < NOTED_EVERY_SECONDS:
            return
        self._noted[inbox] = moment
        async with self._records.transaction() as tx:
            await tx.inboxes.saw(inbox, webhook_at=self._clock.now())

    async def saw_handshake(self, inbox: str) -> None:
        """The platform has asked whether the address is ours, and was answered."""
        async with self._records.transaction() as tx:
            await tx.inboxes.saw(inbox, handshake_at=self._clock.now())

    def forget(self) -> None:
        """Read the record at the next look-up."""
        self._until = float("-inf")

    async def _all(self) -> dict[str, Inbox]:
        if self._clock.monotonic() >= self._until:
            async with self._records.reading() as view:
                kept = await view.inboxes.all()
            self._read = {each.inbox.id: self._opened(each) for each in kept}
            self._until = self._clock.monotonic() + FRESH_SECONDS
        return self._read

    def _opened(self, kept: KeptInbox) -> Inbox:
        if kept.sealed is None:
            return kept.inbox
        try:
            return replace(kept.inbox, secrets=self._cipher.open(kept.inbox.id, kept.sealed))
        except BadInput as unreadable:
            # Without secrets nothing can be verified or sent: as good as paused, and it says why.
            why = f"Its secrets cannot be read. {unreadable.message}"
            return replace(kept.inbox, paused_at=kept.inbox.paused_at or self._clock.now(), paused_why=why)
