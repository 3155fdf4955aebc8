"""Calls to the database that are finished once they are begun, also for a task that is cancelled meanwhile.

A cancelled call would leave its connection behind, in a thread that still works on it when the loop is closed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from sqlalchemy import CursorResult, Executable
from sqlalchemy.ext.asyncio import AsyncConnection

_T = TypeVar("_T")


async def unbroken(work: Coroutine[Any, Any, _T]) -> _T:
    """The result of ``work``. A task cancelled meanwhile is cancelled when ``work`` has ended, not before."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as wish:
            cancelled = wish
    if cancelled is None or task.cancelled():
        return task.result()
    task.exception()  # looked at: whoever is cancelled hears of nothing else
    raise cancelled


class UnbrokenConnection:
    """What queries need of a connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._on = connection

    async def execute(self, statement: Executable, values: Any = None) -> CursorResult[*tuple[Any, ...]]:
        """Run ``statement`` with the values of its parameters."""
        return await unbroken(self._on.execute(statement, values))
