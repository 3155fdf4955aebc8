"""The way out beside the way in: a platform whose answers a test scripts, over a real desk and record."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from bot.channels.channel import Answer, Call, Unanswered
from bot.channels.reports import DeliveryReports
from bot.channels.sending import SendersByChannel, SendParts, paused_in
from bot.tracing import Traces
from handover.conversation import Conversation
from handover.limits import LocalLimits
from handover.meters import Meters
from handover.outbox import OutboxWorker
from handover.policy_settings import load_policy
from tests.support.channel_world import ChannelWorld, a_channel_world
from tests.support.relay_world import ANN
from tests.support.scripted_channel import ScriptedChannel, a_message, webhook

NOON = "2026-01-05T09:00:01+00:00"  # a second after the world's clock begins


@dataclass
class ScriptedCalls:
    """Answers calls in the order of the script; without one every send is taken under an id of its own."""

    script: list[Answer | Unanswered] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)

    async def call(self, call: Call) -> Answer | Unanswered:
        self.calls.append(call)
        return self.script.pop(0) if self.script else taken(f"out-{len(self.calls)}")

    @property
    def keys(self) -> list[str]:
        """What each send was called by us."""
        return [str(call.json["key"]) for call in self.calls if call.json is not None and "key" in call.json]

    @property
    def texts(self) -> list[str]:
        return [str(call.json["text"]) for call in self.calls if call.json is not None and "text" in call.json]


def taken(id: str | None) -> Answer:
    return Answer(200, {}, {"id": id})


def refused(status: int, **body: Any) -> Answer:
    return Answer(status, {}, body)


@dataclass
class Sending:
    """``worker`` has nothing running: a test takes its steps."""

    here: ChannelWorld
    calls: ScriptedCalls
    worker: OutboxWorker
    reports: DeliveryReports
    meters: Meters

    async def until_quiet(self) -> None:
        while await self.worker.send_due():
            pass

    async def conversation(self, person: str = "p1") -> Conversation:
        who = await self.here.person(person)
        assert who.customer is not None
        async with self.here.backends.records.reading() as tx:
            row = await tx.conversations.open_one(who.inbox, who.customer)
        assert row is not None
        return row.conversation

    async def ann_says(self, text: str = "A line of ours.", person: str = "p1") -> int:
        """A line that a person at the desk says; returns its offset."""
        world, now = self.here.world, await self.conversation(person)
        if now.agent != ANN.id:
            now = await world.desk.agents.take(ANN, now.id, now.epoch)
        entry = await world.desk.agents.say(ANN, now.id, f"say-{now.last_offset}", text, now.last_offset)
        return entry.offset


@asynccontextmanager
async def a_sending_world(
    folder: Path, channel: ScriptedChannel | None = None, traces: Traces | None = None, **ability: Any
) -> AsyncIterator[Sending]:
    """Bo (``p1``) has said hello on ``channel``, or on one that can do ``ability``; nothing was sent yet."""
    channel = channel or ScriptedChannel(**ability)
    async with a_channel_world(folder, channel=channel) as here:
        calls, channels = ScriptedCalls(), {channel.name: channel}
        clock = here.world.clock
        parts = SendParts(
            here.backends.records, here.book, calls, clock, LocalLimits(), clock.monotonic, traces or Traces()
        )
        meters = Meters()
        worker = OutboxWorker(
            here.backends.records, clock, SendersByChannel(channels, parts), load_policy().outbox,
            here.world.desk.channels, partial(paused_in, here.book), meters=meters,
        )  # fmt: skip
        reports = DeliveryReports(here.backends.records, clock, channels, here.book)
        await here.post(webhook(a_message("hello", NOON, name="Bo Li", reply_due=False)))
        await here.settle(3)
        yield Sending(here, calls, worker, reports, meters)
        assert calls.script == []
