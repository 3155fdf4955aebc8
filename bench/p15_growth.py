"""P15: what a long record costs those who work with it: lists, opening a conversation, looking a customer up.

Three records, each ten times as long as the one before, on SQLite, in one process as embedded installations have it:
the console's own queries through the desk, without the sockets around it. They are asked on all three in turn, so that
what the machine does meanwhile hits all of them.
"""

from __future__ import annotations

import random
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench.filling import Past, fill
from bench.row import OURS, Bench, Goal, Row, Samples, latencies
from handover.agents import Agent
from handover.backends import open_backends
from handover.clock import SystemClock
from handover.desk import Desk, open_desk
from handover.entries import ConversationId
from handover.policy_settings import load_policy
from handover.reading import MOST

_LINES = 20
_WARM = 10
# What may differ between the longest and the shortest record: so many times, or so many ms, whichever is more.
_TIMES, _MS = 1.3, 2.0
_LISTS = ("offers", "mine", "bot", "waiting", "resolved", "all")


@dataclass
class Long:
    """One record and its desk. ``lines`` in all; ``some`` are conversations to open."""

    lines: int
    desk: Desk
    agent: Agent
    some: list[ConversationId]


Ask = Callable[[Long, random.Random], Awaitable[object]]


async def measure(bench: Bench) -> Row:
    """Lists, opening and searching on records of three lengths."""
    sizes = bench.pick((500, 5_000, 50_000), (10, 20, 40))
    async with AsyncExitStack() as open_ones:
        records = [await _record(bench, open_ones, count) for count in sizes]
        taken = {what: await _asked(records, what, ask, bench.pick(count, 3)) for what, (ask, count) in _ASKS.items()}
    figures = [figure for samples in taken.values() for one in samples for figure in latencies(one, (0.5, 0.95))]
    first, last = records[0].lines, records[-1].lines
    goals = []
    for what, limit in (("open", 50), ("list", 50)):
        goals.append(Goal.at_most(f"{what}, p95 at {last:,} lines at most {limit} ms", _p95(taken[what][-1]), limit))
        goals.append(_flat(what, taken[what][0], taken[what][-1]))
    goals.append(_flat("search", taken["search"][0], taken["search"][-1]))
    return Row(
        id="P15",
        title=f"Cost as the record grows from {first:,} to {last:,} lines in {sizes[-1]:,} conversations",
        figures=figures,
        goals=goals,
        samples=[one for samples in taken.values() for one in samples],
        notes=[
            "open: row, newest lines, packet, notes, drafts and marks, as a console asks when one is opened; "
            "another one each time, so that little of it is warm.",
            f"list: a page of 50 of one of the lists ({', '.join(_LISTS)}), in turn, the first page or a later one.",
            "search: a customer by a part of the name, address or id. It looks through all customers: there is no "
            "index that finds the middle of a word, and no search for the words of conversations at all.",
            f"Flat: the longest record at most {_TIMES} times the shortest, or {_MS:g} ms above it.",
            f"The first {_WARM} of each were thrown away. The record was filled in bulk; see bench/filling.py.",
        ],
        settings={"lines_each": _LINES, "conversations": " / ".join(map(str, sizes))},
    )


async def _record(bench: Bench, open_ones: AsyncExitStack, conversations: int) -> Long:
    lines = conversations * _LINES
    bench.say(f"filling a record of {lines:,} lines")
    file = Path(bench.folder) / f"{lines}.db"
    backends = await open_ones.enter_async_context(open_backends(f"sqlite+aiosqlite:///{file}"))
    await fill(backends.records.engine, Past(conversations, _LINES), datetime.now(UTC))
    desk = open_desk(backends, clock=SystemClock(), policy=load_policy())
    open_ones.push_async_callback(desk.close)
    async with backends.records.reading() as tx:
        agent = (await tx.people.agents())[0]
        rows = await tx.conversations.rows("all", None, before=None, limit=conversations)
    some = [row.conversation.id for row in rows]
    random.Random(2).shuffle(some)
    return Long(lines, desk, agent, some)


async def _asked(records: list[Long], what: str, ask: Ask, count: int) -> list[Samples]:
    """``count`` times on each record, in turn."""
    taken: list[list[float]] = [[] for _ in records]
    chance = [random.Random(3) for _ in records]
    for _ in range(count + _WARM):
        for place, record in enumerate(records):
            began = time.perf_counter()
            await ask(record, chance[place])
            taken[place].append((time.perf_counter() - began) * 1_000)
    return [
        Samples(OURS, f"{what}, {record.lines:,} lines", "ms", values[_WARM:])
        for record, values in zip(records, taken, strict=True)
    ]


async def _open(record: Long, chance: random.Random) -> None:
    """What `handover.shown` reads when a console opens a conversation."""
    here, reading = chance.choice(record.some), record.desk.reading
    await reading.conversation(here)
    await reading.row(here)
    await reading.beside(here)
    assert len(await reading.entries(here, 0, MOST)) == _LINES


async def _list(record: Long, chance: random.Random) -> None:
    view = chance.choice(_LISTS)
    before = None if chance.random() < 0.5 else chance.randrange(len(record.some) // 2, len(record.some) + 1)
    await record.desk.reading.rows(view, record.agent, before=before, limit=50)


async def _search(record: Long, chance: random.Random) -> None:
    await record.desk.contacts.search(chance.choice(("rossi", "ann lee", "okafor", "mail.example", "nobody-has-this")))


_ASKS: dict[str, tuple[Ask, int]] = {"open": (_open, 400), "list": (_list, 400), "search": (_search, 40)}


def _p95(samples: Samples) -> float:
    return samples.percentile(0.95)


def _flat(what: str, short: Samples, long: Samples) -> Goal:
    limit = max(_p95(short) * _TIMES, _p95(short) + _MS)
    return Goal.at_most(f"{what}, p95 of the longest record flat, at most {limit:.3g} ms", _p95(long), limit)
