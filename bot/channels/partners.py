"""What the way in needs of its neighbours: the book of inboxes, the desk's verbs for channels, and what was sent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Protocol

from bot.channels.channel import Event
from handover.entries import ConversationId, Entry
from handover.inboxes import Inbox


class InboxBook(Protocol):
    """`handover.inbox_book.InboxBook` in the service."""

    async def get(self, inbox: str) -> Inbox:
        """Raises NotFound."""
        ...

    async def of_channel(self, channel: str) -> Sequence[Inbox]: ...

    async def saw_webhook(self, inbox: str) -> None: ...

    async def saw_handshake(self, inbox: str) -> None: ...


class Marks(Protocol):
    """`handover.desk_for_channels.DeskForChannels` in the service. Each may come twice."""

    async def edited(self, inbox: str, message: str, text: str, at: datetime) -> None:
        """Raises NotFound while the message is not there; so do the next two."""
        ...

    async def deleted(self, inbox: str, message: str, at: datetime) -> None: ...

    async def reacted(self, inbox: str, message: str, who: str, emoji: str | None) -> None: ...

    async def note(self, conversation: ConversationId, text: str, key: str | None = None) -> None: ...

    async def spoke_outside(
        self, conversation: ConversationId, text: str, message: str | None, app: str
    ) -> Entry | None: ...

    async def belongs_outside(self, conversation: ConversationId, app: str) -> None: ...

    async def returns(self, conversation: ConversationId) -> None: ...


class Reports(Protocol):
    """What was sent, and what platforms say became of it: `handover`'s outbox and its parts in the service."""

    async def echo(self, inbox: str, event: Event) -> Literal["ours", "wait", "foreign"]:
        """Whose words an echo repeats. "wait": something of ours is under way, ask again."""
        ...

    async def heard(self, inbox: str, person: str, event: Event) -> None:
        """A DELIVERY, READ or STATUS event."""
        ...
