"""Who takes a turn when: one worker for each conversation with something to answer, so many turns at once in all.

A worker waits for the rest of the burst, takes a turn, and goes on while there is more. It knows times and wishes,
not Rasa and not the record: `bot.one_turn` does the turn. While others wait for a place no turn is thrown away for
newer words: these wait in the line like everybody's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal, Protocol

import structlog

from bot.bursts import answer_at, window
from bot.deadlines import within
from bot.relay_settings import RelaySettings
from bot.turn_places import Place, TurnPlaces
from handover.desk import TurnBrief
from handover.entries import ConversationId
from handover.errors import SwitchboardError
from handover.ports import Clock

log = structlog.get_logger(__name__)

# "unfinished": committed, and the customer has written more meanwhile, maybe through another process.
TurnOutcome = Literal["committed", "unfinished", "superseded", "fenced"]


class TakesTurns(Protocol):
    """What `bot.one_turn.OneTurn` does."""

    async def take(
        self,
        conversation: ConversationId,
        *,
        newer: asyncio.Event,
        even_if_newer: bool,
        overloaded: bool = False,
        begun: TurnBrief | None = None,
    ) -> TurnOutcome | None:
        """None when there is nothing to take. ``newer`` is set when the customer says more while it is under way.

        ``overloaded``: do not ask the bot, hand over at once. ``begun``: it has begun in the record already.
        """
        ...

    async def release(self, conversation: ConversationId) -> None:
        """A turn has begun there for this process, and nobody takes it."""
        ...


@dataclass(slots=True)
class _Burst:
    """One conversation's worker. ``woken``: something came that no turn has taken up yet."""

    first: float
    last: float
    text: str
    button: bool
    typed: float | None = None
    woken: bool = True
    superseded: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    newer: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None


@dataclass(frozen=True, slots=True)
class _Begun:
    """A turn that began when its words were recorded, and the place that was kept for it."""

    brief: TurnBrief
    place: Place


