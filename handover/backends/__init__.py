"""Chooses the backends from two addresses, and nothing else does: embedded (SQLite and this process) for now."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from handover.backends.alone import RecordLock
from handover.backends.live_in_process import InProcessFeed, InProcessPresence
from handover.backends.records_sql.engine import SqlRecords, file_of, make_engine
from handover.backends.records_sql.migrate import migrate
from handover.errors import BadInput
from handover.ports import LiveFeed, Presence


@dataclass(frozen=True, slots=True)
class Backends:
    """What `handover.desk.open_desk` works on. ``records`` also serves `records_sql.accounts`.

    ``alone``: when it was opened no other process worked on the record, so that whatever was under way has ended.
    """

    records: SqlRecords
    live: LiveFeed
    presence: Presence
    alone: bool = False


@asynccontextmanager
async def open_backends(database_url: str, redis_url: str | None = None) -> AsyncIterator[Backends]:
    """Open and migrate the record; everything opened is closed at the end of the block.

    Raises BadInput for an address this release cannot honour, instead of losing messages silently.
    """
    if redis_url:
        raise BadInput("REDIS_URL is set, but this release carries its live feed in process only; unset it.")
    engine = make_engine(database_url)
    live = InProcessFeed()
    records = SqlRecords(engine, live)
    try:
        with RecordLock(file_of(engine)) as lock:
            if not lock.alone:  # one that has just begun may still be making the tables
                await asyncio.to_thread(lock.share)
            await migrate(engine)
            if lock.alone:
                # Nobody is at work on these any more; with others about, each turn's lease tells.
                async with records.transaction() as tx:
                    await tx.turns.release()
                await asyncio.to_thread(lock.share)
            yield Backends(records=records, live=live, presence=InProcessPresence(), alone=lock.alone)
    finally:
        await engine.dispose()
