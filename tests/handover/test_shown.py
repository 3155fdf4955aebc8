"""The law of every reader, on the sockets themselves and over a live feed that loses, repeats and delays at random.

``snapshot(n) + frames(n..m) == snapshot(m)``: once the feed is back, each page shows what a page opened now shows, and
at no moment has any page shown a line twice or past a gap. For every type of frame, for widget and console.
"""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import rule

from handover.agents import Agent
from handover.desk import TurnBrief
from handover.desk_change import change
from handover.entries import ConversationId
from handover.screens import draft_frame
from handover.stored import Draft
from tests.handover.test_invariants import DeskMachine
from tests.support.desk_world import World
from tests.support.faulty_feed import FaultyFeed
from tests.support.hand_peer import HandPeer
from tests.support.hand_sockets import HandSockets
from tests.support.page_models import ConsoleModel, WidgetModel

pytestmark = pytest.mark.timeout(240)  # some thousand queries; the machine may be busy


class Watched:
    """A page, and what it makes of what it hears."""

    def __init__(self, peer: HandPeer, model: Any) -> None:
        self.peer, self.model = peer, model
        self._taken = 0

    def shown(self) -> Any:
        for frame in self.peer.heard[self._taken :]:
            self.model.take(frame)
        self._taken = len(self.peer.heard)
        return self.model.shown()


class SocketsMachine(DeskMachine):
    """The desk's machine, with a page at every conversation and two consoles that have them all open."""

    def __init__(self) -> None:
        self.chance = Random(7)
        self.where: list[ConversationId] = []
        self.sockets: HandSockets
        self.widgets: dict[ConversationId, Watched] = {}
        self.consoles: dict[str, Watched] = {}
        super().__init__()
        for agent in self.agents:
            self.run(self._console(agent))

    async def _open(self) -> World:
        """Pages survive the process: they connect again with what they have."""
        world = await super()._open()
        self.feed = FaultyFeed(world.backends.live, self.chance)
        self.sockets = HandSockets(world, self.feed)
        self.stack.push_async_callback(self.sockets.close)
        for where, widget in self.widgets.items():
            widget.shown()
            widget.peer = await self.sockets.customer(where, len(widget.model.lines))
            widget._taken = 0
        for agent in getattr(self, "agents", ()):
            await self._console(agent)
        return world

    async def _console(self, agent: Agent) -> None:
        before = self.consoles.get(agent.id)
        if before is not None:
            before.shown()
        model = ConsoleModel() if before is None else before.model
        peer = await self.sockets.agent(agent, model.feed or None)
        self.consoles[agent.id] = Watched(peer, model)
        for where in self.where:
            await self._show(self.consoles[agent.id], where)

    async def _show(self, console: Watched, where: ConversationId) -> None:
        if where not in console.model.open:
            console.model.opens(where)
        console.peer.says(type="open", conversation=where, after=len(console.model.open[where]["lines"]))
        await console.peer.until_heard("presence", len(console.peer.of("presence")) + 1)

    def _new_conversation(self) -> ConversationId:
        where = super()._new_conversation()
        self.where.append(where)
        self.widgets[where] = Watched(self.run(self.sockets.customer(where)), WidgetModel())
        for console in self.consoles.values():
            self.run(self._show(console, where))
        return where

    @rule(seed=st.integers(0, 1_000_000))
    def luck_changes(self, seed: int) -> None:
        self.chance.seed(seed)

    @rule(brief=DeskMachine.briefs)
    def a_reply_is_being_written(self, brief: TurnBrief | None) -> None:
        if brief is not None:
            self.attempt(self.world.desk.bot.publish_delta(brief.turn, brief.epoch, "Boots are "))

    @rule(who=st.integers(0, 1), state=st.sampled_from(["online", "busy", "offline"]))
    def an_agent_chooses(self, who: int, state: str) -> None:
        self.attempt(self.world.desk.agents.set_availability(self.agents[who], state))

    @rule(number=st.integers(0, 2))
    def a_suggestion_is_written(self, number: int) -> None:
        self.attempt(self._suggest(self.where[number]))

    async def _suggest(self, where: ConversationId) -> None:
        self.sent += 1
        draft = Draft(where, f"suggestion {self.sent}", self.world.clock.now())
        async with change(self.world.desk.customers._parts, where) as work:
            await work.tx.asides.add_draft(draft)
            work.tell_desk(draft_frame(draft))

    @rule(number=st.integers(0, 2), score=st.integers(1, 5))
    def the_customer_rates(self, number: int, score: int) -> None:
        self.attempt(self.world.desk.customers.rate(self.where[number], 1, score, None))

    @rule()
    def every_page_shows_what_a_page_opened_now_shows(self) -> None:
        """Once the feed is back. Until then a page may lack something, but never shows a hole."""
        self.disk.fail_next = False
        self.run(self._compare())

    def teardown(self) -> None:
        try:
            if self.where:
                self.every_page_shows_what_a_page_opened_now_shows()
        finally:
            super().teardown()

    async def _compare(self) -> None:
        await self.sockets.settle()
        for page in (*self.widgets.values(), *self.consoles.values()):
            page.shown()  # raises for a hole, whatever the feed did
        self.feed.comes_back()
        await self.sockets.settle()
        await self.sockets.rounds.look()
        await self.sockets.settle()
        for where, widget in self.widgets.items():
            fresh = Watched(await self.sockets.customer(where), WidgetModel())
            assert widget.shown() == fresh.shown()
            await self.sockets.leave(fresh.peer)
        for agent in self.agents:
            await self._compare_console(agent)

    async def _compare_console(self, agent: Agent) -> None:
        fresh = Watched(await self.sockets.agent(agent), ConsoleModel())
        for where in self.where:
            await self._show(fresh, where)
        await self.sockets.settle()
        now, then = fresh.shown(), self.consoles[agent.id].shown()
        rows = self.consoles[agent.id].model.rows
        assert {one: _row(rows[one]) for one in fresh.model.rows} == {
            one: _row(row) for one, row in fresh.model.rows.items()
        }
        assert then == now
        await self.sockets.leave(fresh.peer)


def _row(row: dict[str, Any]) -> dict[str, Any]:
    """Who has it is the row's; whether they are online is their own, and changes no row."""
    return {**row, "agent": row["agent"]["id"] if row.get("agent") else None}


TestScreensOverAFaultyFeed = SocketsMachine.TestCase
TestScreensOverAFaultyFeed.settings = settings(
    max_examples=6, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
