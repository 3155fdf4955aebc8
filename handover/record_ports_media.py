"""What the record keeps of the files customers send: which are wanted, which are here, and their bytes.

A row is made with the entry that brought the file, fetched in the background (`bot.channels.media`), and goes for good
when the customer deletes the message.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from handover.entries import ConversationId


class MediaState(StrEnum):
    """The value is kept in the record and shown to agents."""

    WAITING = "waiting"  # still to be fetched
    HERE = "here"
    REFUSED = "refused"  # we do not take it: its kind, its size, where it lies, or the platform forbids it
    FAILED = "failed"  # it could not be fetched


class Attached(Protocol):
    """A file as a message brings it; `bot.channels.channel.Attachment` is one. ``keep`` False: never kept by us."""

    @property
    def kind(self) -> str: ...
    @property
    def url(self) -> str | None: ...
    @property
    def ref(self) -> str | None: ...
    @property
    def name(self) -> str | None: ...
    @property
    def media_type(self) -> str | None: ...
    @property
    def keep(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class StoredMedia:
    """One file of an entry. ``number`` counts from 0 within it; ``size`` is in bytes and 0 until the file is here.

    ``media_type`` is what the platform said until the file is here, then what its bytes say. ``why`` is for agents.
    ``url`` and ``ref`` tell where it is to be fetched, and are None once that is settled. ``inbox`` is the
    conversation's. ``attempts`` counts the claims so far.
    """

    id: str
    conversation: ConversationId
    offset: int
    number: int
    inbox: str
    kind: str
    state: MediaState
    name: str | None = None
    media_type: str | None = None
    size: int = 0
    why: str | None = None
    url: str | None = None
    ref: str | None = None
    attempts: int = 0

    def part(self) -> dict[str, object]:
        """What the marks of its entry and every screen hold of it, as JSON."""
        shown: dict[str, object] = {
            "id": self.id,
            "kind": self.kind,
            "name": self.name,
            "media_type": self.media_type,
            "size": self.size,
            "state": str(self.state),
        }
        return shown if self.why is None else {**shown, "why": self.why}


class Media(Protocol):
    """The group ``tx.media``."""

    async def add(
        self, conversation: ConversationId, offset: int, attachments: Sequence[Attached], at: datetime
    ) -> Sequence[StoredMedia]:
        """Want the files of the entry at ``offset``; returns its rows. The same entry again changes nothing.

        An attachment with neither ``url`` nor ``ref`` (a location) makes no row; one that may not be kept makes a
        row that is REFUSED from the start and never holds an address.
        """
        ...

    async def claim(self, now: datetime, lease_until: datetime, limit: int) -> Sequence[StoredMedia]:
        """Up to ``limit`` WAITING files that are due and that nobody else is fetching, oldest first."""
        ...

    async def again(self, media: str, attempts: int, due_at: datetime) -> bool:
        """Try later. False when the claim was lost: ``attempts`` is the one that `claim` gave."""
        ...

    async def settle(  # one file's end, whole
        self,
        media: str,
        attempts: int,
        state: MediaState,
        *,
        media_type: str | None = None,
        content: bytes | None = None,
        why: str | None = None,
    ) -> bool:
        """HERE with ``content``, or REFUSED or FAILED with ``why``; the address goes. False when the claim was lost."""
        ...

    async def of_entry(self, conversation: ConversationId, offset: int) -> Sequence[StoredMedia]:
        """The files of one entry, in their order."""
        ...

    async def untold(self, limit: int) -> Sequence[tuple[ConversationId, int]]:
        """Entries whose files changed since the desk was told of them with `told`, and new ones."""
        ...

    async def told(self, files: Sequence[StoredMedia]) -> None:
        """The desk knows these in the states that they have here."""
        ...

    async def get(self, media: str) -> tuple[StoredMedia, bytes | None]:
        """One file with its bytes, None while it is not HERE. Raises NotFound."""
        ...

    async def forget(self, conversation: ConversationId, offset: int) -> None:
        """The customer deleted the message: rows and bytes go, also of a file being fetched just now."""
        ...
