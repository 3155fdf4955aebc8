"""A timer finer than an event loop's own, which both asyncio and uvloop round up to whole milliseconds.

Linux's timerfd, read by the loop like a socket: a load's messages leave when they were meant to, and nothing spins.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import struct
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

_CLOCK_MONOTONIC = 1  # what time.monotonic reads too
_NONBLOCK_CLOEXEC = os.O_NONBLOCK | os.O_CLOEXEC
_ABSOLUTE = 1
_SHORTEST = 0.000_2  # seconds; finer would only cost the machine more


class Ticks:
    """``with`` it, ``tick`` is called in the running loop at ``start`` and then every ``period`` seconds.

    ``start`` is of `time.monotonic`. Late ticks are made up for by one call: a tick looks at the clock itself. A
    ``period`` below 0.2 ms is taken as that.
    """

    def __init__(self, tick: Callable[[], None], *, start: float, period: float) -> None:
        self._tick = tick
        self._start = start
        self._period = max(period, _SHORTEST)
        self._libc = ctypes.CDLL(None, use_errno=True)

    def __enter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._fd = self._checked(self._libc.timerfd_create(_CLOCK_MONOTONIC, _NONBLOCK_CLOEXEC))
        when = struct.pack("qqqq", *_parts(self._period), *_parts(self._start))  # struct itimerspec
        self._checked(self._libc.timerfd_settime(self._fd, _ABSOLUTE, ctypes.c_char_p(when), None))
        self._loop.add_reader(self._fd, self._ring)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.remove_reader(self._fd)
        os.close(self._fd)

    def _ring(self) -> None:
        try:
            os.read(self._fd, 8)
        except BlockingIOError:
            return
        self._tick()

    def _checked(self, result: int) -> int:
        if result < 0:
            raise OSError(ctypes.get_errno(), "timerfd")
        return result


async def on_schedule(due: Sequence[float], period: float, act: Callable[[int, float], None]) -> None:
    """Call ``act`` with the number and the moment of each of ``due`` (of `time.monotonic`, ascending) once it is due.

    ``period``: seconds between two. Those whose time has passed meanwhile are done in one go, none is left out.
    """
    done = asyncio.Event()
    at = 0

    def tick() -> None:
        nonlocal at
        now = time.monotonic()
        while at < len(due) and due[at] <= now:
            at += 1
            act(at - 1, now)
        if at == len(due):
            done.set()

    if due:
        with Ticks(tick, start=due[0], period=period):
            await done.wait()


def _parts(seconds: float) -> tuple[int, int]:
    """Seconds and nanoseconds."""
    whole = round(seconds * 1_000_000_000)
    return whole // 1_000_000_000, whole % 1_000_000_000
