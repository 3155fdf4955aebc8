"""A desk on a fresh record file, with a hand-moved clock and agents, for tests of the desk."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from handover.agents import Agent, AvailabilityState, Role
from handover.backends import Backends, open_backends
from handover.backends.records_sql.tables import agents
from handover.calendar import Calendars
from handover.conversation import Conversation
from handover.desk import CustomerMessage, Desk, open_desk
from handover.entries import AgentId, ConversationId, Entry
from handover.evidence import Decision, Evidence, Outcome, Reason, Reply, TurnReport
from handover.policy_settings import PolicySettings, load_policy
from handover.ports import Copilot
from tests.support.distributed import Database, back_again, new_database
from tests.support.hand_clock import HandClock
from tools.local_servers import PostgresServer

POLICY = load_policy()
ASKED = Decision(Outcome.HAND_OVER, Reason.ASKED, "The customer asked for a person.")
ANSWER = Decision(Outcome.ANSWER)

_migrated: list[Path] = []
_servers: list[RecordsOnPostgres] = []


@dataclass
class RecordsOnPostgres:
    """Empty, migrated databases on ``server``; migrations run once for it."""

    server: PostgresServer
    made: list[Database] = field(default_factory=list)

    async def fresh(self) -> Database:
        """One more. Those that nobody works on any more are dropped."""
        if not self.made:
            template = new_database(self.server)
            self.made.append(template)
            async with open_backends(template.url):
                pass
        self.made[1:] = [database for database in self.made[1:] if not database.dropped_if_left()]
        self.made.append(self.made[0].copy())
        return self.made[-1]


@contextmanager
def records_on(server: PostgresServer) -> Iterator[RecordsOnPostgres]:
    """Until the end of the block `open_world` makes its records on ``server``; then they are dropped."""
    records = RecordsOnPostgres(server)
    _servers.append(records)
    try:
        yield records
    finally:
        _servers.remove(records)
        back_again(server)
        for database in records.made:
            database.drop()


async def fresh_record(folder: Path) -> str:
    """The address of an empty, migrated record: in ``folder``, unless in a `records_on`. Migrations run once."""
    return (await _servers[-1].fresh()).url if _servers else await _empty_file(folder)


async def file_in(folder: Path) -> str:
    """The address of the record that is in ``folder`` already, or of an empty, migrated one."""
    kept = folder / "record.db"
    return f"sqlite+aiosqlite:///{kept}" if kept.exists() else await _empty_file(folder)


async def _empty_file(folder: Path) -> str:
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
async def two_replicas(
    url: str, clock: HandClock | None = None, *, redis_url: str | None = None
) -> AsyncIterator[tuple[World, World]]:
    """Two desks of two processes, as far as the record can tell, on the one at ``url``; they share a clock."""
    clock = clock or HandClock()
    async with (
        open_world(url=url, redis_url=redis_url, clock=clock) as one,
        open_world(url=url, redis_url=redis_url, clock=clock) as other,
    ):
        yield one, other


@asynccontextmanager
async def open_world(
    folder: Path | None = None,
    *,
    copilot: Copilot | None = None,
    url: str | None = None,
    redis_url: str | None = None,
    clock: HandClock | None = None,
    calendars: Calendars | None = None,
) -> AsyncIterator[World]:
    """A world on a fresh record in ``folder``, or on the one at ``url``, SQLite or PostgreSQL."""
    clock = clock or HandClock()
    if url is None:
        assert folder is not None
        url = await fresh_record(folder)
    async with open_backends(url, redis_url) as backends:
        desk = open_desk(backends, clock=clock, policy=POLICY, copilot=copilot, calendars=calendars)
        try:
            yield World(desk, backends, clock)
        finally:
            await desk.close()
