"""P14: what it costs to decide who is offered what, with 500 agents and 5,000 waiting, and how long room stands idle.

The desk is the product's own on a SQLite record filled beforehand; the rule alone is timed on what it read there. The
desk is full: whoever gets room gets a waiting conversation at once, or the gap is seen here.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bench.filling import Past, fill
from bench.row import OURS, Bench, Figure, Goal, Row, Samples, latencies
from handover.agents import Agent
from handover.backends import Backends, open_backends
from handover.clock import SystemClock
from handover.desk import Desk, open_desk
from handover.entries import AgentId, ConversationId
from handover.matcher import match
from handover.policy_settings import PolicySettings, load_policy
from handover.screens import agent_topic

_WARM = 5
# How long a released slot is waited for; longer is lost.
_PATIENCE = 10.0
_PER_SECOND = 5


@dataclass
class Floor:
    """A full desk with a long queue in front of it."""

    desk: Desk
    backends: Backends
    policy: PolicySettings
    agents: list[Agent]


async def measure(bench: Bench) -> Row:
    """The rule by itself, a whole pass of the desk, and the gap between room and offer."""
    past = Past(50, 4, bench.pick(500, 20), bench.pick(5_000, 100), held=4)
    async with _floor(bench, past) as floor:
        bench.say(f"a full desk of {past.agents} agents, {past.waiting} waiting")
        rule = await _rule(floor, bench.pick(200, 3))
        passes, used = await _passes(floor, bench.pick(200, 3))
        gaps = await _gaps(floor, bench.pick(90, 3))
    room = "a slot freed to its offer"
    return Row(
        id="P14",
        title=f"Matching: {past.agents} agents, {past.waiting:,} waiting",
        figures=[
            *latencies(rule),
            *latencies(passes),
            Figure(OURS, "processor time of a desk's pass, mean", used, "ms"),
            *latencies(gaps),
            Figure(OURS, f"{room}, longest", gaps.percentile(1), "ms"),
        ],
        goals=[
            Goal.at_most("decision of the rule, p99 at most 20 ms", rule.percentile(0.99), 20),
            Goal.at_most("pass of the desk over the record, p99 at most 20 ms", passes.percentile(0.99), 20),
            Goal.at_most(f"{room}, never above 1000 ms", _worst(gaps), 1_000),
        ],
        samples=[rule, passes, gaps],
        notes=[
            "A decision is a whole look at everybody and everything that waits, after which something may ring.",
            "A pass of the desk reads the agents, the queue's versions and what has changed, decides, and writes.",
            "The gap runs from when a slot is to be freed to the offer on its agent's topic: closing the conversation, "
            f"its transaction and the pass are in it. Slots are freed at fixed times, {_PER_SECOND} a second, as "
            "500 agents do who need 100 seconds each, whatever the desk does; each offer is accepted at once.",
            f"The first {_WARM} of each were thrown away.",
        ],
        settings={
            "agents": past.agents,
            "waiting": past.waiting,
            "held_each": past.held,
            "slots_a_second": _PER_SECOND,
        },
    )


@asynccontextmanager
async def _floor(bench: Bench, past: Past) -> AsyncIterator[Floor]:
    policy = load_policy()
    async with open_backends(f"sqlite+aiosqlite:///{bench.folder / 'record.db'}") as backends:
        names = await fill(backends.records.engine, past, datetime.now(UTC))
        for name in names:
            await backends.presence.mark(AgentId(name), True)
        desk = open_desk(backends, clock=SystemClock(), policy=policy)
        try:
            await desk.agents.accounts_changed()  # asks for a pass
            async with backends.records.reading() as tx:
                everybody = await tx.people.agents()
            gc.freeze()  # as the service does when it serves: `bot.quick_start`
            # Leads are offered nothing before it is escalated: their room is not waited for.
            yield Floor(desk, backends, policy, [one for one in everybody if one.role == "agent"])
        finally:
            gc.unfreeze()
            await desk.close()


async def _rule(floor: Floor, count: int) -> Samples:
    """The pure rule, on the record's own queue and standings."""
    waiting, standings, at = await floor.desk.reading.waiting(), await floor.desk.reading.standings(), datetime.now(UTC)
    taken = []
    for _ in range(count + _WARM):
        began = time.perf_counter()
        match(waiting, standings, floor.policy.rules, at)
        taken.append((time.perf_counter() - began) * 1_000)
    return Samples(OURS, "decision of the rule", "ms", taken[_WARM:])


async def _passes(floor: Floor, count: int) -> tuple[Samples, float]:
    """The desk's pass, as anything that happens asks for it; and the processor time of one in ms."""
    taken = []
    for number in range(count + _WARM):
        if number == _WARM:
            used = time.process_time()
        began = time.perf_counter()
        await floor.desk.agents.accounts_changed()
        taken.append((time.perf_counter() - began) * 1_000)
    used = (time.process_time() - used) / count * 1_000
    return Samples(OURS, "pass of the desk over the record", "ms", taken[_WARM:]), used


async def _gaps(floor: Floor, count: int) -> Samples:
    """One slot after another comes free; each agent takes what is then offered, and is full again."""
    start, gaps, lost = time.perf_counter() + 0.1, [], 0

    async def one(number: int) -> float:
        due = start + number / _PER_SECOND
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        return await _freed(floor, floor.agents[number % len(floor.agents)], due)

    for found in await asyncio.gather(*(one(number) for number in range(count + _WARM)), return_exceptions=True):
        if isinstance(found, TimeoutError):
            lost += 1
        elif isinstance(found, BaseException):
            raise found
        else:
            gaps.append(found * 1_000)
    return Samples(OURS, "a slot freed to its offer", "ms", gaps[_WARM:], lost)


async def _freed(floor: Floor, agent: Agent, due: float) -> float:
    """Close one of the agent's conversations; the seconds from ``due`` until another is offered. It is accepted."""
    desk = floor.desk
    async with floor.backends.live.follow(agent_topic(agent.id)) as follower:
        (held,) = await desk.reading.rows("mine", agent, limit=1)
        await desk.agents.resolve(agent, ConversationId(held.conversation))
        async with asyncio.timeout(_PATIENCE):
            async for told in follower:
                if told.kind == "offer":
                    found = time.perf_counter() - due
                    break
        offers: list[Any] = await desk.reading.open_offers(agent)
        for offer in offers[:1]:
            await desk.agents.accept(agent, ConversationId(offer.conversation), offer.epoch)
    return found


def _worst(gaps: Samples) -> float:
    return _PATIENCE * 1_000 if gaps.lost else gaps.percentile(1)
