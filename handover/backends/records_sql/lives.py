"""Which processes live, as PostgreSQL tells: each holds an advisory lock, which ends with its connection.

A killed process's connection ends with it. A stopped process's does not: it still lives. One whose machine is gone is
found out by the server's keepalive. A server that restarts has forgotten all locks; each process takes its own again.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, LiteralString, TypeAlias

import psycopg
from sqlalchemy.ext.asyncio import AsyncEngine

from handover.backends.alone import new_owner
from handover.backends.records_sql import on_postgres
from handover.backends.records_sql.unbroken import within

_Wire: TypeAlias = psycopg.AsyncConnection[tuple[Any, ...]]
_log = logging.getLogger(__name__)
# A lock nobody holds means the end of a process once it has been so for this long, in seconds: after a restart of the
# server the others may still be on their way back.
GRACE = 3.0
_BEAT = 1.0
_PAUSES = (0.1, 0.2, 0.4, 0.8)
_ANSWER = 5.0
_HELD = """
SELECT (classid::bigint << 32) | objid::bigint FROM pg_locks
WHERE locktype = 'advisory' AND objsubid = 1 AND granted
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


class PostgresLives:
    """Implements `handover.ports.Lives`. Works while `kept` is open."""

    def __init__(self, engine: AsyncEngine, *, grace: float = GRACE) -> None:
        self.owner = new_owner()
        self._grace = grace
        where, how = engine.dialect.create_connect_args(engine.url)
        self._where = (*where,)
        self._how: dict[str, Any] = {**how, **on_postgres.connect_args(engine.url), "autocommit": True}
        self._wire: _Wire | None = None
        self._one_question = asyncio.Lock()
        self._free_since: dict[str, float] = {}

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Hold this process's lock, also over restarts of the server, until the end of the block."""
        await self._connect()
        beating = asyncio.create_task(self._beat())
        try:
            yield
        finally:
            if self._wire is not None and self._one_question.locked():
                on_postgres.hang_up(self._wire)  # nobody waits for this answer any more
            beating.cancel()
            with suppress(asyncio.CancelledError):
                await beating
            await self._drop()

    async def gone(self, owners: Collection[str]) -> frozenset[str]:
        """Those of ``owners`` whose lock nobody has held for the grace. Nobody while the server cannot be asked."""
        others = {owner for owner in owners if owner != self.owner}
        if not others:
            return frozenset()
        try:
            held = {row[0] for row in await self._ask(_HELD)}
        except (psycopg.Error, OSError):
            return frozenset()
        now = time.monotonic()
        free = {owner for owner in others if _key(owner) not in held}
        self._free_since = {owner: self._free_since.get(owner, now) for owner in free}
        return frozenset(owner for owner, since in self._free_since.items() if now - since >= self._grace)

    async def _beat(self) -> None:
        failures = 0
        while True:
            await asyncio.sleep(_BEAT if failures == 0 else _PAUSES[min(failures, len(_PAUSES)) - 1])
            try:
                if self._wire is None:
                    await self._connect()
                await self._ask("SELECT 1")
                failures = 0
            except (psycopg.Error, OSError) as error:
                failures += 1
                if failures == 1:
                    _log.warning("the sign that this process lives is interrupted: %s", error)

    async def _connect(self) -> None:
        wire = await psycopg.AsyncConnection.connect(*self._where, **self._how)
        try:
            # The server may not have noticed yet that an earlier connection of ours is gone; then this one waits.
            await _answered(wire, "SELECT pg_advisory_lock(%s)", [_key(self.owner)])
        except BaseException:
            await wire.close()
            raise
        # What was seen before may have been the server's restart.
        self._free_since = {}
        self._wire = wire

    async def _ask(self, question: LiteralString) -> list[tuple[Any, ...]]:
        """The rows; raises psycopg.Error, after which the connection is not used again."""
        async with self._one_question:
            wire = self._wire
            if wire is None:
                raise psycopg.OperationalError("not connected")
            try:
                return await (await _answered(wire, question)).fetchall()
            except psycopg.Error:
                await self._drop()
                raise

    async def _drop(self) -> None:
        wire, self._wire = self._wire, None
        if wire is not None:
            await wire.close()


async def _answered(wire: _Wire, question: LiteralString, values: Sequence[Any] = ()) -> psycopg.AsyncCursor[Any]:
    return await within(_ANSWER, wire.execute(question, values), lambda: on_postgres.hang_up(wire))


def _key(owner: str) -> int:
    """The number of the lock that stands for ``owner``."""
    return int.from_bytes(hashlib.sha256(owner.encode()).digest()[:8], signed=True)
