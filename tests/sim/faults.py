"""Faults on purpose: what the simulated platforms answer instead of taking a send."""

from __future__ import annotations

import random
import threading
from collections import defaultdict, deque
from dataclasses import dataclass, field

from tests.sim.calls import Reply, fixture_reply


@dataclass(frozen=True, slots=True)
class Fault:
    """One send goes wrong. ``reply`` None: the connection is dropped once the request was read.

    ``applied``: the platform has taken the message all the same, as in Meta's "sent successfully, but the endpoint
    returns an error"; its echo and statuses follow.
    """

    reply: Reply | None
    applied: bool = False


@dataclass(slots=True)
class Held:
    """Sends to one person wait unanswered, though taken, until ``let_go``."""

    opened: threading.Event = field(default_factory=threading.Event)

    def let_go(self) -> None:
        self.opened.set()


class Faults:
    """What the next sends of a channel meet, first come first served."""

    def __init__(self) -> None:
        self._next: defaultdict[str, deque[Fault]] = defaultdict(deque)
        self._held: dict[str, Held] = {}
        self._lock = threading.Lock()
        self._lost, self._rng = 0.0, random.Random()

    def lose(self, share: float, rng: random.Random) -> None:
        """From now on that share of the sends that meet nothing else is taken and never answered."""
        with self._lock:
            self._lost, self._rng = share, rng

    def answer(self, channel: str, reply: Reply | str, *, times: int = 1, applied: bool = False) -> None:
        """The next ``times`` sends are answered with ``reply``, or with the fixture of that name."""
        given = fixture_reply(reply) if isinstance(reply, str) else reply
        self._add(channel, Fault(given, applied), times)

    def drop(self, channel: str, *, times: int = 1, applied: bool) -> None:
        """The next ``times`` sends are read and never answered."""
        self._add(channel, Fault(None, applied), times)

    def hold(self, person: str) -> Held:
        """Sends to ``person`` are taken, their echo goes out, and the answer waits."""
        with self._lock:
            return self._held.setdefault(person, Held())

    def taken(self, channel: str) -> Fault | None:
        with self._lock:
            if self._next[channel]:
                return self._next[channel].popleft()
            return Fault(None, applied=True) if self._rng.random() < self._lost else None

    def held(self, person: str | None) -> Held | None:
        with self._lock:
            return self._held.get(person) if person is not None else None

    def forget(self, person: str) -> None:
        with self._lock:
            self._held.pop(person, None)

    def left(self) -> int:
        """Faults nobody met yet: a test that expects all of them asserts 0."""
        with self._lock:
            return sum(len(queue) for queue in self._next.values())

    def _add(self, channel: str, fault: Fault, times: int) -> None:
        with self._lock:
            self._next[channel].extend([fault] * times)
