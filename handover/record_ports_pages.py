"""The queries behind many customers' pages at once; see `handover.comers`. Portable: no SQL shows through."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from handover.entries import ConversationId, Entry
from handover.stored import ConversationRow


class Pages(Protocol):
    """Each is one query, however many conversations are named. One that is not there is left out."""

    async def rows(self, conversations: Collection[ConversationId]) -> list[ConversationRow]: ...

    async def newest(self, conversations: Collection[ConversationId], count: int) -> list[Entry]:
        """Of each conversation the lines of its last ``count`` offsets, in the order of their offsets."""
        ...

    async def rated(self, conversations: Collection[ConversationId]) -> list[tuple[ConversationId, int]]:
        """Conversation and stretch of each rating, in the order of the stretches."""
        ...
