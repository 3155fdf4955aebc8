"""A relay over a real desk and record, with a clock that a test moves: one customer, one agent, one conversation."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bot.relay import Relay
from bot.relay_settings import RelaySettings
from bot.repeats import LexicalRepeats
from handover.agents import Agent
from handover.backends import Backends, open_backends
from handover.backends.records_sql import tables
from handover.conversation import Conversation
from handover.desk import CustomerMessage, Desk, Recorded, open_desk
from handover.entries import AgentId, AuthorKind, ConversationId, Entry
from handover.policy_settings import load_policy
from handover.ports import Lives
from tests.support.desk_world import fresh_record
from tests.support.hand_clock import HandClock
from tests.support.scripted_dialogue import ScriptedDialogue

SECRET = b"a secret of the tests, long enough"
ANN = Agent(AgentId("ann"), "ann@example.com", "Ann", "agent", "online", 4)
_ROW = {name: sorted(value) if isinstance(value, frozenset) else value for name, value in asdict(ANN).items()} | {
    "password_hash": "none",
    "created_at": datetime(2026, 1, 5, tzinfo=UTC),
}


@dataclass
class World:
    desk: Desk
    relay: Relay
    dialogue: ScriptedDialogue
    clock: HandClock
    here: ConversationId
    _ids: Callable[[], int] = field(default_factory=lambda: itertools.count(1).__next__)

    async def says(self, text: str, *, payload: str | None = None, client_id: str | None = None) -> Recorded:
        said = CustomerMessage(text, client_id or f"m{self._ids()}", payload=payload)
        return await self.relay.customer_says(self.here, said)

    async def now(self) -> Conversation:
        return await self.desk.reading.conversation(self.here)

    async def entries(self) -> list[Entry]:
        return list(await self.desk.reading.entries(self.here))

    async def bot_says(self) -> list[str]:
        """What the bot said so far, oldest first."""
        return [entry.text for entry in await self.entries() if entry.author.kind is AuthorKind.BOT]

    async def until(self, true: Callable[[], Awaitable[bool]]) -> None:
        """Wait for something that is on its way; the test's own time limit is the only one."""
        while True:
            if await true():
                return
            await asyncio.sleep(0.002)

    async def until_bot_said(self, count: int) -> list[str]:
        async def enough() -> bool:
            return len(await self.bot_says()) >= count

        await self.until(enough)
        return await self.bot_says()

    async def until_control(self, control: str) -> None:
        async def there() -> bool:
            return (await self.now()).control == control

        await self.until(there)

    async def until_done(self) -> None:
        """Until no conversation has a turn at work."""

        async def idle() -> bool:
            return self.relay.at_work == 0

        await self.until(idle)

    async def until_heard(self, count: int) -> None:
        async def enough() -> bool:
            return len(self.dialogue.heard) >= count

        await self.until(enough)


@asynccontextmanager
async def backends_in(folder: Path) -> AsyncIterator[Backends]:
    async with open_backends(await fresh_record(folder)) as backends:
        async with backends.records.engine.begin() as connection:
            await connection.execute(tables.agents.insert().values(**_ROW))
        yield backends


@asynccontextmanager
async def a_world(
    backends: Backends,
    dialogue: ScriptedDialogue,
    *,
    settings: RelaySettings | None = None,
    lives: Lives | None = None,
) -> AsyncIterator[World]:
    """A running relay; the dialogue's script must be over at the end."""
    clock, policy = HandClock(), load_policy()
    desk = open_desk(backends, clock=clock, policy=policy)
    relay = Relay(
        desk,
        dialogue,
        settings=settings or RelaySettings(policy=policy),
        clock=clock,
        repeats=LexicalRepeats(),
        secret=SECRET,
        lives=lives,
    )
    customer = await desk.customers.new_customer(name="Bo")
    conversation = await desk.customers.start("web", customer.id)
    task = asyncio.create_task(relay.run())
    try:
        with dialogue:
            yield World(desk, relay, dialogue, clock, conversation.id)
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
