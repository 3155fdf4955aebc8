"""The group of queries about inboxes that a transaction offers. Secrets pass here only sealed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from handover.inboxes import Inbox


@dataclass(frozen=True, slots=True)
class KeptInbox:
    """An inbox as the record has it: ``inbox.secrets`` is empty, ``sealed`` is what a cipher made of them or None."""

    inbox: Inbox
    sealed: str | None = None


class Inboxes(Protocol):
    async def add(self, kept: KeptInbox, at: datetime) -> bool:
        """False when an enabled inbox of this channel answers as the same account already."""
        ...

    async def get(self, inbox: str, *, held: bool = False) -> KeptInbox:
        """Raises NotFound. A removed inbox is there too, not enabled and without secrets.

        ``held``: nobody else changes it before this transaction ends.
        """
        ...

    async def all(self) -> list[KeptInbox]:
        """Every inbox, the removed ones too, the oldest first."""
        ...

    async def by_channel(self, channel: str) -> list[KeptInbox]:
        """Those of one channel that are enabled, the oldest first."""
        ...

    async def change(self, kept: KeptInbox) -> bool:
        """Write name, account, settings, ``enabled`` and what is sealed; False as for `add`."""
        ...

    async def pause(self, inbox: str, why: str, at: datetime) -> bool:
        """False when it was paused already: the first reason stays."""
        ...

    async def resume(self, inbox: str) -> None: ...

    async def saw(
        self, inbox: str, *, handshake_at: datetime | None = None, webhook_at: datetime | None = None
    ) -> None:
        """Note when the platform last proved the address, and when it last wrote; neither goes back."""
        ...

    async def backlog(self) -> dict[str, dict[str, int]]:
        """How many lines are ``queued`` and how many ``failed`` and wait for people, by inbox and by that state."""
        ...
