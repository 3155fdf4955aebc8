"""What is kept for how long: named rules, and the one task that removes what has had its time.

It works in small batches, each a transaction of its own, so that nobody waits long for the record. Several processes
may do it at once: each row goes once, and what is gone already is nobody's failure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge

from handover.ports import Clock

log = structlog.get_logger(__name__)

EVERY_SECONDS = 3600.0
_BREATH_SECONDS = 0.05  # between two batches others write


@dataclass(frozen=True, slots=True)
class Rule:
    """``days`` None: kept for ever. ``at_once``: things in one transaction; ``what`` they are, for people."""

    name: str
    what: str
    days: float | None
    at_once: int = 500


@dataclass(frozen=True, slots=True)
class Days:
    """How long each kind is kept, in days; None for ever. ``keys``: of platforms' events that are done."""

    conversations: float | None = None
    media: float | None = None
    outbox: float | None = 90
    logins: float | None = 30
    keys: float | None = 30
    asides: float | None = 14


def rules_of(days: Days) -> tuple[Rule, ...]:
    """Every rule, in the order in which they run: `records_sql.retention` knows each by its name."""
    return (
        Rule("channel_keys", "keys by which a platform's events are known again", days.keys),
        Rule("event_asides", "events that no one could use", days.asides),
        Rule("webhook_asides", "webhooks that could not be read", days.asides, at_once=50),
        Rule("logins", "logins that have ended", days.logins),
        Rule("login_tries", "tries to sign in", days.logins),
        Rule("outbox_parts", "how lines went to platforms, once they were settled", days.outbox, at_once=200),
        Rule("media", "files that customers sent", days.media, at_once=20),
        Rule("conversations", "resolved conversations, with everything of them", days.conversations, at_once=10),
    )


class Pruning(Protocol):
    """Implemented by `handover.backends.records_sql.retention.SqlPruning`."""

    async def due(self, rule: str, before: datetime) -> int:
        """How many things ``rule`` would remove whose time ended before ``before``."""
        ...

    async def prune(self, rule: str, before: datetime, limit: int) -> int:
        """Remove at most ``limit`` of them in one transaction; returns how many went. Raises Unavailable."""
        ...


class RetentionMeters:
    """Rows removed by rule, and how old the last finished run is."""

    def __init__(self, registry: CollectorRegistry, clock: Clock) -> None:
        self.removed = Counter(
            "switchboard_retention_removed", "Things that were removed when their time was over.", ["rule"],
            registry=registry,
        )  # fmt: skip
        age = Gauge(
            "switchboard_retention_age_seconds", "Since all rules were last run to their end, or since the start.",
            registry=registry,
        )  # fmt: skip
        self._clock = clock
        self._finished_at = clock.monotonic()
        age.set_function(lambda: clock.monotonic() - self._finished_at)

    def finished(self) -> None:
        """All rules have run to their end."""
        self._finished_at = self._clock.monotonic()


class Retention:
    def __init__(
        self, pruning: Pruning, rules: Sequence[Rule], clock: Clock, meters: RetentionMeters | None = None
    ) -> None:
        self._pruning = pruning
        self._rules = rules
        self._clock = clock
        self._meters = meters or RetentionMeters(CollectorRegistry(), clock)

    async def run(self) -> None:
        """Every hour until it is cancelled. Raises Unavailable; whoever runs it begins it again."""
        while True:
            await self.once()
            await self._clock.sleep(EVERY_SECONDS)

    async def once(self) -> dict[str, int]:
        """Run every rule to its end; how many things went, by rule."""
        removed = {rule.name: await self._all_of(rule) for rule in self._rules}
        self._meters.finished()
        return removed

    async def due(self) -> dict[str, int]:
        """How many things would go now, by rule; nothing is removed."""
        now = self._clock.now()
        return {
            rule.name: 0 if rule.days is None else await self._pruning.due(rule.name, now - timedelta(days=rule.days))
            for rule in self._rules
        }

    async def _all_of(self, rule: Rule) -> int:
        if rule.days is None:
            return 0
        before, removed = self._clock.now() - timedelta(days=rule.days), 0
        while went := await self._pruning.prune(rule.name, before, rule.at_once):
            removed += went
            self._meters.removed.labels(rule.name).inc(went)
            await self._clock.sleep(_BREATH_SECONDS)
        if removed:
            log.info("retention", rule=rule.name, removed=removed)
        return removed
