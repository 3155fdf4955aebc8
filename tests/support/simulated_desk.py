"""A desk as a discrete-event simulation, to hold predicted waits against what happens: seeded, no record, no clock.

Customers come at random, thickest after some hours. Agents have slots, answer after a moment, and are busy as long as
such conversations last; shifts begin and end. Customers may lose patience. A prediction sees the past only.
"""

from __future__ import annotations

import heapq
import math
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from handover.waits import Outlook, Past, Staffing, WaitRange

DAY = 10 * 3600.0
# As many past cases as the desk itself looks back at.
KEPT = 200


@dataclass(frozen=True)
class Scene:
    """``load``: arrivals over the usual day as a share of what the desk can do. Seconds everywhere."""

    load: float
    name: str = ""
    slots_each: int = 2
    # From which second of the day on how many agents are there.
    shifts: tuple[tuple[float, int], ...] = ((0, 5), (3 * 3600, 7), (7 * 3600, 5))
    handling: float = 480.0
    spread: float = 0.9
    answer: float = 9.0
    patience: float | None = 1500.0
    days: int = 12
    seed: int = 1


@dataclass
class Customer:
    came: float
    place: int
    free: int
    predicted: WaitRange | None = None
    taken: float | None = None
    left: float | None = None


@dataclass
class Desk:
    scene: Scene
    random: random.Random
    waiting: list[Customer] = field(default_factory=list)
    ringing: int = 0
    began: list[float] = field(default_factory=list)
    agents: int = 0
    events: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    count: int = 0
    now: float = 0.0
    answers: deque[float] = field(default_factory=lambda: deque(maxlen=KEPT))
    handlings: deque[float] = field(default_factory=lambda: deque(maxlen=KEPT))
    ended: deque[tuple[float, bool]] = field(default_factory=lambda: deque(maxlen=KEPT))
    seen: list[Customer] = field(default_factory=list)
    queue_high: int = 0

    def later(self, seconds: float, what: Callable[[], None]) -> None:
        self.count += 1
        heapq.heappush(self.events, (self.now + seconds, self.count, what))

    @property
    def free(self) -> int:
        return max(0, self.agents * self.scene.slots_each - len(self.began))

    def drawn(self, mean: float, spread: float) -> float:
        sigma = math.sqrt(math.log(1 + spread * spread))
        return self.random.lognormvariate(math.log(mean) - sigma * sigma / 2, sigma)

    def outlook(self) -> Outlook:
        waited = sum(seconds for seconds, _ in self.ended)
        gave_up = sum(gone for _, gone in self.ended)
        past = Past(tuple(sorted(self.answers)), tuple(sorted(self.handlings)), gave_up / waited if waited else 0.0)
        return Outlook(Staffing(self.free, tuple(self.now - at for at in self.began), self.agents), past)

    def comes(self) -> None:
        place, free = len(self.waiting) + 1, self.free
        self.queue_high = max(self.queue_high, place)
        customer = Customer(self.now, place, free, self.outlook().of(place))
        self.waiting.append(customer)
        self.seen.append(customer)
        if self.scene.patience is not None:
            self.later(self.random.expovariate(1 / self.scene.patience), lambda: self.loses_patience(customer))
        self.ring()

    def loses_patience(self, customer: Customer) -> None:
        if customer in self.waiting:
            self.waiting.remove(customer)
            customer.left = self.now
            self.ended.append((self.now - customer.came, True))

    def ring(self) -> None:
        while self.ringing < min(self.free, len(self.waiting)):
            self.ringing += 1
            self.later(self.drawn(self.scene.answer, 0.9), self.somebody_answers)

    def somebody_answers(self) -> None:
        self.ringing -= 1
        if self.waiting and self.free:
            customer = self.waiting.pop(0)
            customer.taken = self.now
            waited = self.now - customer.came
            self.ended.append((waited, False))
            if customer.free >= customer.place:
                self.answers.append(waited)
            began = self.now
            self.began.append(began)
            self.later(self.drawn(self.scene.handling, self.scene.spread), lambda: self.is_done(began))
        self.ring()

    def is_done(self, began: float) -> None:
        self.began.remove(began)
        self.handlings.append(self.now - began)
        self.ring()

    def staffed(self, agents: int) -> None:
        self.agents = agents
        self.ring()


def days_of(scene: Scene) -> list[Customer]:
    """Every customer of ``scene.days`` days, each day beginning with an empty desk that remembers the days before."""
    desk = Desk(scene, random.Random(scene.seed))
    usual = (
        sum(
            agents * (until - since)
            for (since, agents), until in zip(scene.shifts, [s for s, _ in scene.shifts[1:]] + [DAY], strict=True)
        )
        / DAY
    )
    rate = scene.load * usual * scene.slots_each / scene.handling
    for day in range(scene.days):
        # People are at the desk until the last customer is served.
        start = max(desk.now, day * 86_400.0)
        desk.now = start
        for since, agents in scene.shifts:
            desk.later(since, partial(desk.staffed, agents))
        at = 0.0
        while (at := at + desk.random.expovariate(rate * 1.4)) < DAY:
            # 0.6 to 1.4 times the usual rate: thickest after three hours.
            if desk.random.random() < (1 + 0.4 * math.sin(math.pi * at / DAY * 2 - 0.3)) / 1.4:
                desk.later(at, desk.comes)
        while desk.events:
            desk.now, _, what = heapq.heappop(desk.events)
            what()
    return desk.seen
