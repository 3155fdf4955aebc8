"""The intake: reads kept webhooks into events, and applies each person's events in the platform's order.

Both steps may be cut off anywhere and are then repeated: an event's key makes it one event, and the record's own keys
make its effect one effect. One worker in all processes works on a person at a time.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from bot.channels.applying import Applying, CannotApply, TryLater
from bot.channels.channel import Channel, EventKind
from bot.channels.event_json import from_data
from bot.channels.gate_meters import GateMeters
from bot.channels.partners import InboxBook
from bot.channels.sorting import heard_in
from bot.deadlines import let_go
from handover.errors import BadInput, Busy, NotFound, SwitchboardError, Unavailable
from handover.inboxes import Inbox, channel_of
from handover.ports import Clock, Records
from handover.record_ports_intake import NO_TARGET, Arrival, Heard

log = structlog.get_logger(__name__)

_ARRIVALS_AT_ONCE = 50
_PEOPLE_AT_ONCE = 16
_EVENTS_AT_ONCE = 200
_LEASE = timedelta(seconds=30)
_LEASE_LEFT = timedelta(seconds=10)  # with less left, the rest is for the next round
_NAP_SECONDS = 0.2
_MOST_TRIES = 5
_RETRY_SECONDS = (1.0, 2.0, 4.0, 8.0, 16.0)
_WAIT_SECONDS = (2.0, 4.0, 8.0, 16.0, 30.0)
_LONGEST_WAIT = timedelta(minutes=10)  # for a message that something speaks of: platforms repeat at once, then later
# While words wait, what their writer says next waits, too; nothing waits for the rest.
_IN_ORDER = frozenset({EventKind.MESSAGE, EventKind.POSTBACK, EventKind.STANDBY})
_RANK = {EventKind.EDIT: 1, EventKind.REACTION: 2, EventKind.DELETE: 3}
_COUNTED = re.compile(r"(?:.*:)?(\d{1,18})")


@dataclass(frozen=True, slots=True)
class IntakeSettings:
    """``hold_seconds``: how long an event waits for earlier ones."""

    hold_seconds: float = 1.0


class Intake:
    """One per process. ``heard`` is set when this process has kept a webhook; those of others are found by looking."""

    def __init__(
        self,
        records: Records,
        channels: Mapping[str, Channel],
        book: InboxBook,
        applying: Applying,
        *,
        settings: IntakeSettings,
        clock: Clock,
        meters: GateMeters,
        heard: asyncio.Event | None = None,
        alone: bool = False,
    ) -> None:
        self._records = records
        self._channels = channels
        self._book = book
        self._applying = applying
        self._settings = settings
        self._clock = clock
        self._meters = meters
        self._heard = heard or asyncio.Event()
        self._alone = alone

    async def run(self) -> None:
        """Until it is cancelled. Raises what nobody foresaw; `bot.kept_running` begins it again."""
        if self._alone:  # whatever an earlier process claimed is free: it has ended
            async with self._records.transaction() as tx:
                await tx.intake.release_all()
            self._alone = False
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keep_reading())
            group.create_task(self._keep_applying())

    async def _keep_reading(self) -> None:
        while True:
            self._heard.clear()
            if await self.read_some() == 0:
                await self._nap()

    async def _keep_applying(self) -> None:
        while True:
            if await self.apply_some() == 0:
                await self._clock.sleep(_NAP_SECONDS)

    async def _nap(self) -> None:
        told, alarm = asyncio.ensure_future(self._heard.wait()), asyncio.ensure_future(self._clock.sleep(_NAP_SECONDS))
        try:
            await asyncio.wait({told, alarm}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await let_go(told, alarm)

    async def look(self) -> None:
        """Measure what waits."""
        async with self._records.reading() as tx:
            waiting, since = await tx.intake.backlog()
        self._meters.backlog.set(waiting)
        self._meters.lag.set(0 if since is None else max(0.0, (self._clock.now() - since).total_seconds()))

    async def read_some(self) -> int:
        """Read the oldest webhooks into events; returns how many webhooks that were."""
        now = self._clock.now()
        async with self._records.transaction() as tx:
            arrivals = await tx.intake.due_arrivals(now, now + _LEASE, _ARRIVALS_AT_ONCE)
        if not arrivals:
            return 0
        read: list[tuple[Arrival, list[Heard]]] = []
        for arrival in arrivals:
            try:
                read.append((arrival, await self._events(arrival)))
            except Unavailable:
                raise
            except Exception as why:  # a body that cannot be read is kept for people, and never stops the others
                await self._aside(arrival, why)
        await self._keep(read)
        for seen in {inbox for arrival, _ in read for inbox in arrival.inboxes[:1]}:
            await self._book.saw_webhook(seen)
        await self.look()
        return len(arrivals)

    async def _events(self, arrival: Arrival) -> list[Heard]:
        if arrival.tries > _MOST_TRIES:
            raise BadInput("Reading it failed again and again.")
        inboxes: dict[str, Inbox] = {}
        for inbox in arrival.inboxes:
            try:
                inboxes[inbox] = await self._book.get(inbox)
            except NotFound:
                continue  # taken away since; its events are nobody's
        return heard_in(self._channels[arrival.channel], arrival, inboxes)

    async def _aside(self, arrival: Arrival, why: Exception) -> None:
        log.warning("webhook_kept_aside", channel=arrival.channel, arrival=arrival.id, why=type(why).__name__)
        words = why.message if isinstance(why, SwitchboardError) else f"our reader failed: {type(why).__name__}"
        async with self._records.transaction() as tx:
            await tx.intake.arrival_aside(arrival.id, words)
        self._meters.events.labels(arrival.channel, "webhook", "aside").inc()

    async def _keep(self, read: list[tuple[Arrival, list[Heard]]]) -> None:
        """All in one transaction; where the record refuses that, one by one."""
        try:
            await self._keep_all(read)
        except Unavailable:
            raise
        except Exception as why:
            if len(read) == 1:
                await self._aside(read[0][0], why)
                return
            for one in read:
                await self._keep([one])

    async def _keep_all(self, read: list[tuple[Arrival, list[Heard]]]) -> None:
        if not read:
            return
        events = [event for _, events in read for event in events]
        due = self._clock.now() + timedelta(seconds=self._settings.hold_seconds)
        async with self._records.transaction() as tx:
            new = await tx.intake.read([arrival.id for arrival, _ in read], events, due)
        for event in events:
            if event.note is not None:
                self._count(event, "aside")
        if len(events) > new:
            self._meters.events.labels(read[0][0].channel, "any", "duplicate").inc(len(events) - new)

    async def apply_some(self) -> int:
        """Apply what is due of some people; returns how many events came to an end."""
        now = self._clock.now()
        async with self._records.transaction() as tx:
            people = await tx.intake.claim_people(now, now + _LEASE, _PEOPLE_AT_ONCE)
        ended = 0
        for inbox, person in people:
            ended += await self._apply_to(inbox, person)
        return ended

    async def _apply_to(self, inbox: str, person: str) -> int:
        """One person's events, in the platform's order, up to the last one that is due."""
        began, ended = self._clock.now(), 0
        pause: timedelta | None = None
        async with self._records.reading() as tx:
            waiting = sorted(await tx.intake.events_of(inbox, person, _EVENTS_AT_ONCE), key=_in_order)
        last = max((n for n, one in enumerate(waiting) if _due(one, began)), default=-1)
        for heard in waiting[: last + 1]:
            if self._clock.now() - began > _LEASE - _LEASE_LEFT:
                break
            if heard.tries and not _due(heard, began):
                if heard.kind not in _IN_ORDER:
                    continue
                pause = (heard.due_at or began) - began
                break
            pause = await self._apply(heard)
            if pause is not None:
                break
            ended += 1
        async with self._records.transaction() as tx:
            await tx.intake.release(inbox, person, None if pause is None else self._clock.now() + pause)
        return ended

    async def _apply(self, heard: Heard) -> timedelta | None:
        """Apply one event; returns how long its person is left alone when it must come first and failed."""
        try:
            await self._applying.apply(heard, from_data(heard.data))
        except Unavailable:
            log.warning("record_unavailable", row=heard.id)
            return timedelta(seconds=_RETRY_SECONDS[0])
        except Busy as full:  # no try of it: the person's events stay where they are, in their order
            return timedelta(seconds=min(full.retry_after, _RETRY_SECONDS[-1]))
        except CannotApply as why:
            await self._give_up(heard, str(why))
        except (NotFound, TryLater):
            await self._wait(heard)
        except Exception as why:
            log.exception("event_failed", row=heard.id, kind=heard.kind, inbox=heard.inbox, tries=heard.tries + 1)
            return await self._failed(heard, why)
        else:
            async with self._records.transaction() as tx:
                await tx.intake.done(heard.id)
            self._count(heard, "applied")
        return None

    async def _wait(self, heard: Heard) -> None:
        """What it speaks of is not there yet. Platforms repeat what was lost; after a while people may look."""
        if self._clock.now() - heard.received_at > _LONGEST_WAIT:
            await self._give_up(heard, NO_TARGET)
        else:
            await self._again(heard, _WAIT_SECONDS, "It waits for what it speaks of.")
            self._count(heard, "waiting")

    async def _failed(self, heard: Heard, why: Exception) -> timedelta | None:
        self._count(heard, "failed")
        if heard.tries + 1 >= _MOST_TRIES:
            await self._give_up(heard, f"It failed {_MOST_TRIES} times: {type(why).__name__}")
            return None
        pause = await self._again(heard, _RETRY_SECONDS, f"It failed: {type(why).__name__}")
        return pause if heard.kind in _IN_ORDER else None

    async def _again(self, heard: Heard, seconds: tuple[float, ...], note: str) -> timedelta:
        pause = timedelta(seconds=seconds[min(heard.tries, len(seconds) - 1)])
        async with self._records.transaction() as tx:
            await tx.intake.again(heard.id, self._clock.now() + pause, note)
        return pause

    async def _give_up(self, heard: Heard, why: str) -> None:
        log.warning("event_kept_aside", row=heard.id, kind=heard.kind, inbox=heard.inbox, why=why[:80])
        async with self._records.transaction() as tx:
            await tx.intake.aside(heard.id, why)
        self._count(heard, "aside")

    def _count(self, heard: Heard, outcome: str) -> None:
        self._meters.events.labels(channel_of(heard.inbox), heard.kind, outcome).inc()


def _due(heard: Heard, now: datetime) -> bool:
    return heard.due_at is None or heard.due_at <= now


def _in_order(heard: Heard) -> tuple[datetime, int, int, int]:
    """By the platform's time; of the same moment words first, then by the platform's own count, where ids are one."""
    counted = _COUNTED.fullmatch(heard.message or "")
    kind = EventKind(heard.kind)
    return heard.at, _RANK.get(kind, 0), int(counted[1]) if counted else 0, heard.id
