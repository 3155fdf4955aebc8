"""Looks after turns from outside: those that missed their deadline, and customers whom no worker answers.

It reads the record and nothing of the turns' own tasks, so a turn that hangs, or a process that died, cannot
keep it from noticing. Its first look at start is the recovery after a crash.
"""

from __future__ import annotations

import logging
from typing import Protocol

from bot.turns import Turns
from handover.conversation import Conversation
from handover.entries import ConversationId
from handover.ports import Clock

log = logging.getLogger(__name__)


class Watched(Protocol):
    """What the watchdog reads: `handover.desk.DeskForBot` in the service."""

    async def overdue_turns(self) -> list[Conversation]: ...

    async def unanswered(self, *, older_than: float) -> list[ConversationId]: ...


class Watchdog:
    """``every``: seconds between two looks; ``forgotten_after``: age of words that somebody should have answered.

    ``alone``: nobody else works on this record, so that at the start every unanswered word is forgotten, however young.
    """

    def __init__(
        self, desk: Watched, turns: Turns, *, clock: Clock, every: float, forgotten_after: float, alone: bool = False
    ) -> None:
        self._desk = desk
        self._turns = turns
        self._clock = clock
        self._every = every
        self._forgotten_after = forgotten_after
        self._age = 0.0 if alone else forgotten_after

    async def run(self) -> None:
        """Until it is cancelled; a look that fails is logged and the next one comes."""
        while True:
            try:
                await self.look()
            except Exception:
                log.exception("the watchdog could not look")
            await self._clock.sleep(self._every)

    async def look(self) -> None:
        """Offer what is overdue to people, and wake what was forgotten. Raises Unavailable."""
        for conversation in await self._desk.overdue_turns():
            log.warning("conversation %s: the bot stalled, people are asked", conversation.id)
            self._turns.abandon(conversation.id)
        for forgotten in await self._desk.unanswered(older_than=self._age):
            self._turns.wake(forgotten)
        self._age = self._forgotten_after
