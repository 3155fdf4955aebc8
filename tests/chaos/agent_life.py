"""What agents do with their time: accept, decline, take from the bot in mid-turn, answer, note, pass on, give back."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass

from tests.chaos.agent import Agent
from tests.chaos.link import Frame


@dataclass(frozen=True, slots=True)
class Manner:
    """``pace``: seconds between two acts, on average. ``takes``: chance to take a conversation from the bot."""

    pace: float = 0.6
    takes: float = 0.06
    drops: float = 0.03


async def work(agent: Agent, manner: Manner) -> None:
    """Act until it is cancelled."""
    rng = agent.rng
    came_online = 0
    while True:
        await asyncio.sleep(rng.expovariate(1 / manner.pace))
        if agent.desk.me is None:
            continue
        if came_online != agent.link.connections:
            came_online = agent.link.connections
            await agent.link.send({"type": "availability", "state": "online"})
        await _act(agent, rng, manner)


async def _act(agent: Agent, rng: random.Random, manner: Manner) -> None:
    chance = rng.random()
    if chance < manner.drops:
        if rng.random() < 0.3:
            agent.begin_screen()
        agent.link.drop()
    elif chance < manner.drops + manner.takes:
        await _take(agent, rng)
    elif agent.desk.offers and chance < 0.5:
        await _answer_offer(agent, rng)
    elif agent.mine:
        await _serve(agent, rng)


async def _take(agent: Agent, rng: random.Random) -> None:
    rows = [row for row in agent.desk.rows.values() if row["control"] == "bot" and row["lifecycle"] == "active"]
    if rows:
        row = _newest(rows, rng)
        await agent.open(row["conversation"])
        await agent.does("take", row["conversation"], epoch=row["epoch"])


async def _answer_offer(agent: Agent, rng: random.Random) -> None:
    offer = rng.choice(sorted(agent.desk.offers.values(), key=lambda offer: str(offer["conversation"])))
    if rng.random() < 0.12:
        await agent.does("decline", offer["conversation"], reason="busy")
    else:
        await agent.open(offer["conversation"])
        await agent.does("accept", offer["conversation"], epoch=offer["epoch"])
        if rng.random() < 0.1:  # a double click
            await agent.does("accept", offer["conversation"], epoch=offer["epoch"])


async def _serve(agent: Agent, rng: random.Random) -> None:
    conversation = rng.choice(sorted(agent.mine))
    epoch = agent.desk.rows[conversation]["epoch"]
    chance = rng.random()
    if conversation not in agent.desk.opened:
        await agent.open(conversation)
    if chance < 0.55 and len(agent.unsent) < 3:
        await agent.says(conversation, "as a person")
    elif chance < 0.60:
        await agent.does("note", conversation, text="looked at it", client_id=f"{agent.who}-note-{rng.random()}")
    elif chance < 0.80:
        await agent.does("hand_back", conversation, epoch=epoch, outcome="done")
    elif chance < 0.88:
        await agent.does("resolve", conversation, epoch=epoch)
    elif chance < 0.92:
        await agent.does("snooze", conversation, epoch=epoch)
    else:
        await agent.does("transfer", conversation, epoch=epoch, to=_colleague(agent, rng))


def _colleague(agent: Agent, rng: random.Random) -> str | None:
    others = {str(row["agent"]["id"]) for row in agent.desk.rows.values() if row.get("agent")} - {agent.desk.me or ""}
    return rng.choice([None, *sorted(others)])


def _newest(rows: list[Frame], rng: random.Random) -> Frame:
    """One of those where something happened just now: there a turn is likely under way."""
    return rng.choice(sorted(rows, key=lambda row: int(row["feed"]))[-4:])
