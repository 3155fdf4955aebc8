"""The ends of transactions whose change of the feed goes with their commit: one after the other, told in that order.

All changes of a desk take turns at the feed's row, from its update until the commit is on the disk. So the next one of
this process is sent as soon as the one before is answered, before that one is told of: the row is never free for long.
"""

from __future__ import annotations

import asyncio
from collections import deque

from handover.backends.records_sql.postgres_connection import PostgresConnection, Sent
from handover.backends.records_sql.transaction import SqlTransaction
from handover.ports import LiveFeed

# After so many, transactions that hold their turn for longer get theirs.
AT_ONCE = 20


class _Ending:
    def __init__(self, on: PostgresConnection, work: SqlTransaction, kept: asyncio.Future[None]) -> None:
        self.on = on
        self.work = work
        self.kept = kept
        self._sent: Sent | None = None
        self._failure: Exception | None = None

    def start(self) -> None:
        try:
            self._sent = self.on.start_commit()
        except Exception as error:
            self._failure = error

    async def answered(self) -> None:
        """Returns when it is known whether it was kept."""
        if self._sent is None:
            return
        await self._sent.batch.waited_for()
        try:
            self._sent.heard()
        except Exception as error:
            self._failure = error

    async def tell(self, live: LiveFeed) -> None:
        """Tell what was kept; whoever waits hears how it ended."""
        if self._failure is not None:
            self.kept.set_exception(self._failure)
            return
        try:
            for told in self.work.told:
                await live.publish(told)
        except Exception as error:
            self.kept.set_exception(error)
        else:
            self.kept.set_result(None)


class Endings:
    """``order`` is held by whoever changes the feed, until it has been told of; ``live`` is told."""

    def __init__(self, order: asyncio.Lock, live: LiveFeed) -> None:
        self._order = order
        self._live = live
        self._waiting: deque[_Ending] = deque()
        self._at_work: asyncio.Task[None] | None = None

    def add(self, on: PostgresConnection, work: SqlTransaction) -> asyncio.Future[None]:
        """Commit ``work`` in its turn. The future is done when it is on the disk and told, or says why it is not."""
        kept = asyncio.get_running_loop().create_future()
        self._waiting.append(_Ending(on, work, kept))
        if self._at_work is None or self._at_work.done():
            self._at_work = asyncio.create_task(self._work())
        return kept

    async def over(self) -> None:
        """Wait for those that were added."""
        if self._at_work is not None:
            await self._at_work

    async def _work(self) -> None:
        while self._waiting:
            async with self._order:
                await self._some(AT_ONCE)

    async def _some(self, most: int) -> None:
        before: _Ending | None = None
        while True:
            now = self._waiting.popleft() if self._waiting and most > 0 else None
            most -= 1
            if now is not None:
                now.start()
            if before is not None:
                await before.tell(self._live)
            if now is None:
                return
            await now.answered()
            before = now
