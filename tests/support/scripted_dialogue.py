"""A Dialogue that follows a script: strict about what it is asked, with every fault on demand.

Each step answers one `next_turn`: a text, a TurnResult, a DialogueFailed, or a function of the request (sync or
async) that returns one of these. With ``otherwise`` it answers anything after the script, too.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from types import TracebackType
from typing import Self

from bot.dialogue import DialogueFailed, TurnRequest, TurnResult
from handover.entries import ConversationId

Answer = str | TurnResult | DialogueFailed
Step = Answer | Callable[[TurnRequest], Answer | Awaitable[Answer]]


class ScriptedDialogue:
    """``heard`` are the requests. The state it hands out names the turns it stands on: ``{"turns": [...]}``."""

    def __init__(self, steps: Iterable[Step] = (), *, otherwise: Step | None = None) -> None:
        self._left = list(steps)
        self.otherwise = otherwise
        self._at_work: set[ConversationId] = set()
        self.heard: list[TurnRequest] = []
        self.surprises: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.done()

    def done(self) -> None:
        """Fails when the script is not over, or when something was asked that it does not have."""
        assert not self.surprises, self.surprises
        assert not self._left, f"the dialogue was never asked for: {self._left}"

    async def next_turn(self, request: TurnRequest) -> TurnResult:
        if request.conversation in self._at_work:
            self.surprises.append(f"two turns at once in {request.conversation}")
        self._at_work.add(request.conversation)
        self.heard.append(request)
        try:
            return await self._answer(request)
        finally:
            self._at_work.discard(request.conversation)

    async def ping(self) -> None:
        return None

    async def _answer(self, request: TurnRequest) -> TurnResult:
        step = self._left.pop(0) if self._left else self.otherwise
        if step is None:
            self.surprises.append(f"unexpected turn: {request.text!r}")
            raise DialogueFailed("garbage", "the script is over", retry=False)
        answer = step(request) if callable(step) else step
        if inspect.isawaitable(answer):
            answer = await answer
        if isinstance(answer, DialogueFailed):
            raise answer
        result = TurnResult(answer) if isinstance(answer, str) else answer
        return replace(result, state={"turns": [*(request.state or {"turns": []})["turns"], request.turn]})
