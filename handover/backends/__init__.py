"""Chooses the backends from two addresses, and nothing else does: embedded (SQLite and this process) for now."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass

from handover.backends.alone import RecordLock
from handover.backends.live_in_process import Sharing, in_process
from handover.backends.live_redis import open_redis
from handover.backends.records_sql.engine import SqlRecords, file_of, make_engine
from handover.backends.records_sql.migrate import migrate
from handover.errors import BadInput
from handover.limits import Limits
from handover.marks import Marks
from handover.ports import LiveFeed, Presence


@dataclass(frozen=True, slots=True)
class Backends:
    """What `handover.desk.open_desk` works on. ``records`` also serves `records_sql.accounts`.

    ``alone``: when it was opened no other process worked on the record, so that whatever was under way has ended.
    """

    records: SqlRecords
    live: LiveFeed
    presence: Presence
    marks: Marks
    limits: Limits
    alone: bool = False


@asynccontextmanager
async def open_backends(database_url: str, redis_url: str | None = None) -> AsyncIterator[Backends]:
    """Open and migrate the record; everything opened is closed at the end of the block.

    Raises BadInput for an address this release cannot honour, instead of losing messages silently.
    """
    engine = make_engine(database_url)
    if redis_url and engine.dialect.name == "sqlite":
        raise BadInput("REDIS_URL is set, but DATABASE_URL is SQLite, which is for one process: unset REDIS_URL.")
    async with _sharing(redis_url) as sharing, _on_sqlite(SqlRecords(engine, sharing.live), sharing) as backends:
        yield backends


def _sharing(redis_url: str | None) -> AbstractAsyncContextManager[Sharing]:
    return open_redis(redis_url) if redis_url else nullcontext(in_process())


@asynccontextmanager
async def _on_sqlite(records: SqlRecords, sharing: Sharing) -> AsyncIterator[Backends]:
    engine = records.engine
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
            yield Backends(
                records=records,
                live=sharing.live,
                presence=sharing.presence,
                marks=sharing.marks,
                limits=sharing.limits,
                alone=lock.alone,
            )
    finally:
        await engine.dispose()
