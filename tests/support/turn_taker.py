"""Takes turns as a test says, and runs the places of turns over it on a clock set by hand."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from bot.bursts import BurstSettings
from bot.relay_settings import RelaySettings
from bot.turns import TurnOutcome, Turns
from handover.desk import TurnBrief
from handover.entries import ConversationId
from handover.policy_settings import load_policy
from tests.support.hand_clock import HandClock

HERE, THERE = ConversationId("here"), ConversationId("there")


SETTINGS = RelaySettings(policy=load_policy(), turns_at_once=2, turn_seconds=15, burst=BurstSettings())


Taking = Callable[["Taker", ConversationId], Awaitable[TurnOutcome | None]]


class Taker:
    """Takes turns as told; notes each as (conversation, even_if_newer, overloaded), and fails on two at once."""

    def __init__(self, taking: Taking | None = None) -> None:
        self.taken: list[tuple[ConversationId, bool, bool]] = []
        self._taking = taking
        self.newer = asyncio.Event()
        self.begun: list[TurnBrief | None] = []
        self.released: list[ConversationId] = []
        self._at_work: set[ConversationId] = set()

    async def take(
        self,
        conversation: ConversationId,
        *,
        newer: asyncio.Event,
        even_if_newer: bool,
        overloaded: bool = False,
        begun: TurnBrief | None = None,
    ) -> TurnOutcome | None:
        self.newer = newer
        self.begun.append(begun)
        assert conversation not in self._at_work, "two turns of one conversation at once"
        self._at_work.add(conversation)
        self.taken.append((conversation, even_if_newer, overloaded))
        try:
            return await self._taking(self, conversation) if self._taking else "committed"
        finally:
            self._at_work.discard(conversation)

    async def release(self, conversation: ConversationId) -> None:
        self.released.append(conversation)

    @property
    def names(self) -> list[ConversationId]:
        return [taken[0] for taken in self.taken]


async def breathe() -> None:
    """Let every task run until it waits for something."""
    for _ in range(30):
        await asyncio.sleep(0)


@asynccontextmanager
async def running(taker: Taker, clock: HandClock) -> AsyncIterator[Turns]:
    turns = Turns(taker, settings=SETTINGS, clock=clock)
    task = asyncio.create_task(turns.run())
    await breathe()
    try:
        yield turns
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        assert turns.at_work == 0
