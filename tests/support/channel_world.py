"""The way in over a real desk, relay and record, with a scripted platform and a clock that a test moves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import httpx2
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from bot.channels.applying import Applying, ApplyParts, Words
from bot.channels.arrivals import Arrivals
from bot.channels.channel import Attachment, Event
from bot.channels.gate import Gate, GateSettings
from bot.channels.gate_meters import GateMeters
from bot.channels.intake import Intake, IntakeSettings
from bot.channels.people_here import PeopleHere
from bot.http_errors import install
from handover.backends import Backends
from handover.entries import ConversationId, Entry
from handover.limits import Buckets, LocalLimit
from handover.meters import Meters
from handover.ports import Records
from handover.record_ports_intake import Identity, KeptAside
from tests.support.relay_world import SECRET, World, a_world, backends_in
from tests.support.scripted_channel import SIGNATURE, ScriptedBook, ScriptedChannel, an_inbox, signature
from tests.support.scripted_dialogue import ScriptedDialogue

GREETING = "I am an automated assistant."
MAX_BODY = 3 * 1024 * 1024


@dataclass
class ScriptedReports:
    """What was sent, as a test says: ``answers`` to echoes by the platform's id; else they are foreign."""

    answers: dict[str, list[Literal["ours", "wait", "foreign"]]] = field(default_factory=dict)
    told: list[tuple[str, str, Event]] = field(default_factory=list)

    async def echo(self, inbox: str, event: Event) -> Literal["ours", "wait", "foreign"]:
        given = self.answers.get(event.id or "", [])
        return given.pop(0) if given else "foreign"

    async def heard(self, inbox: str, person: str, event: Event) -> None:
        self.told.append((inbox, person, event))


@dataclass
class ScriptedFiles:
    asked: list[tuple[ConversationId, int, tuple[Attachment, ...]]] = field(default_factory=list)

    async def wanted(self, conversation: ConversationId, offset: int, files: tuple[Attachment, ...]) -> None:
        if (conversation, offset, files) not in self.asked:
            self.asked.append((conversation, offset, files))


@dataclass
class ChannelWorld:
    """``channel`` is the only platform, unless a test adds one; ``inbox`` its first inbox."""

    world: World
    backends: Backends
    channel: ScriptedChannel
    book: ScriptedBook
    reports: ScriptedReports
    files: ScriptedFiles
    intake: Intake
    http: httpx2.AsyncClient
    meters: GateMeters

    @property
    def inbox(self) -> Any:
        return self.book.inboxes[0]

    async def post(self, body: bytes, *, to: str | None = None, sign: str | None = None) -> httpx2.Response:
        """A webhook, signed by the first inbox unless ``sign`` says otherwise; ``to`` is the inbox in its address."""
        key = self.inbox.id.partition(".")[2] if to is None else to
        path = f"/webhooks/{self.channel.name}" + (f"/{key}" if key else "")
        headers = {SIGNATURE: signature(self.inbox, body) if sign is None else sign}
        return await self.http.post(path, content=body, headers=headers)

    async def settle(self, rounds: int = 12) -> None:
        """Read and apply everything that is due, and what becomes due in the next seconds."""
        for _ in range(rounds):
            while await self.intake.read_some():
                pass
            while await self.intake.apply_some():
                pass
            self.world.clock.advance(1.0)
            await asyncio.sleep(0)

    async def person(self, name: str = "p1", inbox: str | None = None) -> Identity:
        async with self.backends.records.reading() as tx:
            found = await tx.intake.identity(inbox or self.inbox.id, name)
        assert found is not None
        return found

    async def entries(self, name: str = "p1", inbox: str | None = None) -> list[Entry]:
        """The person's conversation."""
        who = await self.person(name, inbox)
        assert who.customer is not None
        async with self.backends.records.reading() as tx:
            row = await tx.conversations.open_one(who.inbox, who.customer)
        assert row is not None
        return await self.world.desk.reading.entries(row.conversation.id)

    async def asides(self) -> list[KeptAside]:
        async with self.backends.records.reading() as tx:
            return [*await tx.intake.kept_aside(before=None, limit=100), *await tx.intake.bodies_aside(100)]


def an_intake(
    world: World,
    backends: Backends,
    channel: ScriptedChannel,
    book: ScriptedBook,
    *,
    records: Records | None = None,
    relay: Words | None = None,
    reports: ScriptedReports | None = None,
    files: ScriptedFiles | None = None,
    meters: GateMeters | None = None,
) -> Intake:
    """An intake on ``records``, which may fail on demand; everything else is the world's."""
    records = records or backends.records
    channels = {channel.name: channel}
    parts = ApplyParts(
        records=records,
        desk=world.desk,
        relay=relay or world.relay,
        marks=world.desk.channels,
        reports=reports or ScriptedReports(),
        files=files or ScriptedFiles(),
        people=PeopleHere(records, world.desk, channels, GREETING),
        channels=channels,
        secret=SECRET,
    )
    return Intake(
        records,
        channels,
        book,
        Applying(parts),
        settings=IntakeSettings(),
        clock=world.clock,
        meters=meters or GateMeters(CollectorRegistry()),
    )


@asynccontextmanager
async def a_channel_world(
    folder: Path, dialogue: ScriptedDialogue | None = None, *, channel: ScriptedChannel | None = None
) -> AsyncIterator[ChannelWorld]:
    """A gate over ASGI, an intake whose steps a test takes, and a relay that runs."""
    channel = channel or ScriptedChannel()
    book = ScriptedBook([an_inbox(f"{channel.name}.aaaa0001")])
    async with backends_in(folder) as backends, a_world(backends, dialogue or _echoing()) as world:
        reports, files, meters = ScriptedReports(), ScriptedFiles(), GateMeters(CollectorRegistry())
        intake = an_intake(world, backends, channel, book, reports=reports, files=files, meters=meters)
        arrivals = Arrivals(backends.records)
        now = world.clock.monotonic
        gate = Gate(
            {channel.name: channel}, book, arrivals,
            settings=GateSettings("https://help.example", MAX_BODY), clock=world.clock, meters=meters,
            handshakes=LocalLimit(Buckets(now, per_second=1, burst=10)),
            all_handshakes=LocalLimit(Buckets(now, per_second=5, burst=20)),
        )  # fmt: skip
        app = FastAPI()
        install(app, meters=Meters(), max_body=65_536)
        app.include_router(gate.routes())
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://gate.example") as http:
            yield ChannelWorld(world, backends, channel, book, reports, files, intake, http, meters)
        await arrivals.close()


def _echoing() -> ScriptedDialogue:
    return ScriptedDialogue(otherwise=lambda request: f"You said: {request.text}")


def second_inbox(world: ChannelWorld, *, account: str = "acc-2", secret: str = "secret two") -> Any:
    """One more inbox of the same channel."""
    made = replace(an_inbox(f"{world.channel.name}.bbbb0002", account, secret))
    world.book.inboxes.append(made)
    return made
