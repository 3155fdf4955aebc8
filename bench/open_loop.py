"""An open loop: message i is due at start + i / rate, whatever became of those before; latency counts from then.

So a server that stalls is charged with everything that was due meanwhile, and so is a generator that was late.
"""

from __future__ import annotations

import asyncio
import time
from array import array
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from bench.ticks import on_schedule

_DRAIN = 30.0  # seconds at most
_QUIET = 1.5  # seconds without one more: what is missing now is lost for good


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of one run, in milliseconds from when each message was due, in that order.

    ``arrived`` and ``acknowledged`` hold only those that came; ``lost`` counts those that never arrived. ``late``: how
    late the generator itself sent, its share of the latency. ``seconds``: how long the run was to send. ``ended``: the
    close codes of connections that the server has ended by then; what was to go over them is lost.
    """

    rate: float
    seconds: float
    sent: int
    arrived: Sequence[float]
    acknowledged: Sequence[float]
    late: Sequence[float]
    ended: Sequence[int] = ()

    @property
    def lost(self) -> int:
        return self.sent - len(self.arrived)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of_json(cls, told: dict[str, Any]) -> Heard:
        return cls(**told)


class OpenLoop:
    """Sends numbered messages by ``say`` (taken in turn) and is told of their numbers coming back.

    Numbers go on from run to run, so that a straggler of the run before is not counted in this one.
    """

    def __init__(self) -> None:
        self._base = 0
        self._sent = 0
        self._missing = 0
        self._news = 0
        self._whole = asyncio.Event()
        self._due = array("d")
        self._gone = array("d")
        self._arrived = array("d")
        self._acknowledged = array("d")

    def arrived(self, number: int) -> None:
        """The message ``number`` is at the other end; its first coming counts."""
        at = number - self._base
        if 0 <= at < self._sent and not self._arrived[at]:
            self._arrived[at] = time.monotonic()
            self._missing -= 1
            self._news += 1
            if not self._missing:
                self._whole.set()

    def acknowledged(self, number: int) -> None:
        """The sender knows that ``number`` was taken."""
        at = number - self._base
        if 0 <= at < self._sent and not self._acknowledged[at]:
            self._acknowledged[at] = time.monotonic()
            self._news += 1

    async def run(self, say: Sequence[Callable[[int], None]], *, rate: float, seconds: float, patience: float) -> Heard:
        """Send ``rate`` messages a second for ``seconds``, then wait up to ``patience`` seconds for what is missing."""
        count = max(1, round(rate * seconds))
        self._base += self._sent
        self._sent, self._missing, self._whole = 0, count, asyncio.Event()
        start = time.monotonic() + 0.05
        self._due = array("d", (start + at / rate for at in range(count)))
        self._gone, self._arrived, self._acknowledged = (array("d", bytes(8 * count)) for _ in range(3))

        def act(at: int, now: float) -> None:
            self._sent = at + 1
            self._gone[at] = now
            say[at % len(say)](self._base + at)

        await on_schedule(self._due, 1 / rate, act)
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await self._whole.wait()
        heard = self._heard(rate, seconds)
        await self._drained()
        return heard

    async def _drained(self) -> None:
        """Let an overloaded server come to rest, so that the next run does not pay for this one; it counts no more."""
        end, last = time.monotonic() + _DRAIN, -1
        while self._missing and self._news != last and time.monotonic() < end:
            last = self._news
            with suppress(TimeoutError):
                async with asyncio.timeout(_QUIET):
                    await self._whole.wait()

    def _heard(self, rate: float, seconds: float) -> Heard:
        def after(times: array[float]) -> list[float]:
            return [round((at - due) * 1000, 4) for at, due in zip(times, self._due, strict=True) if at]

        lists = after(self._arrived), after(self._acknowledged), after(self._gone)
        return Heard(rate, seconds, self._sent, *lists)
