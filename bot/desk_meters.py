"""What `/metrics` shows of the desk and the process: the queue, the outbox, who is there, and how late the loop runs.

The record is asked every few seconds, not with every look: whoever asks `/metrics` often costs nothing more.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterator, Mapping
from typing import Protocol

import structlog
from prometheus_client import CollectorRegistry, Gauge, Histogram, ProcessCollector
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from handover.agents import AvailabilityState
from handover.conversation import Move
from handover.errors import SwitchboardError
from handover.ports import Clock, Presence, Records
from handover.wanted import Stage

log = structlog.get_logger(__name__)

LOOK_SECONDS = 5.0
BEAT_SECONDS = 0.25
_LAGS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
_AVAILABILITIES: tuple[AvailabilityState, ...] = ("online", "busy", "offline")


class TurnsAtWork(Protocol):
    """`bot.relay.Relay` in the service; ``wait`` is in seconds."""

    @property
    def at_work(self) -> int: ...

    @property
    def waiting(self) -> int: ...

    @property
    def wait(self) -> float: ...


class DeskMeters:
    """Gauges of one service on ``registry``. Replicas show the same desk: of several take the max, not the sum."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        ProcessCollector(registry=registry)  # memory, processor, open files: nothing where there is no /proc

        def gauge(name: str, what: str, *labels: str) -> Gauge:
            return Gauge(f"switchboard_{name}", what, labels, registry=registry)

        self.queue = gauge("queue_waiting", "Customers who wait for a person.")
        self.queue_oldest = gauge("queue_oldest_seconds", "How long the longest of them has waited.")
        self.queue_overdue = gauge("queue_overdue", "Those who should have been answered by now.")
        self.queue_escalated = gauge("queue_escalated", "Those for whom the leads were called.")
        self.ringing = gauge("offers_ringing", "Offers that ring at somebody now.")
        self.agents = gauge("agents", "Agents by the availability they chose and whether a console is open.",
                            "availability", "reachable")  # fmt: skip
        self.slots_held = gauge("slots_held", "Slots of capacity that are taken, over all agents.")
        self.slots = gauge("slots", "Slots of capacity of the agents who are online and reachable.")
        self.outbox = gauge("outbox_waiting", "Lines on their way to channels.")
        self.outbox_oldest = gauge("outbox_oldest_seconds", "How long the oldest of them has been on its way.")
        self.outbox_dead = gauge("outbox_undelivered", "Lines that could not be delivered and wait for a decision.")
        self.inboxes_paused = gauge("inboxes_paused", "Inboxes from which nothing is sent until somebody resumes them.")
        self.looked = gauge("desk_looked_timestamp_seconds", "When the record was last asked for these figures.")
        self.turns_at_work = gauge("turns_at_work", "Conversations that the bot is answering in this process.")
        self.turns_waiting = gauge("turns_waiting", "Those of them that wait for their turn.")
        self.turns_wait = gauge("turns_wait_seconds", "How long one more conversation would wait for its turn.")
        self.loop_lag = Histogram(
            "switchboard_loop_lag_seconds", "How late the event loop was, measured four times a second.",
            buckets=_LAGS, registry=registry,
        )  # fmt: skip

    def watch_moves(self, moves: Mapping[Move, int]) -> None:
        """Show how often conversations changed hands here, by what was done."""
        self._registry.register(_MoveMeters(moves))

    def watch_turns(self, turns: TurnsAtWork) -> None:
        """Show how many turns are at work and wait, and how long the line is, whenever somebody asks."""
        self.turns_at_work.set_function(lambda: turns.at_work)
        self.turns_waiting.set_function(lambda: turns.waiting)
        self.turns_wait.set_function(lambda: turns.wait)

    async def look(self, records: Records, presence: Presence, clock: Clock) -> None:
        """Ask the record once. Raises Unavailable; the figures of the last look stay then."""
        async with records.reading() as tx:
            waiting = await tx.offers.waiting()
            backlog = await tx.outbox.backlog()
            everyone, held = await tx.people.agents(), await tx.people.held()
            inboxes = await tx.inboxes.all()
        here, now = await presence.here(), clock.now()
        self.queue.set(len(waiting))
        self.queue_oldest.set(max(((now - offer.made_at).total_seconds() for offer in waiting), default=0))
        self.queue_overdue.set(sum(offer.deadline < now for offer in waiting))
        self.queue_escalated.set(sum(offer.stage is Stage.LEADS for offer in waiting))
        self.ringing.set(sum(bool(offer.ringing) for offer in waiting))
        standing = Tally((agent.availability, agent.id in here) for agent in everyone)
        for availability in _AVAILABILITIES:
            for reachable in (True, False):
                self.agents.labels(availability, str(reachable).lower()).set(standing[availability, reachable])
        self.slots_held.set(sum(held.values()))
        self.slots.set(sum(a.capacity for a in everyone if a.availability == "online" and a.id in here))
        self.outbox.set(backlog.queued)
        self.outbox_oldest.set((now - backlog.oldest).total_seconds() if backlog.oldest else 0)
        self.outbox_dead.set(backlog.dead)
        self.inboxes_paused.set(sum(kept.inbox.enabled and kept.inbox.paused_at is not None for kept in inboxes))
        self.looked.set(now.timestamp())

    async def keep_looking(self, records: Records, presence: Presence, clock: Clock) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.look(records, presence, clock)
            except SwitchboardError as error:
                log.warning("desk_meters_not_read", why=error.message)
            await clock.sleep(LOOK_SECONDS)

    async def feel_the_loop(self, clock: Clock) -> None:
        """Until cancelled: sleep a moment and see how much later we are woken."""
        while True:
            began = clock.monotonic()
            await clock.sleep(BEAT_SECONDS)
            self.loop_lag.observe(max(0.0, clock.monotonic() - began - BEAT_SECONDS))


class _MoveMeters(Collector):
    """Reads the desk's own counts when somebody looks; each verb is there from the start, so that rates begin at 0."""

    def __init__(self, moves: Mapping[Move, int]) -> None:
        self._moves = moves

    def collect(self) -> Iterator[Metric]:
        family = CounterMetricFamily(
            "switchboard_moves", "Changes of who may speak or of the lifecycle, by what was done.", labels=["by"]
        )
        for verb in Move:
            family.add_metric([verb.value], self._moves[verb])
        yield family
