"""Runs inside Rasa's environment: our stores as Rasa makes them from an endpoints file, exercised; prints JSON."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

from rasa.core.lock_store import LockStore
from rasa.core.tracker_store import FailSafeTrackerStore, TrackerStore
from rasa.core.utils import AvailableEndpoints
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from bot.rasa_store.held_turn import holding

DOMAIN = Domain.from_yaml("slots: {city: {type: text, mappings: [{type: custom}]}}")


def a_tracker(*texts: str) -> DialogueStateTracker:
    return DialogueStateTracker.from_events("c", [SlotSet("city", "Oslo"), *map(UserUttered, texts)], DOMAIN.slots)


async def tracker_store(store: TrackerStore) -> dict[str, object]:
    safe = FailSafeTrackerStore(store)
    report: dict[str, object] = {"store": type(store).__name__, "empty": await safe.retrieve("c") is None}
    await safe.save(a_tracker("one"))
    late = await safe.retrieve("c")
    report["slot"] = late.get_slot("city")
    late.update(UserUttered("two"))
    await safe.save(late)
    await safe.save(late)
    report["saved"] = [e.text for e in (await safe.retrieve("c")).events if isinstance(e, UserUttered)]
    await safe.save(a_tracker("replaced"))
    late.update(UserUttered("too late"))
    await safe.save(late)
    report["replaced"] = [e.text for e in (await safe.retrieve("c")).events if isinstance(e, UserUttered)]
    report["keys"] = list(await safe.keys())
    await safe.save(a_tracker_without_events())
    report["emptied"] = await safe.retrieve("c") is None
    return report


async def held_turn(store: TrackerStore, locks: LockStore) -> dict[str, object]:
    safe = FailSafeTrackerStore(store)
    await safe.save(a_tracker("on the shelf"))
    async with locks.lock("c"):
        with holding("c", a_tracker("given")) as turn:
            began = time.monotonic()
            async with locks.lock("c"):
                waited = time.monotonic() - began
            tracker = await safe.retrieve("c")
            tracker.update(UserUttered("said"))
            await safe.save(tracker)
            another = await safe.retrieve("another")
            begun = await asyncio.create_task(safe.retrieve("c"))
    with holding("c", a_tracker_without_events()):
        empty = await safe.retrieve("c")
    return {
        "given_and_said": texts(begun),
        "is_what_was_saved": begun is turn.tracker,
        "waited": waited,
        "nothing_else": another is None and empty is None,
        "shelf": texts(await safe.retrieve("c")),
    }


def texts(tracker: DialogueStateTracker) -> list[str]:
    return [event.text for event in tracker.events if isinstance(event, UserUttered)]


def a_tracker_without_events() -> DialogueStateTracker:
    return DialogueStateTracker.from_dict("c", [], DOMAIN.slots)


async def lock_store(store: LockStore) -> dict[str, object]:
    order: list[str] = []

    async def one(name: str, until: asyncio.Event) -> None:
        async with store.lock("c"):
            order.append(f"{name} begins")
            await until.wait()
            order.append(f"{name} ends")

    first, second = asyncio.Event(), asyncio.Event()
    second.set()
    works = [asyncio.create_task(one("first", first)), asyncio.create_task(one("second", second))]
    await asyncio.sleep(0.2)
    first.set()
    await asyncio.gather(*works)
    store.issue_ticket("stuck", 60)  # of a process that died
    began = time.monotonic()
    async with store.lock("stuck"):
        waited = time.monotonic() - began
    return {"store": type(store).__name__, "order": order, "waited": waited}


async def main(endpoints: Path) -> None:
    found = AvailableEndpoints.read_endpoints(str(endpoints))
    trackers = TrackerStore.create(found.tracker_store, DOMAIN)
    locks = LockStore.create(found.lock_store)
    report = {"trackers": await tracker_store(trackers), "locks": await lock_store(locks)}
    print(json.dumps({**report, "held": await held_turn(trackers, locks)}))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
