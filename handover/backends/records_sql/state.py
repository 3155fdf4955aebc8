"""What can be told of a record from outside, without changing it: is it there, at which revision, and its clock."""

from __future__ import annotations

import time
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from handover.backends.records_sql.engine import reached
from handover.backends.records_sql.migrate import present, refusals_told
from handover.backends.records_sql.on_sqlite import file_of


@dataclass(frozen=True, slots=True)
class RecordState:
    """``revision`` is None for a record that was never made. ``ahead``: seconds the database's clock is before ours."""

    kind: str
    revision: str | None
    ahead: float | None = None


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
            return RecordState(kind, revision)
        began = time.time()
        theirs = (await connection.execute(sa.text("SELECT extract(epoch FROM clock_timestamp())"))).scalar_one()
        return RecordState(kind, revision, float(theirs) - (began + time.time()) / 2)
