"""Background work that must not end: when it fails it is logged, counted and begun again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog

from handover.meters import Meters
from handover.ports import Clock

log = structlog.get_logger(__name__)

_PAUSE_SECONDS = 1.0
_LATER_SECONDS = 0.5


async def keep_running(name: str, work: Callable[[], Awaitable[None]], *, clock: Clock, meters: Meters) -> None:
    """Run ``work`` again and again until cancelled; a failure waits a second first."""
    while True:
        try:
            await work()
        except Exception:
            meters.background_failures.labels(name).inc()
            log.exception("background_work_failed", task=name)
        await clock.sleep(_PAUSE_SECONDS)


async def later(work: Callable[[], Awaitable[object]], *, clock: Clock) -> None:
    """What a start does not wait for: done when the socket is open."""
    await clock.sleep(_LATER_SECONDS)
    await work()
