"""The order of an SQLite record's writers: a lock that passes through many hands in one round of the event loop.

A transaction's statements wait for nothing, so that most holders give it back before anything else runs. `asyncio.Lock`
wakes the next in line then, who runs a round of the loop later: one transaction a round, however short they are. On a
busy loop a round takes many milliseconds, and words between people stood behind everybody's for as many rounds.
"""

from __future__ import annotations

import asyncio
from collections import deque

# So many of those in line are woken together, for one round.
_TOGETHER = 16


class Order:
    """Who comes first has it first: ``async with order``. One task at a time holds it."""

    def __init__(self) -> None:
        self._held = False
        self._line: deque[_Waiting] = deque()

    async def __aenter__(self) -> None:
        if self._held or self._line:
            await self._in_line()
        self._held = True

    async def __aexit__(self, *_: object) -> None:
        self._held = False
        self._wake()

    async def _in_line(self) -> None:
        """Returns when the order is this task's to take, in the same step."""
        mine = _Waiting()
        self._line.append(mine)
        try:
            while self._held or self._line[0] is not mine:
                mine.woken = asyncio.get_running_loop().create_future()
                await mine.woken
        except BaseException:
            self._line.remove(mine)
            if not self._held:
                self._wake()
            raise
        self._line.popleft()

    def _wake(self) -> None:
        """The order is free. If the first in line knows, so do all who were woken with it: each finds it free again."""
        if not self._line or self._line[0].knows:
            return
        for number, waiting in enumerate(self._line):
            if number == _TOGETHER:
                return
            if waiting.woken is not None and not waiting.woken.done():
                waiting.woken.set_result(None)


class _Waiting:
    """One in line; ``woken`` is what it waits for."""

    __slots__ = ("woken",)

    def __init__(self) -> None:
        self.woken: asyncio.Future[None] | None = None

    @property
    def knows(self) -> bool:
        """Whether it was woken and has not run yet."""
        return self.woken is not None and self.woken.done()
