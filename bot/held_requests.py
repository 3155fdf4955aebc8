"""Requests of the action server that are held while a reply is written: answered at once when its turn is over."""

from __future__ import annotations

import asyncio

from fastapi import Request

from bot.deadlines import let_go
from handover.desk import Desk
from handover.entries import TurnId
from handover.errors import Fenced, Moving

# Below the minute after which proxies give up on a request that is silent, and longer than a usual turn may last.
HELD_SECONDS = 25.0


class HeldRequests:
    """Holds one request for each turn that streams; ``end`` lets all of them go, for the service stops."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._ended = asyncio.Event()

    def end(self) -> None:
        """Whoever is held is sent away, and whoever comes."""
        self._ended.set()

    async def hold(self, turn: TurnId, epoch: int, request: Request) -> None:
        """Raises Fenced the moment the turn may no longer speak, and Moving when the service stops.

        Returns after `HELD_SECONDS` when it still may: ask again; and when nobody listens any more.
        """
        over = asyncio.ensure_future(self._desk.bot.until_silent(turn, epoch))
        ends = [self._ended.wait(), self._desk.clock.sleep(HELD_SECONDS), _hung_up(request)]
        waits = [asyncio.ensure_future(end) for end in ends]
        try:
            await asyncio.wait([over, *waits], return_when=asyncio.FIRST_COMPLETED)
            if over.done():
                over.result()
                raise Fenced("This turn may not speak any more.")
            if self._ended.is_set():
                raise Moving("This service stops.", retry_after=1)
        finally:
            await let_go(over, *waits)


async def _hung_up(request: Request) -> None:
    """Returns when whoever asked has gone; a request held for a turn has no body."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
