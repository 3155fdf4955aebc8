"""The event loop's back lane: work for the bot, which lets whatever people wait for pass before each slice of it.

An event loop runs everything that is ready in order of arrival. With a bot that is asked for more than it can give,
people's words stand behind dozens of its steps, and again at each of the half dozen steps that their own way takes.
Who works here stops before a step, and goes on when the loop has been round once: what came meanwhile went first.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Generator
from functools import partial
from typing import Any, Generic, TypeVar

from bot.dialogue import Dialogue, TurnRequest, TurnResult

_T = TypeVar("_T")
# One slice goes on in each round of the loop, and one more for each so many that wait: the lane is slow, not shut.
_MORE_FOR_EACH = 16


class BackLane:
    """One per process; for work that holds nothing that people's words need, as a place in the record's order."""

    def __init__(self) -> None:
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._armed = False

    async def turn(self) -> None:
        """Wait until it is this work's turn: a round of the loop, more when others are in line."""
        loop = asyncio.get_running_loop()
        mine: asyncio.Future[None] = loop.create_future()
        self._waiting.append(mine)
        if not self._armed:
            self._armed = True
            loop.call_soon(self._go_on, loop)
        await mine

    async def slices(self, work: Coroutine[Any, Any, _T]) -> _T:
        """The result of ``work``, each of whose steps waits for its turn. Raises what it raises."""
        await self.turn()
        return await _Sliced(self, work)

    def _go_on(self, loop: asyncio.AbstractEventLoop) -> None:
        left = 1 + len(self._waiting) // _MORE_FOR_EACH
        while self._waiting and left:
            mine = self._waiting.popleft()
            if not mine.done():  # else it was cancelled
                mine.set_result(None)
                left -= 1
        self._armed = bool(self._waiting)
        if self._armed:
            loop.call_soon(self._go_on, loop)


class Gate:
    """``places`` at once, each taken when it is the work's turn in ``lane``: ``async with gate``."""

    def __init__(self, lane: BackLane, places: int) -> None:
        self._lane = lane
        self._places = asyncio.Semaphore(places)

    async def __aenter__(self) -> None:
        await self._places.acquire()
        try:
            await self._lane.turn()
        except BaseException:
            self._places.release()
            raise

    async def __aexit__(self, *_: object) -> None:
        self._places.release()


class _Sliced(Generic[_T]):
    """Awaits ``work`` as `await` does, and the lane after everything that ``work`` itself waits for."""

    def __init__(self, lane: BackLane, work: Coroutine[Any, Any, _T]) -> None:
        self._lane = lane
        self._work = work

    def __await__(self) -> Generator[Any, Any, _T]:
        step: Callable[[], Any] = partial(self._work.send, None)
        while True:
            try:
                waited_for = step()
            except StopIteration as end:
                result: _T = end.value
                return result
            try:
                yield waited_for
                yield from self._lane.turn().__await__()
            except BaseException as thrown:  # for ``work``: a cancellation, or how what it waited for has failed
                step = partial(self._work.throw, thrown)
            else:
                step = partial(self._work.send, None)


class DialogueInTheBackLane:
    """Implements `bot.dialogue.Dialogue` over another one, whose steps give way."""

    def __init__(self, dialogue: Dialogue, lane: BackLane) -> None:
        self._dialogue = dialogue
        self._lane = lane

    async def next_turn(self, request: TurnRequest) -> TurnResult:
        """Raises as the dialogue does."""
        return await self._lane.slices(self._dialogue.next_turn(request))

    async def ping(self) -> None:
        """Raises DialogueFailed when it is not ready."""
        await self._dialogue.ping()
