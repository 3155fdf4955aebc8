"""Chooses the backends from two addresses, and nothing else does: embedded (SQLite and this process) for now."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from handover.backends.live_in_process import InProcessFeed, InProcessPresence
from handover.backends.records_sql.engine import SqlRecords, make_engine
from handover.backends.records_sql.migrate import migrate
from handover.errors import BadInput
from handover.ports import LiveFeed, Presence


@dataclass(frozen=True, slots=True)
class Backends:
    """What `handover.desk.open_desk` works on. ``records`` also serves `records_sql.accounts`."""

    records: SqlRecords
    live: LiveFeed
    presence: Presence


@asynccontextmanager
async def open_backends(database_url: str, redis_url: str | None = None) -> AsyncIterator[Backends]:
    """Open and migrate the record; everything opened is closed at the end of the block.

    Raises BadInput for an address this release cannot honour, instead of losing messages silently.
    """
    if redis_url:
        raise BadInput("REDIS_URL is set, but this release carries its live feed in process only; unset it.")
    engine = make_engine(database_url)
    try:
        await migrate(engine)
        live = InProcessFeed()
        yield Backends(records=SqlRecords(engine, live), live=live, presence=InProcessPresence())
    finally:
        await engine.dispose()
