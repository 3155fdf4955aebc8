"""What is known of a line beside its words: edits, reactions, its way to the customer, the files that came with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from handover.conversation import Conversation
from handover.entries import ConversationId, Entry
from handover.forgetting import Forgetting
from handover.outcomes import DeliveryState


@dataclass(frozen=True, slots=True)
class EntryMark:
    """A whole state; ``version`` rises with each change. ``reactions`` are pairs of who and emoji.

    ``delivery`` is that of a line of ours, with what the platform said (``note``) and what a person can do (``todo``).
    ``sent_at`` is the platform's time of a customer's line; ``late``: an older one that came after a newer.
    ``reply_to`` is the offset it answers. ``media`` are files as JSON objects.
    """

    conversation: ConversationId
    offset: int
    version: int = 0
    edited_at: datetime | None = None
    deleted_at: datetime | None = None
    reactions: tuple[tuple[str, str], ...] = ()
    delivery: DeliveryState | None = None
    note: str | None = None
    todo: str | None = None
    sent_at: datetime | None = None
    late: bool = False
    reply_to: int | None = None
    media: tuple[dict[str, Any], ...] = ()


class EntryMarks(Protocol):
    """Marks of lines. The conversation is locked by whoever writes."""

    async def get(self, conversation: ConversationId, offset: int) -> EntryMark:
        """One without anything when there is none."""
        ...

    async def put(self, mark: EntryMark) -> None: ...

    async def newest(self, conversation: ConversationId, limit: int) -> list[EntryMark]:
        """Of the newest lines that have any, in the order of the lines."""
        ...

    async def newest_sent_at(self, conversation: ConversationId) -> datetime | None:
        """The platform's time of the customer's newest line."""
        ...

    async def line(self, inbox: str, provider_message_id: str) -> tuple[ConversationId, int] | None:
        """The customer's line with this id of the platform's."""
        ...

    async def reword(self, entry: Entry) -> None:
        """Write an entry's text and html anew; its buttons and payload go when the text is empty."""
        ...

    async def forget(self, conversation: ConversationId, what: Forgetting) -> None:
        """Apply ``what`` to packets, decisions and drafts; after a deletion the dialogue's state goes too."""
        ...

    async def quiet_outside(self, since: datetime, only: ConversationId | None = None) -> list[Conversation]:
        """Conversations that somebody outside has had since then or longer, without a word of theirs after it."""
        ...
