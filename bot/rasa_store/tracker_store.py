"""Rasa's tracker store for trackers that our service replaces before each turn (see `bot.rasa_feeding`).

Rasa's own SQL store can only add to a tracker, never replace it, and keeps every message for ever. This one keeps
the tracker of the turn under way, and drops what a turn saves that was given up meanwhile. Named in endpoints.yml,
with the settings of Rasa's SQL store for a database that several Rasa processes share; without them the trackers
stay in this process. A turn that comes through our channel is held there and needs neither.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from typing import Any

from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import SQLTrackerStore, TrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.trackers import DialogueStateTracker
from sqlalchemy.exc import SQLAlchemyError

from bot.rasa_store.held_turn import held
from bot.rasa_store.shelves import MemoryShelf, Shelf, SqlShelf

log = logging.getLogger(__name__)


class FedTrackerStore(TrackerStore):
    """``host`` is Rasa's name for the ``url`` in the endpoints file: a host, or a whole database address."""

    def __init__(
        self,
        domain: Domain | None = None,
        host: str | None = None,
        event_broker: EventBroker | None = None,
        dialect: str = "postgresql",
        port: int | None = None,
        db: str = "rasa",
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> None:
        self._shelf: Shelf = MemoryShelf()
        if host:
            number = int(port) if port is not None else None
            address = SQLTrackerStore.get_db_url(dialect, host, number, db, username, password)
            self._shelf = SqlShelf(address)
        super().__init__(domain, event_broker, **kwargs)

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Put the tracker back, or in the place of what was there when it is a new one."""
        turn = held(tracker.sender_id)
        if turn is not None:
            turn.tracker = tracker
            return
        await self.stream_events(tracker)
        events = json.dumps([event.as_dict() for event in tracker.events])
        taken = getattr(tracker, "taken_as", None)
        try:
            version = self._shelf.put(tracker.sender_id, events, taken)
        except SQLAlchemyError as away:
            # Rasa would put it where it never looks again. The service sees that it is missing.
            log.warning("the tracker of %s was not saved: %s", tracker.sender_id, type(away).__name__)
            return
        if version is None:
            log.warning("the tracker of %s was replaced meanwhile; what a late turn left is dropped", tracker.sender_id)
        else:
            tracker.taken_as = version

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        """None for a tracker without events, too: then Rasa begins the dialogue in its own way."""
        turn = held(sender_id)
        if turn is not None:
            return turn.tracker if turn.tracker.events else None
        found = self._shelf.take(sender_id)
        events = json.loads(found.events) if found is not None else []
        if found is None or not events:
            return None
        tracker = DialogueStateTracker.from_dict(sender_id, events, self.domain.slots)
        tracker.taken_as = found.version
        return tracker

    async def keys(self) -> Iterable[str]:
        return self._shelf.names()
