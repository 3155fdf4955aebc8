"""Whatever agents, customers and the clock do: nobody above capacity, never two winners, nobody waits unseen."""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from handover.agents import Agent
from handover.conversation import Control, Conversation
from handover.desk import Desk, open_desk
from handover.entries import ConversationId
from handover.errors import SwitchboardError
from handover.evidence import Decision, Outcome, Reason
from handover.matcher import Standing, match
from handover.wanted import Stage, Wanted
from tests.support.desk_world import POLICY, World, fresh_record, open_world
from tests.support.failing_disk import new_folder

WHO = st.integers(0, 3)
WHICH = st.integers(0, 4)
REASONS = st.sampled_from([Reason.ASKED, Reason.ANGER, Reason.NO_KNOWLEDGE])
WEIGHT = 2


class MatchingMachine(RuleBasedStateMachine):
    """Three agents and a lead, five customers, a clock, and two processes that work on the same record."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.Runner()
        self.folder = new_folder()
        self.stack = AsyncExitStack()
        self.asked = 0
        self.agents: list[Agent] = []
        self.customers: list[ConversationId] = []
        self.desks: list[Desk] = []
        self.world: World

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run(work)

    def attempt(self, work: Coroutine[Any, Any, Any]) -> Any:
        try:
            return self.run(work)
        except SwitchboardError:
            return None

    @initialize()
    def the_desk_opens(self) -> None:
        self.run(self._open())

    async def _open(self) -> None:
        self.world = await self.stack.enter_async_context(open_world(self.folder, url=await fresh_record(self.folder)))
        world = self.world
        # The second process shares record, live feed and presence, as two replicas do; it has its own matcher.
        self.desks = [world.desk, open_desk(world.backends, clock=world.clock, policy=POLICY)]
        self.agents = [
            await world.agent("Mia", capacity=2),
            await world.agent("Tom", capacity=4),
            await world.agent("Ben", capacity=3, here=False),
            await world.agent("Lea", role="lead", capacity=2),
        ]
        self.customers = [(await world.conversation()).id for _ in range(5)]

    async def _now(self, which: int) -> Conversation:
        return await self.world.desk.reading.conversation(self.customers[which])

    @rule(which=WHICH, reason=REASONS, process=st.integers(0, 1))
    def the_bot_hands_over(self, which: int, reason: Reason, process: int) -> None:
        self.asked += 1
        self.run(self.world.says(self.customers[which], f"words {self.asked}"))
        if self.run(self._now(which)).control is Control.BOT:
            decision = Decision(Outcome.HAND_OVER, reason, "because")
            self.attempt(self.world.bot_turn(self.customers[which], None, decision))

    @rule(which=WHICH)
    def the_customer_goes_on_with_the_bot(self, which: int) -> None:
        self.asked += 1
        self.attempt(self.world.desk.customers.stop_waiting(self.customers[which], f"s{self.asked}"))

    @rule(which=WHICH)
    def several_accept_at_once(self, which: int) -> None:
        now = self.run(self._now(which))

        async def all_of_them() -> list[Any]:
            tries = [self.desks[n % 2].agents.accept(agent, now.id, now.epoch) for n, agent in enumerate(self.agents)]
            return await asyncio.gather(*tries, return_exceptions=True)

        results = self.run(all_of_them())
        assert all(isinstance(r, (Conversation, SwitchboardError)) for r in results), results
        winners = {r.agent for r in results if isinstance(r, Conversation)}
        assert len(winners) <= 1

    @rule(who=WHO)
    def one_takes_all_they_can(self, who: int) -> None:
        async def everything() -> None:
            nows = [await self._now(which) for which in range(5)]
            tries = [self.desks[n % 2].agents.take(self.agents[who], c.id, c.epoch) for n, c in enumerate(nows)]
            await asyncio.gather(*tries, return_exceptions=True)

        self.run(everything())

    @rule(which=WHICH, who=WHO)
    def one_declines(self, which: int, who: int) -> None:
        self.attempt(self.world.desk.agents.decline(self.agents[who], self.customers[which], "no"))

    @rule(which=WHICH, what=st.sampled_from(["say", "back", "resolve", "snooze", "everybody", "team", "next"]))
    def the_holder_does_something(self, which: int, what: str) -> None:
        now = self.run(self._now(which))
        holder = next((agent for agent in self.agents if agent.id == now.agent), None)
        if holder is None:
            return
        desk, here, epoch = self.world.desk.agents, now.id, now.epoch
        to = self.agents[(self.agents.index(holder) + 1) % 4].id
        self.asked += 1
        self.attempt(
            {
                "say": lambda: desk.say(holder, here, f"a{self.asked}", "words", now.last_offset),
                "back": lambda: desk.hand_back(holder, here, epoch, "done"),
                "resolve": lambda: desk.resolve(holder, here, epoch),
                "snooze": lambda: desk.snooze(holder, here),
                "everybody": lambda: desk.transfer(holder, here, epoch),
                "team": lambda: desk.transfer(holder, here, epoch, team="service"),
                "next": lambda: desk.transfer(holder, here, epoch, to),
            }[what]()
        )

    @rule(who=WHO, on=st.booleans(), process=st.integers(0, 1))
    def a_console_opens_or_closes(self, who: int, on: bool, process: int) -> None:
        self.run(self.desks[process].agents.reachable(self.agents[who].id, on))

    @rule(who=WHO, state=st.sampled_from(["online", "busy", "offline"]))
    def an_agent_chooses(self, who: int, state: Any) -> None:
        self.run(self.world.desk.agents.set_availability(self.agents[who], state))

    @rule(who=WHO, skill=st.sampled_from(["complaints", "orders"]), team=st.sampled_from(["service", "office"]))
    def an_agent_learns(self, who: int, skill: str, team: str) -> None:
        able = replace(self.agents[who], skills=frozenset({skill}), teams=frozenset({team}))
        self.run(self.world.desk.agents.set_matching(self.agents[3], able))

    @rule(seconds=st.sampled_from([1, 44, 46, 130]))
    def time_passes(self, seconds: int) -> None:
        self.world.clock.advance(seconds)
        self.run(self._tick())

    async def _tick(self) -> None:
        await asyncio.gather(*(desk.agents.tick() for desk in self.desks))
        # The next tick, a second later, mends what two ticks at once may have read of each other.
        await self.desks[0].agents.tick()

    @rule()
    def nobody_does_anything_for_a_while(self) -> None:
        """Then whatever waits rings at somebody who can take it, or nobody has room: by timers alone."""
        for _ in range(14):
            self.world.clock.advance(46)
            self.run(self._tick())
        waiting, standings = self.run(self._picture())
        room = {s.agent.id: s.room for s in standings if s.present}
        for offer in waiting:
            # An agent who is gone may have lost it only a moment ago: then its deadline is still to come.
            if offer.deadline <= self.world.clock.now():
                assert offer.ringing or all(left < WEIGHT for left in room.values()), "a customer waits unseen"
                assert not room or offer.stage is Stage.LEADS, "what nobody takes is escalated"
            for agent in offer.ringing:
                room[agent] -= WEIGHT

    async def _picture(self) -> tuple[list[Wanted], list[Standing]]:
        reading = self.world.desk.reading
        return await reading.waiting(), await reading.standings()

    @invariant()
    def everything_holds(self) -> None:
        if self.agents:
            self.run(self._check())

    async def _check(self) -> None:
        waiting, standings = await self._picture()
        load = Counter({s.agent.id: s.held for s in standings})
        by_name = {s.agent.id: s for s in standings}
        for offer in waiting:
            for agent in offer.ringing:
                assert by_name[agent].present, "it rings at somebody who is not there"
                assert agent not in offer.tried_at(offer.stage)
                load[agent] += offer.weight
        assert all(load[s.agent.id] <= s.agent.capacity for s in standings), "above capacity"
        idle = [now for now in match(waiting, standings, POLICY.rules, self.world.clock.now()) if now.ringing]
        was = {offer.id: set(offer.ringing) for offer in waiting}
        assert all(set(now.ringing) == was[now.id] for now in idle), "a match that could be had idles"
        rows = {c: (await self.world.desk.reading.conversation(c)).control for c in self.customers}
        assert {c for c, control in rows.items() if control is Control.OFFERED} == {o.conversation for o in waiting}

    def teardown(self) -> None:
        for desk in self.desks[1:]:
            self.run(desk.close())
        self.run(self.stack.aclose())
        self.loop.close()
        shutil.rmtree(self.folder, ignore_errors=True)


TestMatchingMachine = MatchingMachine.TestCase
TestMatchingMachine.settings = settings(
    max_examples=15, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
