"""Customers' pages that come back: what each lacks is read for many of them at once, first come, first served.

When a process is lost, thousands of pages come to another one within a second. Read one by one, each is a transaction
with queries of its own, which cost more than all else; here whoever asks while others are being read is read with the
next. Who asks alone waits for nobody. While many wait to be read nobody else is let in: the first are served before
the last are greeted, and who was greeted is not kept waiting until it gives up and comes again.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from operator import itemgetter

from handover import screens
from handover.conversation import Control
from handover.desk_parts import DeskParts
from handover.desk_waits import view
from handover.entries import ConversationId, Entry
from handover.errors import NotFound, Unavailable
from handover.frames import ControlFrame
from handover.ports import Transaction
from handover.stored import ConversationRow
from handover.tail import PAGE

TOGETHER = 32  # pages read at once: more would let the first of them wait for the last
ROOM = 2 * TOGETHER  # pages that may wait to be read while others are let in
FEW = 16  # who lacks more lines than that is read for alone


@dataclass(frozen=True, slots=True)
class Page:
    """What a customer's open page shows, read at one moment. ``entries``: at most `PAGE` after the offset asked for."""

    stored: ConversationRow
    control: ControlFrame
    rated: tuple[int, ...]
    entries: Sequence[Entry]


@dataclass(slots=True)
class _Wish:
    """One page's question and where its answer goes."""

    conversation: ConversationId
    after: int
    page: asyncio.Future[Page]

    def lacks(self, rows: Mapping[ConversationId, ConversationRow]) -> int:
        """How many lines it has not."""
        return max(0, rows[self.conversation].conversation.last_offset - self.after)


class Comers:
    """Answers `page`. Its reader is a task only while somebody asks, or waits at the door."""

    def __init__(self, parts: DeskParts) -> None:
        self._parts = parts
        self._wishes: deque[_Wish] = deque()
        self._door: deque[asyncio.Future[None]] = deque()
        self._reader: asyncio.Task[None] | None = None

    async def let_in(self) -> None:
        """Wait for one's turn, before anything is done for a page that comes. At once, unless many wait to be read.

        Nobody inside can keep others out: who is let in and asks for nothing takes no room.
        """
        if self._door or len(self._wishes) > ROOM:
            turn = asyncio.get_running_loop().create_future()
            self._door.append(turn)
            await turn

    async def page(self, conversation: ConversationId, after: int) -> Page:
        """All that a page needs that comes back with the lines up to ``after``, as of a moment after this call.

        Raises NotFound.
        """
        wish = _Wish(conversation, after, asyncio.get_running_loop().create_future())
        self._wishes.append(wish)
        if self._reader is None:
            self._reader = asyncio.create_task(self._read())
        return await wish.page

    async def close(self) -> None:
        """Nobody of those who ask now is answered any more."""
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.wait([self._reader])
            self._reader = None
        for wish in self._wishes:
            wish.page.cancel()
        for turn in self._door:
            turn.cancel()
        self._wishes.clear()
        self._door.clear()

    async def _read(self) -> None:
        while self._wishes or self._door:
            some = list(islice(self._wishes, TOGETHER))
            await self._answer([wish for wish in some if not wish.page.done()])
            for _ in some:
                self._wishes.popleft()
            for _ in range(min(len(self._door), ROOM - len(self._wishes))):
                turn = self._door.popleft()
                if not turn.done():  # else it is gone
                    turn.set_result(None)
            if not self._wishes:
                await asyncio.sleep(0)  # those who were let in begin to ask
        self._reader = None

    async def _answer(self, some: Sequence[_Wish]) -> None:
        """Answer each; what fails for one of them fails for nobody else."""
        try:
            pages = await self._pages(some) if some else []
        except Exception as failure:
            if len(some) == 1 or isinstance(failure, Unavailable):
                for wish in some:
                    _settle(wish, failure)
            else:
                for wish in some:
                    await self._answer([wish])
        else:
            for wish, page in zip(some, pages, strict=True):
                _settle(wish, page or NotFound("There is no such conversation."))

    async def _pages(self, some: Sequence[_Wish]) -> list[Page | None]:
        """A page for each, or None where there is no such conversation; all in one transaction."""
        async with self._parts.records.reading() as tx:
            rows = {row.conversation.id: row for row in await tx.pages.rows({wish.conversation for wish in some})}
            rated = await _rated(tx, rows.values())
            controls = await self._controls(tx, rows.values())
            there = [wish for wish in some if wish.conversation in rows]
            lines = await _lines(tx, [(wish.conversation, wish.after, wish.lacks(rows)) for wish in there])
        pages = {
            (key, after): Page(rows[key], controls[key], tuple(rated[key]), entries)
            for (key, after), entries in lines.items()
        }
        return [pages.get((wish.conversation, wish.after)) for wish in some]

    async def _controls(self, tx: Transaction, rows: Collection[ConversationRow]) -> dict[ConversationId, ControlFrame]:
        """Who may speak in each; the desk is looked at once for all who wait for it."""
        desk = None
        found = {}
        for row in rows:
            now, waiting = row.conversation, None
            if now.control is Control.OFFERED and now.waiting_since is not None:
                desk = desk or await view(self._parts, tx, await self._parts.standings(tx))
                waiting = desk.waiting(now.waiting_since, await tx.offers.position(now.id))
            found[now.id] = screens.control_frame(row, waiting)
        return found


async def _rated(tx: Transaction, rows: Collection[ConversationRow]) -> dict[ConversationId, list[int]]:
    """The stretches rated, in order. A row tells whether there is any."""
    found: defaultdict[ConversationId, list[int]] = defaultdict(list)
    rated = {row.conversation.id for row in rows if row.rating is not None}
    for key, stretch in await tx.pages.rated(rated) if rated else ():
        found[key].append(stretch)
    return found


async def _lines(
    tx: Transaction, wishes: Sequence[tuple[ConversationId, int, int]]
) -> dict[tuple[ConversationId, int], list[Entry]]:
    """At most `PAGE` lines after an offset, by conversation and offset; the third of a wish is how many those are."""
    found: dict[tuple[ConversationId, int], list[Entry]] = {(key, after): [] for key, after, _ in wishes}
    few = {key: lacks for key, _, lacks in sorted(wishes, key=itemgetter(2)) if 0 < lacks <= FEW}
    newest = await tx.pages.newest(few, max(few.values())) if few else []
    by_conversation = defaultdict(list)
    for entry in newest:
        by_conversation[entry.conversation].append(entry)
    for key, after, lacks in wishes:
        if lacks > FEW:
            found[key, after] = await tx.entries.after(key, after, PAGE)
        elif lacks > 0:
            found[key, after] = [entry for entry in by_conversation[key] if entry.offset > after]
    return found


def _settle(wish: _Wish, found: Page | Exception) -> None:
    if wish.page.done():
        return  # whoever asked is gone
    if isinstance(found, Page):
        wish.page.set_result(found)
    else:
        wish.page.set_exception(found)
