"""Where the trackers of turns under way lie: in memory, or in a table that several Rasa processes share.

A tracker is one text under one name, put there whole. Who took it out may put it back only while it is still the one
that was taken: what a turn leaves behind that was given up meanwhile is not put over what the next one was given.
"""

from __future__ import annotations

import time
import uuid
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError

_KEPT_SECONDS = 24 * 3600.0  # the record has it all; a tracker is needed for the time of a turn
_TIDY_EVERY = 500  # puts
_OPENING_SECONDS = 60.0
_metadata = sa.MetaData()
_trackers = sa.Table(
    "fed_trackers",
    _metadata,
    sa.Column("sender", sa.String(255), primary_key=True),
    sa.Column("version", sa.String(32), nullable=False),
    sa.Column("events", sa.Text, nullable=False),
    sa.Column("at", sa.Float, nullable=False, index=True),
)


class Held(NamedTuple):
    """What lies under a name, and which one it is."""

    events: str
    version: str


class Shelf(Protocol):
    def take(self, sender: str) -> Held | None: ...

    def put(self, sender: str, events: str, taken: str | None = None) -> str | None:
        """Its version. With ``taken``, None and nothing is put when another one lies there than was taken."""
        ...

    def names(self) -> list[str]: ...


class MemoryShelf:
    """For one Rasa process: the newest ``room`` trackers."""

    def __init__(self, room: int = 1_000) -> None:
        self._room = room
        self._held: OrderedDict[str, Held] = OrderedDict()

    def take(self, sender: str) -> Held | None:
        return self._held.get(sender)

    def put(self, sender: str, events: str, taken: str | None = None) -> str | None:
        there = self._held.get(sender)
        if taken is not None and there is not None and there.version != taken:
            return None
        version = uuid.uuid4().hex
        self._held[sender] = Held(events, version)
        self._held.move_to_end(sender)
        while len(self._held) > self._room:
            self._held.popitem(last=False)
        return version

    def names(self) -> list[str]:
        return list(self._held)


class SqlShelf:
    """One row for each conversation, in SQLite or PostgreSQL."""

    def __init__(self, url: Any, *, now: Callable[[], float] = time.time) -> None:
        self._now = now
        postgres = sa.engine.make_url(url).get_backend_name() == "postgresql"
        # Nobody waits long for a database that is away: the service asks again, or asks people.
        limits = {"connect_timeout": 2, "options": "-c statement_timeout=2000 -c lock_timeout=2000"}
        self._engine = sa.create_engine(url, pool_pre_ping=True, connect_args=limits if postgres else {})
        self._puts = 0
        self._open()

    def take(self, sender: str) -> Held | None:
        wanted = sa.select(_trackers.c.events, _trackers.c.version).where(_trackers.c.sender == sender)
        with self._engine.connect() as connection:
            found = connection.execute(wanted).first()
        return None if found is None else Held(found.events, found.version)

    def put(self, sender: str, events: str, taken: str | None = None) -> str | None:
        self._tidy()
        version = uuid.uuid4().hex
        values = {"version": version, "events": events, "at": self._now()}
        there = _trackers.update().where(_trackers.c.sender == sender)
        mine = there if taken is None else there.where(_trackers.c.version == taken)
        with self._engine.begin() as connection:
            if connection.execute(mine.values(**values)).rowcount:
                return version
        try:
            with self._engine.begin() as connection:
                connection.execute(_trackers.insert().values(sender=sender, **values))
        except IntegrityError:  # there is one: not the one that was taken, or made by another this moment
            return None if taken is not None else self.put(sender, events)
        return version

    def names(self) -> list[str]:
        with self._engine.connect() as connection:
            return [row.sender for row in connection.execute(sa.select(_trackers.c.sender))]

    def close(self) -> None:
        """Give back its connections."""
        self._engine.dispose()

    def _open(self) -> None:
        """Make the table; the database may still be starting, and another Rasa may be making it, too."""
        for left in range(int(_OPENING_SECONDS), -1, -1):
            try:
                _metadata.create_all(self._engine)
            except (OperationalError, ProgrammingError, IntegrityError):
                if not left:
                    raise
                time.sleep(1)
            else:
                return

    def _tidy(self) -> None:
        if self._puts % _TIDY_EVERY == 0:
            with self._engine.begin() as connection:
                connection.execute(_trackers.delete().where(_trackers.c.at < self._now() - _KEPT_SECONDS))
        self._puts += 1
