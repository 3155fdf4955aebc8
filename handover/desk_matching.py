"""Runs the matcher over the record: who rings is written down, and exactly those who begin or cease to ring are told.

Every event that matters asks for a pass: an offer made or gone, a slot freed, somebody come or gone, a skill given. In
one process one pass runs at a time, and whoever asks meanwhile shares the next one. Several processes may run passes at
once: each offer is written only if it is still what was read, so the second writer does nothing and looks again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from operator import attrgetter

from handover import screens
from handover.desk_parts import DeskParts
from handover.desk_waits import line_moved
from handover.matcher import Standing, desk_open, match
from handover.ports import Transaction
from handover.stored import Offer
from handover.wanted import Queue, Wanted

_log = logging.getLogger(__name__)
# Offers written in one transaction, and how often a pass looks again when another process was quicker.
_BATCH = 50
_LOOKS = 3
# From how many waiting conversations on the rule runs beside the event loop.
_MANY = 1_000
_ID = attrgetter("id")


# How everybody stood, the newest change of a conversation, and the open offers with all their changes.
_Seen = tuple[list[Standing], int, tuple[int, int]]


class Matching:
    """Implements `handover.desk_parts.Matches`."""

    def __init__(self) -> None:
        self._one_at_a_time = asyncio.Lock()
        self._asked = self._answered = 0
        self._known: _Seen | None = None
        self._open = False
        self._queue = Queue({})  # as it was at the last pass: what has not changed is not read again
        self._parts: DeskParts

    def serve(self, parts: DeskParts) -> None:
        """The desk whose record it works on; said once, before anything else."""
        self._parts = parts

    async def run(self) -> None:
        """A pass over everything that waits, begun after this call. What goes wrong is left to the next tick."""
        self._asked += 1
        mine = self._asked
        async with self._one_at_a_time:
            if self._answered >= mine:
                return
            upto = self._asked
            try:
                await self._pass()
            except Exception:
                # What asked for this pass is in the record already and must not be refused for it.
                self._known = None
                _log.exception("the matcher could not finish a pass; the next tick runs it again")
            self._answered = upto

    async def look(self) -> None:
        """A pass when agents, connections, conversations or offers are not what they were at the last one.

        Who changed them asked for a pass, but may have been cut off before it: a socket closed, a process killed. An
        offer that is declined changes nothing but itself.
        """
        async with self._parts.records.reading() as tx:
            standings = await self._parts.standings(tx)
            present = (standings, await tx.conversations.feed(), await tx.offers.stirred())
        if present != self._known:
            await self.run()

    async def _pass(self) -> None:
        parts = self._parts
        for _ in range(_LOOKS):
            async with parts.records.reading() as tx:
                # Standings first: what is read later can only have been changed by somebody who asks again.
                standings = await parts.standings(tx)
                feed, queue = await tx.conversations.feed(), await tx.offers.queue(self._queue)
            self._queue = queue
            changed = sorted(await _matched(queue.offers, standings, parts), key=_ID)
            if await self._write(changed, _before(changed, queue)):
                # Each of what was written is one version further now.
                count, versions = queue.stirred
                self._known = standings, feed, (count, versions + len(changed))
                break
        if desk_open(standings) != self._open:
            self._open = not self._open
            await line_moved(parts)

    async def _write(self, changed: Sequence[Wanted], before: dict[str, Wanted]) -> bool:
        """Write what changed and tell the agents. False when an offer was no longer what it was."""
        all_written = True
        for start in range(0, len(changed), _BATCH):
            async with self._parts.records.transaction() as tx:
                # In the order of their ids, like every process: two batches never wait for each other.
                written = [offer for offer in changed[start : start + _BATCH] if await tx.offers.move(offer)]
                all_written = all_written and len(written) == len(changed[start : start + _BATCH])
                for offer in await tx.offers.these([offer.id for offer in written]):
                    _tell(tx, offer, before[offer.id])
        return all_written


def _before(changed: Sequence[Wanted], queue: Queue) -> dict[str, Wanted]:
    """What ``changed`` were, by their ids."""
    ids = {offer.id for offer in changed}
    return {offer.id: offer for offer in queue.offers if offer.id in ids} if ids else {}


async def _matched(waiting: Sequence[Wanted], standings: Sequence[Standing], parts: DeskParts) -> list[Wanted]:
    if len(waiting) <= _MANY:
        return match(waiting, standings, parts.policy.rules, parts.clock.now())
    # A long queue takes a hundredth of a second, and some that change take more: meanwhile the sockets go on.
    return await asyncio.to_thread(match, waiting, standings, parts.policy.rules, parts.clock.now())


def _tell(tx: Transaction, offer: Offer, before: Wanted) -> None:
    """Those it begins to ring at, those who see another lease or stage, and those it has ceased to ring at."""
    frame = screens.offer_frame(offer)
    anew = (offer.stage, offer.expires_at) != (before.stage, before.expires_at)
    for agent in offer.ringing:
        if anew or agent not in before.ringing:
            tx.after_commit(screens.told(screens.agent_topic(agent), frame))
    gone = screens.offer_gone(offer.conversation, None, offer.feed)
    for agent in before.ringing:
        if agent not in offer.ringing:
            tx.after_commit(screens.told(screens.agent_topic(agent), gone))
