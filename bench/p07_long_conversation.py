"""P7: what turn 400 of one conversation costs against turn 10: time by the clock, CPU time, and stock Rasa beside it.

Every turn is a real one; ours and stock take theirs in turn. A figure stands for the turns around the one it names,
those around turn 10 in several conversations, because they are few and short.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

from bench.controls.stock_rasa import NAME, is_answer, message
from bench.customers import Customer, new_customer
from bench.plain_http import Pool
from bench.rasas import SAME, Both, as_run, both
from bench.row import OURS, Bench, Figure, Goal, Row, Samples

_TEXT = "thanks"
_EARLY = (6, 15)  # first and last turn that stand for turn 10
_OURS = ("service", "rasa")


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn: its number in its conversation, milliseconds by the clock, and of the processors."""

    number: int
    took: float
    used: float


class _Talks:
    """One conversation on both sides."""

    def __init__(self, running: Both, stock: Pool, customer: Customer) -> None:
        self._running = running
        self._stock = stock
        self._customer = customer
        self.lost = 0
        self.ours: list[Turn] = []
        self.control: list[Turn] = []

    async def until(self, last: int, end: float) -> None:
        """All turns to number ``last``; the control's to the moment ``end``, ours for a third of that time more."""
        ends = end + (end - time.perf_counter()) / 3
        for number in range(1, last + 1):
            if time.perf_counter() > ends:
                break
            self.ours.append(await self._ours(number))
            if time.perf_counter() < end:
                self.control.append(await self._control(number))
        self._customer.wire.close()

    async def _ours(self, number: int) -> Turn:
        before, began = self._running.cpu_seconds(*_OURS), time.perf_counter()
        try:
            await self._customer.asks(_TEXT)
        except TimeoutError:
            self.lost += 1
        took = time.perf_counter() - began
        return Turn(number, took * 1000, (self._running.cpu_seconds(*_OURS) - before) * 1000)

    async def _control(self, number: int) -> Turn:
        before, began = self._running.cpu_seconds("stock"), time.perf_counter()
        status, body = await self._stock.post(
            "/webhooks/rest/webhook", message(f"long-{self._customer.conversation}", _TEXT)
        )
        took = time.perf_counter() - began
        self.lost += not is_answer(status, body)
        return Turn(number, took * 1000, (self._running.cpu_seconds("stock") - before) * 1000)


async def measure(bench: Bench) -> Row:
    """Short conversations first, then the long one."""
    long, short, seconds = bench.pick(400, 18), bench.pick(5, 1), bench.pick(110.0, 15.0)
    talks = []
    async with both(bench.folder, real=bench.full) as running, Pool(running.stock) as stock:
        for last in (3, *([_EARLY[1]] * short), long):  # the first is thrown away
            talks.append(_Talks(running, stock, await new_customer(running.service.addresses[0])))
            await talks[-1].until(last, time.perf_counter() + seconds)
    return as_run(_row(talks[1:], full=bench.full), real=bench.full)


def around(turns: Sequence[Turn], first: int, last: int) -> tuple[float, float]:
    """Milliseconds of one turn from ``first`` to ``last``: the median by the clock, the mean of the processors'."""
    chosen = [turn for turn in turns if first <= turn.number <= last]
    return statistics.median(turn.took for turn in chosen), statistics.fmean(turn.used for turn in chosen)


def _row(talks: Sequence[_Talks], *, full: bool) -> Row:
    reached = talks[-1].ours[-1].number
    figures, times = [], {}
    for of, long in ((OURS, talks[-1].ours), (NAME, talks[-1].control)):
        last = long[-1].number
        late = (max(last - 19, _EARLY[1] + 1), last)
        every = [turn for talk in talks for turn in (talk.ours if of == OURS else talk.control)]
        early, later = around(every, *_EARLY), around(every, *late)
        times[of] = [then / now if now else float("inf") for now, then in zip(early, later, strict=True)]
        for name, (clock, used) in (("turn 10", early), (f"turn {last}", later)):
            figures += [Figure(of, f"{name}, clock", clock, "ms"), Figure(of, f"{name}, CPU", used, "ms")]
        figures += [
            Figure(of, f"turn {last} against turn 10, {what}", value, "times")
            for what, value in zip(("clock", "CPU"), times[of], strict=True)
        ]
    missed = float("inf") if any(talk.lost for talk in talks) or (full and reached < 400) else 0.0
    return Row(
        id="P7",
        title="Turn 400 against turn 10 of one conversation",
        figures=figures,
        goals=[
            Goal.at_most("turn 400 at most 1.3 times turn 10, by the clock", times[OURS][0] + missed, 1.3),
            Goal.at_most("turn 400 at most 1.3 times turn 10, CPU", times[OURS][1] + missed, 1.3),
        ],
        samples=[
            Samples(of, f"turn of the long conversation, {what}", "ms", [getattr(turn, field) for turn in turns])
            for of, turns in ((OURS, talks[-1].ours), (NAME, talks[-1].control))
            for what, field in (("clock", "took"), ("CPU", "used"))
        ],
        notes=[
            f"Turn 10: turns {_EARLY[0]} to {_EARLY[1]} of all conversations; the last: it and the 19 before it.",
            "Stock's turns grow; when time runs out it stops where it is, and ours goes on alone. Each names its last.",
            "Medians by the clock, means of CPU time (ours: service and Rasa; the kernel counts in hundredths).",
            "The words are answered without an action: docs/performance.md has the same with the shop's own actions.",
            "A conversation of three turns before was thrown away.",
        ],
        settings={**SAME, "words": _TEXT, "turns": reached},
    )
