"""Screens that follow the live feed show what a reload would show, and a note reaches no customer and no bot.

The law of every reader: ``snapshot(n)`` and the frames after ``n`` give ``snapshot(m)``, whatever happens in between.
"""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from handover.agents import Agent
from handover.backends.live_in_process import InProcessFeed
from handover.entries import AgentId, ConversationId
from handover.ports import Follower, Told
from handover.screens import AGENTS, agent_topic, customer_topic, desk_topic
from tests.handover.test_invariants import SECRET, DeskMachine
from tests.support.desk_world import World

_UP_TO_HERE = Told("test:mark", "mark", "{}")


class ScreensMachine(DeskMachine):
    """The desk's machine, with a widget at every conversation and a console that has them all open."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Any]] = {}
        self.feed = 0
        self.at_customer: dict[ConversationId, list[str]] = {}
        self.at_agents: dict[ConversationId, list[str]] = {}
        self.control: dict[ConversationId, dict[str, Any]] = {}
        self.notes: dict[ConversationId, list[str]] = {}
        self.offers: dict[str, dict[str, tuple[int, bool]]] = {"mia": {}, "tom": {}}
        self.follower: Follower
        super().__init__()

    async def _open(self) -> World:
        """Followers live and die with the process; what they missed is read from the record by offset and feed."""
        world = await super()._open()
        rung = [agent_topic(AgentId(name)) for name in self.offers]
        topics = [topic for where in self.at_customer for topic in _topics(where)]
        follow = world.backends.live.follow(AGENTS, _UP_TO_HERE.topic, *rung, *topics)
        self.follower = await self.stack.enter_async_context(follow)
        for where in self.at_customer:
            await self._catch_up(world, where)
        for row in await world.desk.reading.changed_since(self.feed):
            self._show_row(row.model_dump(mode="json", exclude_none=True))
        for agent in getattr(self, "agents", ()):
            self.offers[agent.id] = await _offers(world, agent)
        return world

    @rule(who=st.integers(0, 1), on=st.booleans())
    def a_console_opens_or_closes(self, who: int, on: bool) -> None:
        """A console that opens begins with the offers there are."""
        super().a_console_opens_or_closes(who, on)
        self.run(self._follow())
        agent = self.agents[who]
        self.offers[agent.id] = self.run(_offers(self.world, agent))

    async def _catch_up(self, world: World, where: ConversationId) -> None:
        reading = world.desk.reading
        missed = await reading.entries(where, len(self.at_customer[where]), 10_000)
        self.at_customer[where] += [e.text for e in missed]
        self.at_agents[where] += [e.text for e in await reading.entries(where, len(self.at_agents[where]), 10_000)]
        self.control[where] = _told_of(await reading.control(where))
        self.notes[where] = [note.text for note in await reading.notes(where)]

    def _new_conversation(self) -> ConversationId:
        where = super()._new_conversation()
        for topic in _topics(where):
            self.follower.add(topic)
        self.at_customer[where], self.at_agents[where] = [], []
        self.run(self._catch_up(self.world, where))
        return where

    def _show_row(self, row: dict[str, Any]) -> None:
        self.rows[row["conversation"]] = row
        self.feed = max(self.feed, row["feed"])

    async def _follow(self) -> None:
        """Take in everything told so far, and the rows that are gathered still."""
        live = self.world.backends.live
        assert isinstance(live, InProcessFeed)
        live.rows.flush()
        await live.publish(_UP_TO_HERE)
        async for told in self.follower:
            if told.kind == "mark":
                return
            if told.text:
                self._take_in(told.topic, json.loads(told.text), told)

    def _take_in(self, topic: str, frame: dict[str, Any], told: Told) -> None:
        side, _, name = topic.partition(":")
        where = ConversationId(name)
        if side == "customer":
            assert SECRET not in told.text
            assert told.kind not in ("note", "draft", "packet", "presence")
        if told.kind == "conversation":
            self._show_row(frame)
        elif told.kind == "conversations":
            for row in frame["rows"]:
                self._show_row(row)
        elif told.kind == "entry":
            shown = self.at_customer[where] if side == "customer" else self.at_agents[where]
            assert told.offset == len(shown) + 1, "a screen would show a hole or a line twice"
            shown.append(frame["text"])
        elif told.kind == "control" and side == "customer":
            self.control[where] = {key: frame.get(key) for key in ("control", "epoch", "lifecycle", "agent")}
        elif told.kind == "note":
            self.notes[where].append(frame["text"])
        elif told.kind == "offer":
            self.offers[name][frame["conversation"]] = (frame["epoch"], frame["overdue"])
        elif told.kind == "offer_gone":
            for agent, shown_to in self.offers.items():
                # Gone for all, or only no longer ringing at this one.
                if side != "agent" or agent == name:
                    shown_to.pop(frame["conversation"], None)

    @invariant()
    def screens_show_what_a_reload_shows(self) -> None:
        self.run(self._compare())

    async def _compare(self) -> None:
        await self._follow()
        reading = self.world.desk.reading
        fresh = {row.conversation: row.model_dump(mode="json", exclude_none=True) for row in await self._all_rows()}
        for where, row in fresh.items():
            assert self.rows[where] == row
        here = await self.world.backends.presence.here()
        for agent in self.agents:
            if agent.id in here:
                assert self.offers[agent.id] == await _offers(self.world, agent)
        for where in self.at_customer:
            lines = [e.text for e in await reading.entries(where, 0, 10_000)]
            assert self.at_customer[where] == lines
            assert self.at_agents[where] == lines
            assert self.control[where] == _told_of(await reading.control(where))
            assert sorted(self.notes[where]) == sorted(note.text for note in await reading.notes(where))

    async def _all_rows(self) -> list[Any]:
        return list(await self.world.desk.reading.rows("all", self.agents[0], limit=200))


def _topics(where: ConversationId) -> tuple[str, str]:
    return customer_topic(where), desk_topic(where)


async def _offers(world: World, agent: Agent) -> dict[str, tuple[int, bool]]:
    return {offer.conversation: (offer.epoch, offer.overdue) for offer in await world.desk.reading.open_offers(agent)}


def _told_of(frame: Any) -> dict[str, Any]:
    shown = frame.model_dump(mode="json")
    return {key: shown[key] for key in ("control", "epoch", "lifecycle", "agent")}


TestScreens = ScreensMachine.TestCase
TestScreens.settings = settings(
    max_examples=10, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
