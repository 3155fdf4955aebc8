"""Chooses the backends from two addresses, and nothing else does: SQLite and this process, or PostgreSQL and Redis.

What the other kind needs is not imported: the drivers of PostgreSQL and Redis are a sixth of what a start would import.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass

from handover.backends.alone import EmbeddedLives, RecordLock
from handover.backends.live_in_process import Sharing, in_process
from handover.backends.records_sql.engine import Engine, SqlRecords, make_engine, reached
from handover.backends.records_sql.migrate import migrate
from handover.backends.records_sql.on_sqlite import file_of
from handover.errors import BadInput
from handover.limits import Limits
from handover.marks import Marks
from handover.ports import LiveFeed, Lives, Presence

_log = logging.getLogger(__name__)


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
    lives: Lives
    alone: bool = False


@asynccontextmanager
async def open_backends(database_url: str, redis_url: str | None = None) -> AsyncIterator[Backends]:
    """Open and migrate the record; everything opened is closed at the end of the block.

    Raises BadInput for an address this release cannot honour, instead of losing messages silently; Unavailable when
    the database cannot be reached.
    """
    engine = make_engine(database_url)
    embedded = engine.dialect.name == "sqlite"
    if redis_url and embedded:
        raise BadInput("REDIS_URL is set, but DATABASE_URL is SQLite, which is for one process: unset REDIS_URL.")
    async with (
        _sharing(redis_url) as sharing,
        _records(engine, sharing.live) as records,
        _on_sqlite(records) if embedded else _on_postgres(records) as (lives, alone),
    ):
        if not (redis_url or embedded):
            _log.warning("no REDIS_URL: this must be the only process of the service on this record")
        yield Backends(
            records=records,
            live=sharing.live,
            presence=sharing.presence,
            marks=sharing.marks,
            limits=sharing.limits,
            lives=lives,
            alone=alone,
        )


@asynccontextmanager
async def _records(engine: Engine, live: LiveFeed) -> AsyncIterator[SqlRecords]:
    records = SqlRecords(engine, live)
    try:
        yield records
    finally:
        await records.close()


def _sharing(redis_url: str | None) -> AbstractAsyncContextManager[Sharing]:
    if not redis_url:
        return nullcontext(in_process())
    from handover.backends.live_redis import open_redis

    return open_redis(redis_url)


@asynccontextmanager
async def _on_sqlite(records: SqlRecords) -> AsyncIterator[tuple[Lives, bool]]:
    with RecordLock(file_of(records.engine)) as lock:
        if not lock.alone:  # one that has just begun may still be making the tables
            await asyncio.to_thread(lock.share)
        await migrate(records.engine)
        if lock.alone:
            # Nobody is at work on these any more; with others about, each turn's lease tells.
            async with records.transaction() as tx:
                await tx.turns.release()
            await asyncio.to_thread(lock.share)
        yield EmbeddedLives(), lock.alone


@asynccontextmanager
async def _on_postgres(records: SqlRecords) -> AsyncIterator[tuple[Lives, bool]]:
    from handover.backends.records_sql.lives import PostgresLives

    await reached(records.engine)
    await migrate(records.engine)
    lives = PostgresLives(records.engine)
    async with lives.kept():
        yield lives, False
