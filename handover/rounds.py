"""One task looks after every open socket of this process: heartbeats, stuck peers, what the feed lost, and the end.

The live feed may lose anything. Every now and then (every second while the feed is known to be broken, and after it
came back) a round reads once which conversations have changed since the last one, and only sockets that show an older
picture of these catch up from the record. An idle socket costs a heartbeat and nothing else.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol

import structlog

from handover.agent_frames import ConversationFrame
from handover.entries import ConversationId
from handover.errors import FellBehind, Moving, SwitchboardError
from handover.ports import Clock, LiveFeed
from handover.reading import Reading
from handover.sockets import Socket

log = structlog.get_logger(__name__)

HEARTBEAT_TICKS = 20  # with a tick of a second: pages begin to doubt a line that is silent for longer
_TICK_SECONDS = 1.0
_PAGE = 500
_SOON = 1.0  # seconds within which those who must move connect again


class Guest(Protocol):
    """What an open socket shows."""

    @property
    def socket(self) -> Socket[Any]: ...

    def behind(self, row: ConversationFrame) -> bool:
        """Whether it shows less than ``row``, the newest there is."""
        ...

    @property
    def unsure(self) -> bool:
        """Whether it shows something that no row tells of, and that may be old."""
        ...


class Rounds:
    """``every``: seconds between two looks at the record while all is well."""

    def __init__(self, reading: Reading, live: LiveFeed, clock: Clock, *, every: float) -> None:
        self._reading = reading
        self._live = live
        self._clock = clock
        self._every = every
        self._lines: dict[ConversationId, tuple[Guest, ...]] = {}
        self._screens: set[Guest] = set()
        self._wheel: list[set[Guest]] = [set() for _ in range(HEARTBEAT_TICKS)]
        self._joined = 0
        self._swept: int | None = None
        self._look_at = 0.0
        self.draining = False

    @property
    def guests(self) -> int:
        """How many sockets are looked after."""
        return sum(map(len, self._wheel))

    def welcome_nobody(self) -> None:
        """Raises Moving once the process is about to stop."""
        if self.draining:
            raise _moving()

    def joined(self, guest: Guest, conversation: ConversationId | None = None) -> AbstractContextManager[None]:
        """Look after ``guest``: a customer's line to ``conversation``, or a screen that shows all of them."""
        self.welcome_nobody()
        self._joined += 1
        return _Visit(self, guest, conversation, self._joined % HEARTBEAT_TICKS)

    def comes(self, guest: Guest, conversation: ConversationId | None, spoke: int) -> None:
        """For `joined`."""
        self._wheel[spoke].add(guest)
        if conversation is None:
            self._screens.add(guest)
        else:
            self._lines[conversation] = (*self._lines.get(conversation, ()), guest)

    def goes(self, guest: Guest, conversation: ConversationId | None, spoke: int) -> None:
        """For `joined`."""
        self._wheel[spoke].discard(guest)
        if conversation is None:
            self._screens.discard(guest)
            return
        left = tuple(each for each in self._lines.get(conversation, ()) if each is not guest)
        if left:
            self._lines[conversation] = left
        else:
            self._lines.pop(conversation, None)

    def look_soon(self) -> None:
        """The live feed has lost something: look at the record with the next tick."""
        self._look_at = 0.0

    async def run(self) -> None:
        """Until it is cancelled."""
        tick = min(_TICK_SECONDS, self._every)
        number = 0
        while True:
            await self._clock.sleep(tick)
            number += 1
            for guest in tuple(self._wheel[number % HEARTBEAT_TICKS]):
                guest.socket.beat()
            self._end_the_stuck()
            if not self._live.healthy or self._clock.monotonic() >= self._look_at:
                await self.look()

    def _end_the_stuck(self) -> None:
        for spoke in self._wheel:
            for guest in [guest for guest in spoke if guest.socket.stuck()]:
                guest.socket.end(FellBehind("This connection reads too slowly. Connect again and resume."))

    async def look(self) -> None:
        """One round: whoever shows less than the record holds catches up."""
        try:
            self._look_at = self._clock.monotonic() + self._every
            if self._swept is None:
                await self._begin()
            else:
                await self._wake_those_behind(self._swept)
        except SwitchboardError as error:
            self._look_at = 0.0
            log.warning("round_failed", code=error.code)
        for guest in tuple(self._screens):
            guest.socket.ask("check")

    async def _begin(self) -> None:
        """The first look: what was told before it may have been lost by anybody."""
        self._swept = await self._reading.feed()
        for guest in self._everybody():
            guest.socket.ask("check")

    async def _wake_those_behind(self, swept: int) -> None:
        behind = {guest for guest in self._everybody() if guest.unsure}
        while rows := await self._reading.changed_since(swept, _PAGE):
            for row in rows:
                here = self._lines.get(ConversationId(row.conversation), ())
                behind |= {guest for guest in here if guest.behind(row)}
                swept = max(swept, row.feed)
            if len(rows) < _PAGE:
                break
        self._swept = swept
        for guest in behind:
            guest.socket.ask("check")

    def _everybody(self) -> list[Guest]:
        return [guest for room in self._lines.values() for guest in room]

    async def drain(self, seconds: float, *, hurry: Callable[[], bool] = lambda: False) -> None:
        """Send every socket away, spread over ``seconds``; then wait until they are gone, as long again at most.

        A frame that is being handled is handled to its end first. ``hurry`` says whether to stop waiting.
        """
        self.draining = True
        leaving = [guest for spoke in self._wheel for guest in spoke]
        random.shuffle(leaving)
        began = self._clock.monotonic()
        for number, guest in enumerate(leaving):
            due = began + seconds * number / len(leaving)
            if due - self._clock.monotonic() > 0.01 and not hurry():
                await self._clock.sleep(due - self._clock.monotonic())
            guest.socket.end(_moving())
        while self.guests and self._clock.monotonic() < began + 2 * seconds and not hurry():
            await self._clock.sleep(0.02)


class _Visit:
    """The block in which a guest is looked after."""

    __slots__ = ("_conversation", "_guest", "_rounds", "_spoke")

    def __init__(self, rounds: Rounds, guest: Guest, conversation: ConversationId | None, spoke: int) -> None:
        self._rounds, self._guest, self._conversation, self._spoke = rounds, guest, conversation, spoke

    def __enter__(self) -> None:
        self._rounds.comes(self._guest, self._conversation, self._spoke)

    def __exit__(self, *_: object) -> None:
        self._rounds.goes(self._guest, self._conversation, self._spoke)


def _moving() -> Moving:
    wait = round(random.uniform(0, _SOON), 3)
    return Moving("This connection moves to another server. Connect again and resume.", retry_after=wait)
