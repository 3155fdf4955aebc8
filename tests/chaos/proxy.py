"""A TCP proxy of ours that does harm on request: per connection and direction, changed while it runs.

It stands between any two processes on the loopback. What it may do to the bytes of one direction is a `Way`; what
happens to a whole connection (reset, refuse) is asked of the proxy or of one `Pair`.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import struct
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Self

from tests.chaos.until import until

_PIECE = 65_536
_FOR_EVER = 3_600.0
# Linger on, for no time at all: the kernel answers with RST and throws away what it still has.
_RESET_AT_ONCE = struct.pack("ii", 1, 0)


@dataclass(slots=True)
class Way:
    """What happens to the bytes of one direction. Nothing, unless something is set.

    ``delay``, ``jitter``: seconds before each piece goes on. ``rate``: bytes per second. ``cut_after``: after so many
    bytes both sides get a reset, in the middle of whatever was being said; ``cut_next``: half of the next piece still
    passes. ``truncate_after``: after so many bytes
    this direction ends in good order, as if the rest had never been. ``garbage_after``: after so many bytes,
    ``garbage`` random bytes are slipped in. ``stalled``: nothing goes on, and nobody is told.
    """

    delay: float = 0.0
    jitter: float = 0.0
    rate: float | None = None
    cut_after: int | None = None
    cut_next: bool = False
    truncate_after: int | None = None
    garbage_after: int | None = None
    garbage: int = 16
    stalled: bool = False


Plan = Callable[[int], tuple[Way, Way]]


def calm(_: int = 0) -> tuple[Way, Way]:
    """The plan of a proxy that only passes on."""
    return Way(), Way()


class Pair:
    """One connection through the proxy: ``there`` is what the caller sends, ``back`` what it is answered."""

    def __init__(self, number: int, there: Way, back: Way) -> None:
        self.number = number
        self.there = there
        self.back = back
        self.task: asyncio.Task[None] | None = None
        self.writers: list[asyncio.StreamWriter] = []

    def reset(self) -> None:
        """RST to both sides."""
        for writer in self.writers:
            _reset(writer)

    def change(self, there: Way, back: Way) -> None:
        """From now on these hold; bytes that passed are not counted again."""
        self.there, self.back = there, back


@dataclass
class FaultProxy:
    """``async with FaultProxy(("127.0.0.1", 5432)) as proxy``: listens on ``proxy.port``.

    ``plan`` says what the next connection gets, by its number. ``refuse``: new connections are reset at once.
    ``counts`` tells what was done so far, by kind.
    """

    target: tuple[str, int]
    seed: int = 0
    name: str = "proxy"
    port: int = 0
    plan: Plan = calm
    refuse: bool = False
    counts: Counter[str] = field(default_factory=Counter)
    pairs: set[Pair] = field(default_factory=set)

    async def __aenter__(self) -> Self:
        self._random = random.Random(self.seed)
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, backlog=1_024)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        tasks = [pair.task for pair in self.pairs if pair.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._server.wait_closed()

    def calm_down(self) -> None:
        """No faults any more, for old connections and new ones; what was stalled goes on."""
        self.plan, self.refuse = calm, False
        for pair in self.pairs:
            pair.change(Way(), Way())

    def reset_all(self) -> int:
        """RST to every connection that is open; returns how many there were."""
        for pair in list(self.pairs):
            pair.reset()
        self.counts["reset"] += len(self.pairs)
        return len(self.pairs)

    def change_all(self, there: Way, back: Way) -> None:
        """Every open connection behaves like this from now on."""
        for pair in self.pairs:
            pair.change(replace(there), replace(back))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.counts["connections"] += 1
        there, back = self.plan(self.counts["connections"])
        pair = Pair(self.counts["connections"], there, back)
        pair.task = asyncio.current_task()
        pair.writers.append(writer)
        self.pairs.add(pair)
        try:
            if self.refuse:
                self.counts["refused"] += 1
                _reset(writer)
                return
            await self._pass_on(pair, reader, writer)
        except OSError:
            self.counts["unreachable"] += 1
            _reset(writer)  # nobody behind us: the caller sees a refused connection
        except asyncio.CancelledError:
            pass  # the proxy ends
        finally:
            self.pairs.discard(pair)
            for each in pair.writers:
                each.close()

    async def _pass_on(self, pair: Pair, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(*self.target)
        pair.writers.append(far_writer)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._pump(pair, "there", reader, far_writer))
            group.create_task(self._pump(pair, "back", far_reader, writer))

    async def _pump(
        self, pair: Pair, direction: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        passed = 0
        try:
            while piece := await reader.read(_PIECE):
                piece = await self._shaped(pair, direction, piece, passed)
                passed += len(piece)
                way: Way = getattr(pair, direction)
                writer.write(piece)
                await writer.drain()
                if way.cut_next or (way.cut_after is not None and passed >= way.cut_after):
                    self.counts["cut"] += 1
                    await asyncio.sleep(0.001)  # what was written before the cut may still go out
                    pair.reset()
                    return
                if way.truncate_after is not None and passed >= way.truncate_after:
                    self.counts["truncated"] += 1
                    break
            if writer.can_write_eof():
                writer.write_eof()
        except (ConnectionError, OSError):
            pair.reset()

    async def _shaped(self, pair: Pair, direction: str, piece: bytes, passed: int) -> bytes:
        """``piece`` as it goes on, when it goes on."""
        way: Way = getattr(pair, direction)
        if way.delay or way.jitter:
            self.counts["delayed"] += 1
            await asyncio.sleep(way.delay + way.jitter * self._random.random())
        if way.rate:
            await asyncio.sleep(len(piece) / way.rate)
        if way.stalled:
            self.counts["stalled"] += 1
            await until(lambda: not getattr(pair, direction).stalled, _FOR_EVER, "the end of a stall")
        way = getattr(pair, direction)  # it may have been changed meanwhile
        if way.cut_next:
            piece = piece[: (len(piece) + 1) // 2]
        for limit in (way.cut_after, way.truncate_after):
            if limit is not None:
                piece = piece[: max(0, limit - passed)]
        if way.garbage_after is not None and passed + len(piece) > way.garbage_after:
            at = max(0, way.garbage_after - passed)
            piece = piece[:at] + self._random.randbytes(way.garbage) + piece[at:]
            way.garbage_after = None
            self.counts["garbage"] += 1
        return piece


def _reset(writer: asyncio.StreamWriter) -> None:
    there: socket.socket | None = writer.get_extra_info("socket")
    with contextlib.suppress(OSError, AttributeError):
        if there is not None:
            there.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_ONCE)
    writer.transport.abort()
