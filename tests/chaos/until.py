"""Waiting for a condition by asking again and again, with a generous limit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

_EVERY = 0.02


async def until(condition: Callable[[], bool], seconds: float = 30.0, what: str = "the condition") -> None:
    """Returns when ``condition()`` is true. Raises TimeoutError naming ``what`` when it never is."""
    for _ in range(int(seconds / _EVERY)):
        if condition():
            return
        await asyncio.sleep(_EVERY)
    raise TimeoutError(f"{what} did not come within {seconds:g} s")
