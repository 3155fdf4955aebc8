"""Keeps webhooks durably, many in one transaction: what arrives while one is written goes into the next."""

from __future__ import annotations

import asyncio

from handover.errors import SwitchboardError
from handover.ports import Records
from handover.record_ports_intake import Arrival

_MOST = 200  # webhooks in one transaction
_MOST_BYTES = 16_000_000


class Arrivals:
    """One per process. ``heard`` is set whenever something new is in the record."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._waiting: list[tuple[Arrival, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None
        self.heard = asyncio.Event()

    async def keep(self, arrival: Arrival) -> None:
        """Returns when ``arrival`` is in the record for good. Raises Unavailable."""
        kept: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((arrival, kept))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        await kept

    async def close(self) -> None:
        """Finish what is being written; who waits is told."""
        if self._writing is not None:
            await self._writing

    async def _write(self) -> None:
        while self._waiting:
            group = self._next()
            try:
                await self._insert([arrival for arrival, _ in group])
            except SwitchboardError as failed:
                await self._one_by_one(group, failed)
            except BaseException as failed:
                for _, kept in group:
                    _fail(kept, failed)
                raise
            for _, kept in group:
                if not kept.done():
                    kept.set_result(None)
            self.heard.set()

    def _next(self) -> list[tuple[Arrival, asyncio.Future[None]]]:
        size, count = 0, 0
        for arrival, _ in self._waiting[:_MOST]:
            size += len(arrival.body)
            if count and size > _MOST_BYTES:
                break
            count += 1
        group, self._waiting = self._waiting[:count], self._waiting[count:]
        return group

    async def _insert(self, arrivals: list[Arrival]) -> None:
        async with self._records.transaction() as tx:
            await tx.intake.keep(arrivals)

    async def _one_by_one(self, group: list[tuple[Arrival, asyncio.Future[None]]], failed: SwitchboardError) -> None:
        """One that the record refuses must not keep its neighbours out."""
        for arrival, kept in group:
            if len(group) > 1:
                try:
                    await self._insert([arrival])
                    continue
                except SwitchboardError as why:
                    failed = why
            _fail(kept, failed)


def _fail(kept: asyncio.Future[None], why: BaseException) -> None:
    if not kept.done():
        kept.set_exception(why)
