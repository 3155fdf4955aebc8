"""Customers under load: a socket each, words out, and what comes of them: kept, refused, answered by the bot."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bench.pairs import open_customer
from bench.wire import Wire

Frame = dict[str, Any]
_FOR_NOTHING = (b'{"type":"typing"', b'{"type":"delta"', b'{"type":"heartbeat"')


@dataclass(slots=True)
class Words:
    """One message. Times are of `time.perf_counter`, None until then; ``refused``: seconds it was told to wait."""

    key: str
    intended: float
    kept: float | None = None
    offset: int = 0
    refused: float | None = None
    wait: float | None = None


@dataclass(slots=True)
class Customer:
    """A page on our socket. ``answers``: the bot's lines after ``since``, offset and moment, in order of arrival."""

    wire: Wire
    conversation: str
    since: int = 0
    words: dict[str, Words] = field(default_factory=dict)
    answers: list[tuple[int, float]] = field(default_factory=list)
    control: str = "bot"
    told: Callable[[], None] | None = None
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def say(self, text: str, intended: float | None = None) -> Words:
        """Send ``text``. ``intended``: when it was due, if that is not now."""
        said = Words(f"k{next(self._numbers)}", time.perf_counter() if intended is None else intended)
        self.words[said.key] = said
        self.wire.say(json.dumps({"type": "say", "client_id": said.key, "text": text}).encode())
        return said

    async def asks(self, text: str, seconds: float = 30.0) -> float:
        """Say it and wait for the bot's next line; the seconds that took. Raises TimeoutError."""
        so_far, woken = len(self.answers), asyncio.Event()
        self.told = woken.set
        said = self.say(text)
        async with asyncio.timeout(seconds):
            while len(self.answers) == so_far:
                woken.clear()
                await woken.wait()
        return self.answers[-1][1] - said.intended

    def hear(self, payload: bytes) -> None:
        """A frame of the socket."""
        if payload.startswith(_FOR_NOTHING):
            return
        at, frame = time.perf_counter(), json.loads(payload)
        match frame["type"]:
            case "entry":
                self._entry(frame, at)
            case "error":
                self._refusal(frame, at)
            case "control":
                self.control = frame["control"]
        if self.told is not None:
            self.told()

    def _entry(self, frame: Frame, at: float) -> None:
        if frame["author"]["kind"] == "bot" and frame["offset"] > self.since:
            self.answers.append((frame["offset"], at))
        said = self.words.get(frame.get("client_id") or "")
        if said is not None and said.kept is None:
            said.kept, said.offset = at, frame["offset"]

    def _refusal(self, frame: Frame, at: float) -> None:
        said = self.words.get(frame.get("client_id") or "")
        if said is not None:
            said.refused, said.wait = at, frame.get("retry_after")


async def new_customer(address: tuple[str, int]) -> Customer:
    """Somebody new, after the welcome; the greeting is not counted as an answer."""
    screen, welcome = await open_customer(address)
    customer = Customer(screen.wire, welcome["conversation"], since=welcome["offset"])
    screen.wire.heard = customer.hear
    return customer


async def new_customers(address: tuple[str, int], count: int, at_once: int = 32) -> list[Customer]:
    """As many, some at a time."""
    turns = asyncio.Semaphore(at_once)

    async def one() -> Customer:
        async with turns:
            return await new_customer(address)

    return list(await asyncio.gather(*(one() for _ in range(count))))
