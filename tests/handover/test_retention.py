"""What is old goes in batches, each rule by its own days, every hour; what has no days stays."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from prometheus_client import CollectorRegistry

from handover.retention import EVERY_SECONDS, Days, Retention, RetentionMeters, Rule, rules_of
from tests.support.hand_clock import HandClock


@dataclass
class Shelf:
    """So many things are due by rule; ``asked`` are the batches: rule, moment, limit."""

    due_now: dict[str, int]
    asked: list[tuple[str, datetime, int]] = field(default_factory=list)

    async def due(self, rule: str, before: datetime) -> int:
        return self.due_now.get(rule, 0)

    async def prune(self, rule: str, before: datetime, limit: int) -> int:
        self.asked.append((rule, before, limit))
        went = min(limit, self.due_now.get(rule, 0))
        self.due_now[rule] = self.due_now.get(rule, 0) - went
        return went


RULES = (Rule("files", "files", days=3, at_once=20), Rule("talk", "conversations", days=None))


async def finished(work: "asyncio.Task[dict[str, int]]", clock: HandClock) -> dict[str, int]:
    while not work.done():
        clock.advance(0.1)
        await asyncio.sleep(0)
    return work.result()


async def test_what_is_due_goes_in_batches_with_a_breath_between_them() -> None:
    shelf, clock, registry = Shelf({"files": 45, "talk": 9}), HandClock(), CollectorRegistry()
    retention = Retention(shelf, RULES, clock, RetentionMeters(registry, clock))
    began = clock.now()
    work = asyncio.create_task(retention.once())
    await asyncio.sleep(0)
    assert len(shelf.asked) == 1
    assert await finished(work, clock) == {"files": 45, "talk": 0}
    assert [limit for _, _, limit in shelf.asked] == [20, 20, 20, 20]
    assert {before for _, before, _ in shelf.asked} == {began - timedelta(days=3)}
    assert shelf.due_now == {"files": 0, "talk": 9}
    assert registry.get_sample_value("switchboard_retention_removed_total", {"rule": "files"}) == 45


async def test_a_dry_run_counts_and_removes_nothing() -> None:
    shelf = Shelf({"files": 45, "talk": 9})
    assert await Retention(shelf, RULES, HandClock()).due() == {"files": 45, "talk": 0}
    assert shelf.asked == []


async def test_it_runs_every_hour_and_says_how_long_ago_it_ended() -> None:
    shelf, clock, registry = Shelf({}), HandClock(), CollectorRegistry()
    meters = RetentionMeters(registry, clock)
    clock.advance(7)
    assert registry.get_sample_value("switchboard_retention_age_seconds") == 7
    work = asyncio.create_task(Retention(shelf, RULES, clock, meters).run())
    for _ in range(10):
        await asyncio.sleep(0)
    assert len(shelf.asked) == 1
    assert registry.get_sample_value("switchboard_retention_age_seconds") == 0
    clock.advance(EVERY_SECONDS)
    for _ in range(10):
        await asyncio.sleep(0)
    assert len(shelf.asked) == 2
    work.cancel()
    with suppress(asyncio.CancelledError):
        await work


def test_what_was_said_is_kept_for_ever_unless_somebody_says_otherwise() -> None:
    kept = {rule.name: rule.days for rule in rules_of(Days())}
    assert (kept["conversations"], kept["media"]) == (None, None)
    assert {name for name, days in kept.items() if days} == {
        *("channel_keys", "event_asides", "webhook_asides", "logins", "login_tries", "outbox_parts")
    }
