"""The scripted model on a thread of the test, so that a journey says what the model does next and reads its prompts.

Answers to customers follow the script and, when it is empty, come from what the prompt holds. Summaries for agents
never use up the script: they come after a handover, when they like.
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.support.scripted_llm import NEEDS_NOTHING, Held, Say, ScriptedLLM, Step, answer_from, serving

Body = dict[str, Any]
PATIENCE = 40.0  # seconds, on a machine that does other things too

# What only a reply's prompt has: see actions/prompt.py.
_A_REPLY = "CUSTOMER'S WORDS TO ANSWER"


def prompt_of(body: Body) -> str:
    """All that the model is asked, as one text."""
    return "\n".join(str(message.get("content")) for message in body.get("messages", []))


def summary_from(body: Body) -> Say:
    """A summary made only of the customer's own words."""
    said = re.findall(r"^CUSTOMER: (.+)$", prompt_of(body), re.M) or ["nothing yet"]
    return Say(f"The customer began with: “{said[0]}”\nThen came: “{said[-1]}”", 16)


def read_slowly(body: Body) -> Held:
    """Two sentences of the first page found, let go one after the other."""
    page = re.search(r"^\[([a-z0-9-]+)\] .*\n(.+)$", prompt_of(body), re.M)
    assert page, "no page was found for this question"
    first, second = (sentence.strip() for sentence in re.findall(r".*?[.!?](?=\s|$)", page[2])[:2])
    mark = f" [{page[1]}]\n"
    # A sentence is shown when the next one has begun: then it is certain where it ends.
    return Held((f"{first}{mark}{second[:8]}", f"{second[8:]}{mark}I hope", f" that this helps.{NEEDS_NOTHING}"))


class ModelInThread:
    """``replies`` are the prompts of replies to customers, oldest first; ``steps`` how the next ones are answered."""

    def __init__(self) -> None:
        self.replies: list[str] = []
        self._steps: deque[Step | Callable[[Body], Step]] = deque()
        self._changed = threading.Condition()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._llm: ScriptedLLM | None = None
        self._over: asyncio.Event | None = None

    @property
    def url(self) -> str:
        """The base URL for the openai package."""
        assert self._llm is not None, "the model is not running"
        return self._llm.url

    @property
    def dropped(self) -> int:
        """How many answers the client stopped reading before they ended."""
        assert self._llm is not None, "the model is not running"
        return self._llm.dropped

    def then(self, *steps: Step | Callable[[Body], Step]) -> None:
        """Answer the next replies with these, one each; a function makes the step from the request."""
        with self._changed:
            self._steps.extend(steps)

    def left(self) -> int:
        """How many steps nobody has asked for yet."""
        with self._changed:
            return len(self._steps)

    def forget(self) -> None:
        """Drop what is left of the script, and leave to go on that nobody used."""
        with self._changed:
            self._steps.clear()
        if self._loop is not None and self._llm is not None:
            self._loop.call_soon_threadsafe(setattr, self._llm, "let_go", asyncio.Semaphore(0))

    def waits_for_dropped(self, number: int) -> None:
        """Until the client has stopped reading ``number`` answers in all."""
        assert self._llm is not None, "the model is not running"
        with self._changed:
            assert self._changed.wait_for(lambda: self.dropped >= number, PATIENCE), "the answer was read to its end"

    def let_go(self) -> None:
        """Let a Held answer say its next part."""
        assert self._loop is not None
        assert self._llm is not None
        self._loop.call_soon_threadsafe(self._llm.let_go.release)

    def waits_for_reply(self, number: int) -> str:
        """The prompt of reply ``number`` (from 0) as soon as the model has been asked for it."""
        with self._changed:
            asked = self._changed.wait_for(lambda: len(self.replies) > number, PATIENCE)
            assert asked, f"the model was asked for {len(self.replies)} replies, not for {number + 1}"
            return self.replies[number]

    def _next_step(self, body: Body) -> Step:
        prompt = prompt_of(body)
        with self._changed:
            if _A_REPLY not in prompt:
                return summary_from(body)
            self.replies.append(prompt)
            step = self._steps.popleft() if self._steps else answer_from
            self._changed.notify_all()
        return step(body) if callable(step) else step

    async def serve(self, ready: threading.Event) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        async with serving(self._next_step) as llm:
            self._llm = llm
            ready.set()
            watching = asyncio.create_task(self._watch(llm))
            await self._over.wait()
            watching.cancel()

    async def _watch(self, llm: ScriptedLLM) -> None:
        """Wakes those who wait for an answer that is read no further."""
        while True:
            await llm.stopped.wait()
            llm.stopped.clear()
            with self._changed:
                self._changed.notify_all()

    def end(self) -> None:
        if self._loop is not None and self._over is not None:
            self._loop.call_soon_threadsafe(self._over.set)


@contextmanager
def model_in_thread() -> Iterator[ModelInThread]:
    """A running model; its thread has ended afterwards."""
    model, ready = ModelInThread(), threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(model.serve(ready)), name="scripted model", daemon=True)
    thread.start()
    assert ready.wait(PATIENCE), "the scripted model did not start"
    try:
        yield model
    finally:
        model.end()
        thread.join(PATIENCE)
        assert not thread.is_alive(), "the scripted model did not end"
