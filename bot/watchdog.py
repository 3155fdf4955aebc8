"""Looks after turns from outside: those that missed their deadline, and customers whom no worker answers.

It reads the record and nothing of the turns' own tasks, so a turn that hangs, or a process that died, cannot
keep it from noticing. Its first look at start is the recovery after a crash. Each process has one, and they look at
slightly different times: of several that see the same, the record lets one act.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Protocol

import structlog

from bot.turns import Turns
from handover.conversation import Conversation
from handover.entries import ConversationId
from handover.ports import Clock, Lives

log = structlog.get_logger(__name__)


class Watched(Protocol):
    """What the watchdog reads: `handover.desk.DeskForBot` in the service."""

    async def overdue_turns(self) -> list[Conversation]: ...

    async def unanswered(self, *, older_than: float) -> list[ConversationId]: ...

    async def at_work(self) -> dict[str, list[ConversationId]]: ...

    async def release(self, conversation: ConversationId, owner: str) -> bool: ...


class Watchdog:
    """``every``: seconds between two looks; ``forgotten_after``: age of words that somebody should have answered.

    ``alone``: nobody else works on this record, so that at the start every unanswered word is forgotten, however young.
    ``spread`` gives 0 to 1: how much earlier than ``every`` the next look is, up to a quarter.
    """

    def __init__(
        self,
        desk: Watched,
        turns: Turns,
        *,
        lives: Lives,
        clock: Clock,
        every: float,
        forgotten_after: float,
        alone: bool = False,
        spread: Callable[[], float] = random.random,
    ) -> None:
        self._lives = lives
        self._spread = spread
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
            await self._clock.sleep(self._every * (1 - self._spread() / 4))

    async def look(self) -> None:
        """Offer what is overdue to people, and wake what was forgotten. Raises Unavailable."""
        for conversation in await self._desk.overdue_turns():
            log.warning("the bot stalled, people are asked", conversation=conversation.id)
            self._turns.abandon(conversation.id)
        await self._take_over()
        for forgotten in await self._desk.unanswered(older_than=self._age):
            self._turns.wake(forgotten)
        self._age = self._forgotten_after

    async def _take_over(self) -> None:
        """Turns of processes that have ended are nobody's: their customers are answered from here, at once."""
        work = await self._desk.at_work()
        others = work.keys() - {self._lives.owner}
        for owner in await self._lives.gone(others) if others else ():
            for conversation in work[owner]:
                if await self._desk.release(conversation, owner):
                    log.warning("a process is gone, its turn is taken again", conversation=conversation, owner=owner)
                    self._turns.wake(conversation)
