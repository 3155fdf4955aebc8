"""What can be told of a record from outside, without changing it: is it there, at which revision, and its clock."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from handover.backends.records_sql.engine import reached
from handover.backends.records_sql.migrate import present, refusals_told
from handover.backends.records_sql.on_sqlite import file_of

# Not on a standby, and not as somebody who may only read.
_WRITABLE = sa.text(
    "SELECT current_setting('transaction_read_only') = 'off' AND has_table_privilege('entries', 'INSERT')"
)


@dataclass(frozen=True, slots=True)
class RecordState:
    """``revision`` is None for a record that was never made. ``ahead``: seconds the database's clock is before ours.

    ``writable``: this account, on this server, may add to the record.
    """

    kind: str
    revision: str | None
    ahead: float | None = None
    writable: bool = True


async def state_of(engine: AsyncEngine, *, within: float = 3.0) -> RecordState:
    """Looks for at most ``within`` seconds; makes no file. Raises Unavailable."""
    kind = engine.dialect.name
    if kind == "sqlite" and not file_of(engine).exists():
        return RecordState(kind, None)
    with refusals_told():
        await reached(engine, within=within)
        return await _asked(engine, kind)


async def _asked(engine: AsyncEngine, kind: str) -> RecordState:
    async with engine.connect() as connection:
        revision = await connection.run_sync(present)
        if kind != "postgresql":
            return RecordState(kind, revision, writable=_may_write(file_of(engine)))
        began = time.time()
        theirs = (await connection.execute(sa.text("SELECT extract(epoch FROM clock_timestamp())"))).scalar_one()
        ahead = float(theirs) - (began + time.time()) / 2
        writable = revision is None or bool((await connection.execute(_WRITABLE)).scalar_one())
        return RecordState(kind, revision, ahead, writable)


def _may_write(file: Path) -> bool:
    """SQLite makes files of its own beside it."""
    return os.access(file, os.W_OK) and os.access(file.parent, os.W_OK | os.X_OK)
