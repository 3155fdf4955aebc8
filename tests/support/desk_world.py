"""A desk on a fresh record file, with a hand-moved clock and agents, for tests of the desk."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from handover.agents import Agent, AvailabilityState, Role
from handover.backends import Backends, open_backends
from handover.backends.records_sql.tables import agents
from handover.conversation import Conversation
from handover.desk import CustomerMessage, Desk, open_desk
from handover.entries import AgentId, ConversationId, Entry
from handover.evidence import Decision, Evidence, Outcome, Reason, Reply, TurnReport
from handover.policy_settings import PolicySettings, load_policy
from handover.ports import Copilot
from tests.support.hand_clock import HandClock

POLICY = load_policy()
ASKED = Decision(Outcome.HAND_OVER, Reason.ASKED, "The customer asked for a person.")
ANSWER = Decision(Outcome.ANSWER)

_migrated: list[Path] = []


async def fresh_record(folder: Path) -> str:
    """The address of an empty, migrated record in ``folder``; migrations run once a test run."""
    if not _migrated:
        template = Path(tempfile.mkdtemp(prefix="switchboard-")) / "record.db"
        async with open_backends(f"sqlite+aiosqlite:///{template}"):
            pass
        _migrated.append(template)
    target = folder / "record.db"
    shutil.copy(_migrated[0], target)
    return f"sqlite+aiosqlite:///{target}"


@dataclass
class World:
    """What a test of the desk works with."""

    desk: Desk
    backends: Backends
    clock: HandClock
    count: int = 0
    policy: PolicySettings = field(default=POLICY)

    async def agent(
        self,
        name: str,
        *,
        state: AvailabilityState = "online",
        here: bool = True,
        capacity: int = 8,
        role: Role = "agent",
    ) -> Agent:
        """Somebody who works here."""
        person = Agent(AgentId(name.lower()), f"{name.lower()}@example.com", name, role, state, capacity)
        values = {
            "id": person.id,
            "email": person.email,
            "name": name,
            "password_hash": "-",
            "role": role,
            "availability": state,
            "capacity": capacity,
            "created_at": datetime(2026, 1, 1, tzinfo=UTC),
        }
        async with self.backends.records.transaction() as tx:
            await tx.connection.execute(agents.insert(), values)
        if here:
            await self.desk.agents.reachable(person.id, True)
        return person

    async def conversation(self, *words: str, inbox: str = "web") -> Conversation:
        """A new customer's conversation, with the given first words."""
        customer = await self.desk.customers.new_customer(name="Ann Lee")
        started = await self.desk.customers.start(inbox, customer.id, greeting="I am an automated assistant.")
        for text in words:
            await self.says(started.id, text)
        return await self.desk.reading.conversation(started.id)

    async def says(self, conversation: ConversationId, text: str) -> Entry:
        """The customer writes."""
        self.count += 1
        said = CustomerMessage(text, f"c{self.count}")
        return (await self.desk.customers.record_customer_message(conversation, said)).entry

    async def bot_turn(
        self,
        conversation: ConversationId,
        text: str | None = "An answer.",
        decision: Decision = ANSWER,
        evidence: Evidence | None = None,
        slots: dict[str, str] | None = None,
    ) -> str:
        """A whole turn of the bot; returns how it ended."""
        brief = await self.desk.bot.begin_turn(conversation, owner="test", seconds=15)
        assert brief is not None
        report = TurnReport(evidence or Evidence(text=brief.text), slots=slots or {})
        reply = None if text is None else Reply(text)
        return (await self.desk.bot.record_turn(brief, reply, decision, report)).outcome

    async def offered(self, *words: str) -> Conversation:
        """A conversation that waits for a person."""
        started = await self.conversation(*(words or ("I want a person",)))
        await self.bot_turn(started.id, "Of course.", ASKED)
        return await self.desk.reading.conversation(started.id)

    async def texts(self, conversation: ConversationId) -> list[str]:
        return [e.text for e in await self.desk.reading.entries(conversation)]


@asynccontextmanager
async def open_world(
    folder: Path, *, copilot: Copilot | None = None, pushes: Collection[str] = (), url: str | None = None
) -> AsyncIterator[World]:
    """A world in ``folder``; with ``url`` on a record that exists."""
    clock = HandClock()
    async with open_backends(url or await fresh_record(folder)) as backends:
        desk = open_desk(backends, clock=clock, policy=POLICY, copilot=copilot, pushes=pushes)
        try:
            yield World(desk, backends, clock)
        finally:
            await desk.close()
