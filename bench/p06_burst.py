"""P6: five quick messages of one customer, with an action that takes 50 ms: how long until all are answered.

Ours waits a moment when words look unfinished and answers a burst in one turn, with one reply; stock answers line by
line. So ours is measured three ways: questions that look finished, as an installation ships; words that do not, as it
ships; and these with every BURST_ setting at 0, when the first line is answered at once and overtaken.
"""

from __future__ import annotations

import asyncio
import itertools
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.controls.stock_rasa import NAME, is_answer, message
from bench.customers import Customer, new_customer
from bench.plain_http import Pool
from bench.rasas import SAME, as_run, behind, both
from bench.row import OURS, Bench, Figure, Goal, Row, Samples, latencies
from bench.service import Service, embedded

# Of one subject: joined, the model understands them as one question, and each alone as well. One action answers all.
FINISHED = (
    "What is your return policy?",
    "Within how many days can I send a jacket back?",
    "Is returning it free?",
    "Does that go for worn boots?",
    "And for sale items?",
)
UNFINISHED = (
    "tell me about your return policy",
    "within how many days can I send a jacket back",
    "it should be free to return it",
    "the same question for boots that are worn",
    "and also for sale items that I bought",
)
_NONE = {f"BURST_{name}": "0" for name in ("USUAL", "FRAGMENT", "CUT", "TYPING", "CAP")}
_PATIENCE = 20.0
_AFTER = 0.3  # seconds more in which a second answer would be seen


@dataclass(slots=True)
class Bursts:
    """What bursts came to: milliseconds until everything was answered; bot lines; what was wrong with the record."""

    took: list[float] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    wrong: int = 0
    lost: int = 0


async def measure(bench: Bench) -> Row:
    """Bursts of ours and of stock in turn; then ours again without any waiting."""
    count = bench.pick(6, 1)
    finished, unfinished, at_once, stock = Bursts(), Bursts(), Bursts(), Bursts()
    without = bench.folder / "without-waiting"
    without.mkdir()
    async with both(bench.folder, real=bench.full) as running, Pool(running.stock) as line:
        settings = {**behind(running.rasa[1], running.actions[1]), **_NONE}
        async with embedded(without, core=None, prefix=(), **settings) as impatient:
            for service in (running.service, impatient):
                await _ours(service, FINISHED[:1], Bursts())
            await _stock(line, "warm", FINISHED[:1], Bursts())
            for number in range(count):
                await _ours(running.service, FINISHED, finished)
                await _stock(line, f"burst-{number}", FINISHED, stock)
                await _ours(running.service, UNFINISHED, unfinished)
                await _ours(impatient, UNFINISHED, at_once)
    return as_run(_row(finished, unfinished, at_once, stock), real=bench.full)


async def _ours(service: Service, lines: Sequence[str], found: Bursts) -> None:
    """One new customer's burst: sent at once, over when the bot's last line answers the last of them."""
    customer = await new_customer(service.addresses[0])
    began = time.perf_counter()
    said = [customer.say(line) for line in lines]
    woken = asyncio.Event()
    customer.told = woken.set
    try:
        async with asyncio.timeout(_PATIENCE):
            while not _all_answered(customer, service.folder, len(said)):
                woken.clear()
                await woken.wait()
    except TimeoutError:
        found.lost += 1
        return
    found.took.append((customer.answers[-1][1] - began) * 1000)
    await asyncio.sleep(_AFTER)
    found.lines.append(len(customer.answers))
    offsets = [one.offset for one in said]
    covered = answered_ranges(service.folder / "switchboard.db", customer.conversation)
    found.wrong += not once_and_in_order(offsets, covered)
    customer.wire.close()


def _all_answered(customer: Customer, folder: Path, count: int) -> bool:
    """Whether a committed turn has covered the last line; the record is asked only when the bot has said something."""
    kept = [one.offset for one in customer.words.values() if one.kept is not None]
    if len(kept) < count or not customer.answers:
        return False
    covered = answered_ranges(folder / "switchboard.db", customer.conversation)
    return bool(covered) and covered[-1][1] >= max(kept)


async def _stock(line: Pool, sender: str, lines: Sequence[str], found: Bursts) -> None:
    """The same five at once over REST, for a sender of its own."""
    began = time.perf_counter()

    async def one(text: str) -> float:
        if not is_answer(*await line.post("/webhooks/rest/webhook", message(sender, text))):
            found.lost += 1
        return (time.perf_counter() - began) * 1000

    found.took.append(max(await asyncio.gather(*map(one, lines))))


def answered_ranges(record: Path, conversation: str) -> list[tuple[int, int]]:
    """The lines that committed turns took up, first and last offset of each, oldest turn first."""
    asked = "SELECT first_offset, last_offset FROM turns WHERE conversation = ? AND state = 'committed' ORDER BY 1"
    with sqlite3.connect(f"file:{record}?mode=ro", uri=True) as reading:
        return [(first, last) for first, last in reading.execute(asked, (conversation,))]


def once_and_in_order(said: Sequence[int], covered: Sequence[tuple[int, int]]) -> bool:
    """Whether the lines stand in the order in which they were sent, and each is in exactly one turn."""
    in_order = all(one < two for one, two in itertools.pairwise(said))
    return in_order and all(sum(first <= offset <= last for first, last in covered) == 1 for offset in said)


def _row(finished: Bursts, unfinished: Bursts, at_once: Bursts, stock: Bursts) -> Row:
    ways = {
        "questions, as shipped": finished,
        "unfinished words, as shipped": unfinished,
        "unfinished words, BURST_* 0": at_once,
    }
    ours = [Samples(OURS, f"all five answered: {way}", "ms", found.took, found.lost) for way, found in ways.items()]
    control = Samples(NAME, "all five answered", "ms", stock.took, stock.lost)
    wrong = sum(found.wrong + found.lost for found in ways.values())
    return Row(
        id="P6",
        title="Five quick messages of one customer, action of 50 ms",
        figures=[
            *(figure for samples in (*ours, control) for figure in latencies(samples, (0.5, 1.0))),
            *(
                Figure(
                    OURS, f"bot lines for five messages: {way}", sum(found.lines) / max(1, len(found.lines)), "messages"
                )
                for way, found in ways.items()
            ),
            Figure(OURS, "bursts out of order, not answered once, or not answered", wrong, "messages"),
        ],
        goals=[
            Goal.at_most("slowest burst of questions answered within 600 ms, as shipped", ours[0].percentile(1), 600.0),
            Goal.at_most("bursts out of order, answered twice or not at all", wrong, 0.0),
        ],
        samples=[*ours, control],
        notes=[
            "Ours answers a burst in one turn with one reply, or in two when it began early; stock line by line.",
            "Questions of five subjects, joined, are less well understood than one by one; these are of one subject.",
            "The first turn of each process was thrown away.",
            "Once and in order: the lines stand in the record as sent, and each lies in exactly one committed turn.",
        ],
        settings={**SAME, "action": "50 ms", "as shipped": "BURST_USUAL=0.7 BURST_FRAGMENT=1.6 BURST_CUT=2.5"},
    )
