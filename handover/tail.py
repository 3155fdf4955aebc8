"""The end of one conversation's record as one socket sees it: each entry once, in order, none left out.

The live feed may lose or repeat anything. An entry that does not follow the last one sent makes the tail read
what is between from the record.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from handover.entries import ConversationId, Entry

# One page of the record; a long absence is caught up page by page.
PAGE = 200

Read = Callable[[ConversationId, int, int], Awaitable[Sequence[Entry]]]


class Tail:
    """Follows ``conversation`` from ``after``. ``send`` gets whole entries, ``send_text`` frames that are JSON."""

    def __init__(
        self,
        conversation: ConversationId,
        after: int,
        *,
        read: Read,
        send: Callable[[Entry], Awaitable[None]],
        send_text: Callable[[str], Awaitable[None]],
    ) -> None:
        self.conversation = conversation
        self._last = after
        self._read = read
        self._send = send
        self._send_text = send_text
        # The reader and the follower of a socket both may catch up: one at a time, or entries would come twice.
        self._turn = asyncio.Lock()

    @property
    def last(self) -> int:
        """The offset of the last entry sent."""
        return self._last

    async def catch_up(self, upto: int | None = None) -> None:
        """Send every entry after the last one sent; nothing to do when ``upto`` was sent already."""
        if upto is not None and upto <= self._last:
            return
        async with self._turn:
            await self._catch_up()

    async def take(self, page: Sequence[Entry]) -> None:
        """Send ``page``, at most `PAGE` entries read after the last one sent, and what follows a full one."""
        async with self._turn:
            for entry in page:
                if entry.offset > self._last:
                    await self._send(entry)
                    self._last = entry.offset
            if len(page) >= PAGE:
                await self._catch_up()

    async def again(self, after: int) -> None:
        """The reader has entries up to ``after`` only: send what follows anew. One that has more gets nothing twice."""
        async with self._turn:
            self._last = min(self._last, after)
            await self._catch_up()

    async def hear(self, offset: int, text: str) -> None:
        """An entry told by the live feed: sent as it is when it is the next one."""
        async with self._turn:
            if offset == self._last + 1:
                await self._send_text(text)
                self._last = offset
            elif offset > self._last:
                await self._catch_up()

    def hear_now(self, offset: int, text: str, send_now: Callable[[str], bool]) -> bool:
        """As `hear`, at once; False when it would have to wait, and then nothing was done."""
        if self._turn.locked() or offset > self._last + 1:
            return False
        if offset > self._last:
            if not send_now(text):
                return False
            self._last = offset
        return True

    async def _catch_up(self) -> None:
        while True:
            page = await self._read(self.conversation, self._last, PAGE)
            for entry in page:
                await self._send(entry)
                self._last = entry.offset
            if len(page) < PAGE:
                return
