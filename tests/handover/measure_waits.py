"""How good the predicted waits are, over simulated days: `python -m tests.handover.measure_waits` prints the table.

docs/waits.md shows what it printed; test_waits.py holds a part of it to what is promised.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass, replace

from tests.support.simulated_desk import Customer, Scene, days_of

SCENES = (
    Scene(0.5, "quiet"),
    Scene(0.75, "steady"),
    Scene(0.9, "busy"),
    Scene(1.0, "full"),
    Scene(1.15, "too much"),
    Scene(0.75, "steady, all stay", patience=None),
    Scene(0.9, "busy, all stay", patience=None),
    Scene(1.0, "full, all stay", patience=None),
    Scene(1.15, "too much, all stay", patience=None),
    Scene(0.9, "two people, one at a time", shifts=((0, 2),), slots_each=1),
    Scene(0.9, "one person, three at a time", shifts=((0, 1),), slots_each=3),
    Scene(0.9, "twenty people", shifts=((0, 20),), slots_each=3),
)


@dataclass(frozen=True, slots=True)
class Measured:
    """Over those who were told a range and had to queue. Times in minutes.

    ``inside``: the share whose wait lay in the range; who gave up after its end counts as outside. ``width`` and
    ``one_for_all``: the median range, and the range that would hold as many waits were it the same for everybody.
    """

    customers: int
    queued: int
    inside: float
    inside_at_once: float
    actual: float
    predicted: float
    width: float
    one_for_all: float


def measure(scene: Scene, days: int | None = None) -> Measured:
    seen = days_of(scene if days is None else replace(scene, days=days))
    known = [c for c in seen if c.predicted is not None and _judged(c)]
    queued, at_once = [c for c in known if c.place > c.free], [c for c in known if c.place <= c.free]
    taken = [c for c in queued if c.taken is not None]
    waits = sorted(_waited(c) for c in taken)
    tail = (1 - _inside(queued)) / 2
    return Measured(
        customers=len(seen),
        queued=len(queued),
        inside=_inside(queued),
        inside_at_once=_inside(at_once),
        actual=statistics.fmean(waits) / 60,
        predicted=statistics.fmean(sum(_ends(c)) / 2 for c in taken) / 60,
        width=statistics.median(_ends(c)[1] - _ends(c)[0] for c in taken) / 60,
        one_for_all=(waits[int((1 - tail) * (len(waits) - 1))] - waits[int(tail * (len(waits) - 1))]) / 60,
    )


def _ends(customer: Customer) -> tuple[int, int]:
    assert customer.predicted is not None
    return customer.predicted.low, customer.predicted.high


def _waited(customer: Customer) -> float:
    until = customer.taken if customer.taken is not None else customer.left
    assert until is not None
    return until - customer.came


def _judged(customer: Customer) -> bool:
    """Who gave up before the range ended proves nothing about it."""
    return customer.taken is not None or _waited(customer) > _ends(customer)[1]


def _inside(customers: list[Customer]) -> float:
    hits = sum(c.taken is not None and _ends(c)[0] <= _waited(c) <= _ends(c)[1] for c in customers)
    return hits / max(1, len(customers))


def main() -> None:
    print("| scene | load | customers | queued | inside | mean wait | mean predicted | width | one for all |")
    print("|---|---|---|---|---|---|---|---|---|")
    for scene in SCENES:
        m = measure(scene)
        print(
            f"| {scene.name} | {scene.load} | {m.customers} | {m.queued} | {m.inside:.0%} | {m.actual:.1f} | "
            f"{m.predicted:.1f} | {m.width:.1f} | {m.one_for_all:.1f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
