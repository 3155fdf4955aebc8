"""What the desk remembers between two looks at those who wait: the recent past, and whether they were told already."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from handover.ports import Transaction
from handover.waits import Past, Wait, WaitEnd

# Past cases that a range is made from, and for how many seconds they are not asked for again.
LOOKED_BACK = 200
KEPT_FOR = 20.0


class Lately:
    """The past that ranges are made from; asked of the record once in a while, not for every customer."""

    def __init__(self) -> None:
        self._past = Past()
        self._until = float("-inf")

    async def past(self, tx: Transaction, monotonic: float) -> Past:
        if monotonic >= self._until:
            self._past = past_of(await tx.waits.ended(LOOKED_BACK), await tx.waits.released(LOOKED_BACK))
            self._until = monotonic + KEPT_FOR
        return self._past


def past_of(ended: Sequence[Wait], released: Sequence[Wait]) -> Past:
    """What waits that ended and conversations that were finished say about the next ones.

    What seems to have ended before it began, because a clock was set back in between, says nothing.
    """
    waited = [(wait, wait.seconds) for wait in ended if wait.seconds is not None and wait.seconds >= 0]
    at_once = [s for wait, s in waited if wait.how is WaitEnd.TAKEN and wait.place and wait.place <= wait.free]
    handled = [
        (wait.released_at - wait.ended_at).total_seconds()
        for wait in released
        if wait.released_at is not None and wait.ended_at is not None
    ]
    handling = [seconds for seconds in handled if seconds > 0]
    gave_up = sum(wait.how in (WaitEnd.GAVE_UP, WaitEnd.LEFT_MESSAGE) for wait, _ in waited)
    in_all = sum(seconds for _, seconds in waited)
    return Past(tuple(sorted(at_once)), tuple(sorted(handling)), gave_up / in_all if in_all else 0.0)


class Line:
    """Tells those in line that the queue moved; moves that come while somebody tells are told together."""

    def __init__(self) -> None:
        self._moves = 0
        self._told = 0
        self._turn = asyncio.Lock()

    async def tell(self, tell: Callable[[], Awaitable[None]]) -> None:
        """Returns when those in line know of every move up to this one."""
        self._moves += 1
        mine = self._moves
        async with self._turn:
            if self._told < mine:
                seen = self._moves
                await tell()
                self._told = seen