class Turns:
    """Wakes and runs the workers. Messages may come before `run`; they are taken up when it starts."""

    def __init__(self, turn: TakesTurns, *, settings: RelaySettings, clock: Clock) -> None:
        self._turn = turn
        self._settings = settings
        self._clock = clock
        self._bursts: dict[ConversationId, _Burst] = {}
        self._reserved: dict[ConversationId, Place] = {}
        self._places = TurnPlaces(settings.turns_at_once, clock)
        self._group: asyncio.TaskGroup | None = None
        self._coming = 0

    async def run(self) -> None:
        """Until it is cancelled; then every worker has ended."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            try:
                for conversation, burst in self._bursts.items():
                    self._start(conversation, burst)
                await asyncio.Event().wait()
            finally:
                self._group = None
                self._bursts.clear()

    def said(self, conversation: ConversationId, text: str, *, button: bool) -> None:
        """The customer said ``text``, and the bot has control."""
        now = self._clock.monotonic()
        burst = self._bursts.get(conversation)
        if burst is None:
            self._begin(conversation, _Burst(first=now, last=now, text=text, button=button))
            return
        if not burst.woken:
            burst.first = now
        burst.last, burst.text, burst.button, burst.woken = now, text, button, True
        burst.changed.set()
        burst.newer.set()

    async def reserve(self, conversation: ConversationId, text: str, *, button: bool) -> bool:
        """Whether a turn may begin in the record together with ``text``, which is about to be recorded.

        So it is when these words are to be answered at once, nobody is at work there, and a place is free, which is
        then kept. `begun` or `lost` must follow.
        """
        if self._group is None or self.has(conversation) or conversation in self._reserved:
            return False
        if window(text, button=button, settings=self._settings.burst) > 0:
            return False
        place = self._places.place()
        if not await place.take_now():
            return False
        self._reserved[conversation] = place
        return True

    def begun(self, conversation: ConversationId, brief: TurnBrief | None) -> None:
        """The words are recorded, and ``brief`` is the turn that began with them, if one did: take it."""
        place = self._reserved.pop(conversation)
        if brief is None:
            place.give_back()
        elif self._group is None or conversation in self._bursts:
            # Words recorded meanwhile have woken a worker, which found this turn in its way.
            place.give_back()
            self._release(conversation)
        else:
            now = self._clock.monotonic()
            burst = _Burst(first=now, last=now, text="", button=True, woken=False)
            self._bursts[conversation] = burst
            burst.task = self._group.create_task(self._work(conversation, burst, _Begun(brief, place)))
            # A task that is cancelled before it runs would never give it back.
            burst.task.add_done_callback(lambda _: place.give_back())

    def lost(self, conversation: ConversationId) -> None:
        """Nobody knows whether the words were recorded, nor whether a turn has begun with them."""
        self._reserved.pop(conversation).give_back()
        self._release(conversation)

    def _release(self, conversation: ConversationId) -> None:
        if self._group is not None:
            self._group.create_task(self._released(conversation))

    async def _released(self, conversation: ConversationId) -> None:
        try:
            await self._turn.release(conversation)
        except SwitchboardError:
            log.exception("the turn could not be released; its lease will end", conversation=conversation)
            return
        burst = self._bursts.get(conversation)
        if burst is None:
            self.wake(conversation)
        else:
            burst.woken = True
            burst.newer.set()

    def typed(self, conversation: ConversationId) -> None:
        """The customer is typing: a burst that is being waited for waits for this too."""
        burst = self._bursts.get(conversation)
        if burst is not None:
            burst.typed = self._clock.monotonic()
            burst.changed.set()

    def wake(self, conversation: ConversationId) -> None:
        """Somebody forgot to answer here: take a turn now, unless a worker is at it."""
        if conversation not in self._bursts and conversation not in self._reserved:
            now = self._clock.monotonic()
            self._begin(conversation, _Burst(first=now, last=now, text="", button=True))

    def abandon(self, conversation: ConversationId) -> None:
        """The turn under way has lost its right; its worker is let go, however stuck it is."""
        burst = self._bursts.pop(conversation, None)
        if burst is not None and burst.task is not None:
            burst.task.cancel()

    @property
    def at_work(self) -> int:
        """How many conversations have a worker."""
        return len(self._bursts)

    @property
    def waiting(self) -> int:
        """How many of them wait for the rest of a burst or for a place."""
        return max(0, len(self._bursts) + len(self._reserved) - self._places.taken)

    @property
    def wait(self) -> float:
        """Seconds that a conversation which comes now would wait for its turn, as far as can be told."""
        return self._places.wait(self.waiting + self._coming - len(self._reserved))

    @contextmanager
    def coming(self) -> Iterator[None]:
        """Words are being recorded, which may need a turn: they stand in the line already, however long that takes."""
        self._coming += 1
        try:
            yield
        finally:
            self._coming -= 1

    def has(self, conversation: ConversationId) -> bool:
        """Whether a worker is at this conversation: words said there now wait for no further turn."""
        return conversation in self._bursts

    def _begin(self, conversation: ConversationId, burst: _Burst) -> None:
        self._bursts[conversation] = burst
        self._start(conversation, burst)

    def _start(self, conversation: ConversationId, burst: _Burst) -> None:
        if self._group is not None:
            burst.task = self._group.create_task(self._work(conversation, burst))

    async def _work(self, conversation: ConversationId, burst: _Burst, begun: _Begun | None = None) -> None:
        try:
            while begun is not None or burst.woken:
                if begun is None:
                    await self._wait_for_the_rest(burst)
                outcome = await self._take(conversation, burst, begun)
                begun = None
                if outcome == "superseded":
                    burst.superseded, burst.woken = burst.superseded + 1, True
                else:
                    burst.superseded, burst.woken = 0, burst.woken or outcome == "unfinished"
        except Exception:
            # The words are in the record: the watchdog wakes this conversation again, or hands it over.
            log.exception("the turn broke", conversation=conversation)
        finally:
            if self._bursts.get(conversation) is burst:
                del self._bursts[conversation]

    async def _wait_for_the_rest(self, burst: _Burst) -> None:
        while True:
            at = answer_at(
                first=burst.first,
                last=burst.last,
                text=burst.text,
                button=burst.button,
                typed=burst.typed,
                settings=self._settings.burst,
            )
            left = at - self._clock.monotonic()
            if left <= 0:
                return
            burst.changed.clear()
            with suppress(TimeoutError):
                await within(self._clock, left, burst.changed.wait())

    async def _take(self, conversation: ConversationId, burst: _Burst, begun: _Begun | None) -> TurnOutcome | None:
        place = self._places.place() if begun is None else begun.place
        try:
            overloaded = begun is None and await self._is_full(place)
            if begun is None:
                burst.woken = False  # before the record is read: what comes from here on wakes the worker again
                burst.newer.clear()
            # A turn that began with its words says in the record already whether newer ones silence it.
            others_wait = begun is None and self._places.crowded
            enough = overloaded or others_wait or burst.superseded >= self._settings.supersedes
            outcome = await self._turn.take(
                conversation,
                newer=burst.newer,
                even_if_newer=enough,
                overloaded=overloaded,
                begun=None if begun is None else begun.brief,
            )
            if outcome is not None:
                place.counts()
            return outcome
        finally:
            place.give_back()

    async def _is_full(self, place: Place) -> bool:
        """Takes a place; True when there was none for as long as a whole turn may last."""
        try:
            await within(self._clock, self._settings.place_seconds, place.take())
        except TimeoutError:
            return True
        return False
