"""Drives the real desk and the plain reference with the same events, and compares after every one of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    consumes,
    initialize,
    multiple,
    rule,
)

from handover.agents import Agent
from handover.desk import CustomerMessage, Desk, TurnBrief
from handover.entries import ConversationId, Entry
from handover.errors import SwitchboardError
from handover.evidence import Decision, Evidence, Outcome, Reason, Reply, TurnReport
from tests.properties.ground import Ground
from tests.properties.reference import WEIGHT, Line, Reference, Turn

ANSWER = Decision(Outcome.ANSWER)
HAND_OVER = Decision(Outcome.HAND_OVER, Reason.ANGER, "angry")
CAPACITY = {"mia": 2, "tom": 4}
REPLICAS = st.integers(0, 1)
WHO = st.sampled_from(sorted(CAPACITY))


class DeskAgainstReference(RuleBasedStateMachine):
    """Three customers, two agents, a bot, one or two replicas, and everything that may go wrong between them."""

    conversations: Bundle[ConversationId] = Bundle("conversations")
    turns: Bundle[tuple[ConversationId, TurnBrief]] = Bundle("turns")
    make_ground: Callable[[], Ground]

    def __init__(self) -> None:
        super().__init__()
        self.ground = type(self).make_ground()
        self.count = 0
        self.known: dict[ConversationId, Reference] = {}
        self.screens: dict[ConversationId, list[Entry]] = {}
        self.agents: dict[str, Agent] = {
            name: self.ground.run(self.ground.worlds[0].agent(name.title(), capacity=room))
            for name, room in CAPACITY.items()
        }

    # -- how a verb is done ------------------------------------------------------------------------------------

    def desk(self, replica: int) -> Desk:
        return self.ground.worlds[replica % len(self.ground.worlds)].desk

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.ground.run(work)

    def attempt(self, work: Coroutine[Any, Any, Any]) -> tuple[str, Any]:
        """ "done" and the result, or the code of what was refused."""
        try:
            return "done", self.run(work)
        except SwitchboardError as error:
            return error.code, None

    def new(self, kind: str) -> str:
        self.count += 1
        return f"{kind}{self.count}"

    def room(self, agent: str | None, besides: ConversationId | None = None) -> bool:
        held = [r for where, r in self.known.items() if r.holder == agent and r.life == "active" and where != besides]
        return agent in CAPACITY and WEIGHT * (len(held) + 1) <= CAPACITY[agent]

    def _room_of_holder(self, where: ConversationId) -> bool:
        return self.room(self.known[where].holder, where)

    # -- customers ---------------------------------------------------------------------------------------------

    @initialize(target=conversations)
    def customers_come(self) -> MultipleResults[ConversationId]:
        found = []
        for _ in range(3):
            where = self.run(self.ground.worlds[0].conversation()).id
            self.known[where], self.screens[where] = Reference(), []
            (greeting,) = self.run(self.desk(0).reading.entries(where))
            self.known[where].lines.append(Line(1, "bot", greeting.text))
            found.append(where)
        return multiple(*found)

    @rule(where=conversations, replica=REPLICAS, again=st.booleans())
    def the_customer_writes(self, where: ConversationId, replica: int, again: bool) -> None:
        ours = self.known[where]
        old = [client for client, line in ours.keys.items() if line.who == "customer"]
        client = old[0] if again and old else self.new("k")
        text = ours.keys[client].text if client in ours.keys else f"words {client}"
        open_desk = self.run(self.desk(replica).reading.desk_open())
        expected = ours.customer_says(client, room=self._room_of_holder(where), open_desk=open_desk)
        said = self.run(self.desk(replica).customers.record_customer_message(where, CustomerMessage(text, client)))
        assert said.duplicate == (expected == "nothing")
        if expected == "done":
            ours.heard(client, Line(said.entry.offset, "customer", text))
        else:
            assert said.entry.offset == ours.keys[client].offset

    @rule(where=conversations)
    def the_same_words_arrive_twice_at_once(self, where: ConversationId) -> None:
        ours, client = self.known[where], self.new("k")
        open_desk = self.run(self.desk(0).reading.desk_open())
        ours.customer_says(client, room=self._room_of_holder(where), open_desk=open_desk)

        async def both() -> list[Any]:
            message = CustomerMessage("twice", client)
            calls = [self.desk(replica).customers.record_customer_message(where, message) for replica in (0, 1)]
            return await asyncio.gather(*calls)

        one, other = self.run(both())
        assert one.entry.offset == other.entry.offset
        assert {one.duplicate, other.duplicate} == {True, False}
        ours.heard(client, Line(one.entry.offset, "customer", "twice"))

    @rule(where=conversations, replica=REPLICAS, what=st.sampled_from(["asks", "stops_waiting", "leaves_address"]))
    def the_customer_presses_a_button(self, where: ConversationId, replica: int, what: str) -> None:
        ours, client = self.known[where], self.new("b")
        customers = self.desk(replica).customers
        work = {
            "asks": lambda: customers.ask_for_human(where, client),
            "stops_waiting": lambda: customers.stop_waiting(where, client),
            "leaves_address": lambda: customers.leave_message(where, client, "a@example.com", None),
        }[what]
        room = {"room": self._room_of_holder(where)} if what == "asks" else {}
        expected = getattr(ours, what)(client, **room)
        assert self.attempt(work())[0] == expected
        again = {"done": "nothing"}.get(expected, expected)
        assert getattr(ours, what)(client, **room) == again
        assert self.attempt(work())[0] == {"nothing": "done"}.get(again, again)

    # -- the bot -----------------------------------------------------------------------------------------------

    @rule(target=turns, where=conversations, replica=REPLICAS)
    def a_turn_begins(self, where: ConversationId, replica: int) -> MultipleResults[Any]:
        ours = self.known[where]
        brief = self.run(self.desk(replica).bot.begin_turn(where, owner=f"bot-{replica}", seconds=15))
        assert (brief is not None) == ours.begins_turn()
        if brief is None:
            return multiple()
        assert brief.last_offset == ours.unanswered[-1]
        ours.turns[brief.turn] = Turn(ours.epoch, brief.last_offset)
        return multiple((where, brief))

    @rule(
        turn=consumes(turns),
        replica=REPLICAS,
        decision=st.sampled_from([ANSWER, HAND_OVER]),
        even_if_newer=st.booleans(),
    )
    def a_turn_ends(
        self, turn: tuple[ConversationId, TurnBrief], replica: int, decision: Decision, even_if_newer: bool
    ) -> None:
        where, brief = turn
        ours, text = self.known[where], f"turn {brief.turn}"
        hands_over = decision is HAND_OVER
        expected = ours.ends_turn(ours.turns[brief.turn], even_if_newer=even_if_newer, hands_over=hands_over)
        report = TurnReport(Evidence(brief.text))
        work = self.desk(replica).bot.record_turn(brief, Reply(text), decision, report, even_if_newer=even_if_newer)
        end = self.run(work)
        assert end.outcome == expected
        if expected == "committed":
            ours.lines.append(Line(end.entry.offset, "bot", text))

    @rule(where=conversations, replica=REPLICAS, who=WHO, how=st.sampled_from(["take", "ask", "write", "again"]))
    def a_turn_is_overtaken(self, where: ConversationId, replica: int, who: str, how: str) -> None:
        """What hypothesis seldom hits upon by itself: words, a turn, something in between, and the end of the turn."""
        self.the_customer_writes(where, replica, again=False)
        begun = self.a_turn_begins(where, replica).values
        if how == "take":
            self.an_agent_wants_it(where, who, replica + 1, late=False, verb="take")
        elif how == "ask":
            self.the_customer_presses_a_button(where, replica + 1, "asks")
        elif how == "write":
            self.the_customer_writes(where, replica + 1, again=False)
        else:
            begun += self.a_turn_begins(where, replica + 1).values
        for turn in begun:
            self.a_turn_ends(turn, replica, ANSWER, even_if_newer=False)

    # -- agents ------------------------------------------------------------------------------------------------

    @rule(where=conversations, who=WHO, replica=REPLICAS, late=st.booleans(), verb=st.sampled_from(["accept", "take"]))
    def an_agent_wants_it(self, where: ConversationId, who: str, replica: int, late: bool, verb: str) -> None:
        ours = self.known[where]
        if ours.named not in (None, who):
            return  # it rings at a colleague, for a while only: which while is not the reference's affair
        epoch = ours.epoch - 1 if late else ours.epoch
        expected = ours.wins(who, epoch, verb, room=self.room(who))
        got, _ = self.attempt(getattr(self.desk(replica).agents, verb)(self.agents[who], where, epoch))
        assert got == {"nothing": "done"}.get(expected, expected)

    @rule(where=conversations, who=WHO, replica=REPLICAS)
    def a_click_comes_late(self, where: ConversationId, who: str, replica: int) -> None:
        """What the agent saw has changed meanwhile."""
        self.an_agent_wants_it(where, who, replica, late=True, verb="take")

    @rule(where=conversations)
    def both_agents_accept_at_once(self, where: ConversationId) -> None:
        ours = self.known[where]
        if ours.named is not None:
            return
        epoch = ours.epoch

        async def both() -> list[Any]:
            calls = [
                self.desk(replica).agents.take(self.agents[who], where, epoch)
                for replica, who in enumerate(sorted(CAPACITY))
            ]
            return await asyncio.gather(*calls, return_exceptions=True)

        free = {who: self.room(who) for who in CAPACITY}
        before = ours.copy()
        results = dict(zip(sorted(CAPACITY), self.run(both()), strict=True))
        assert all(not isinstance(r, Exception) or isinstance(r, SwitchboardError) for r in results.values())
        winners = [who for who, result in results.items() if not isinstance(result, Exception)]
        assert len(winners) <= 1
        for who in sorted(results, key=lambda name: name not in winners):  # the winner was first
            expected = ours.wins(who, epoch, "take", room=free[who])
            code = getattr(results[who], "code", "done")
            full = not free[who] and code == "illegal_move"  # whoever has no room may be told that first
            assert full or code == {"nothing": "done"}.get(expected, expected), (before.state, results)

    @rule(where=conversations, who=WHO, replica=REPLICAS)
    def an_agent_s_view_is_overtaken(self, where: ConversationId, who: str, replica: int) -> None:
        """Words that came while the agent was writing."""
        self.an_agent_wants_it(where, who, replica, late=False, verb="take")
        self.the_customer_writes(where, replica + 1, again=False)
        self.an_agent_speaks(where, who, replica, blind=1, again=False)

    @rule(where=conversations, who=WHO, replica=REPLICAS, blind=st.integers(0, 3), again=st.booleans())
    def an_agent_speaks(self, where: ConversationId, who: str, replica: int, blind: int, again: bool) -> None:
        ours = self.known[where]
        old = [client for client, line in ours.keys.items() if line.who in CAPACITY]
        client = old[-1] if again and old else self.new("a")
        text = f"agent {client}"
        last = self.run(self.desk(replica).reading.conversation(where)).last_offset
        seen = max(0, last - blind)
        expected = ours.agent_says(who, client, seen, room=self._room_of_holder(where))
        got, entry = self.attempt(self.desk(replica).agents.say(self.agents[who], where, client, text, seen))
        assert got == {"nothing": "done"}.get(expected, expected)
        if expected == "done":
            ours.heard(client, Line(entry.offset, who, text))

    @rule(
        where=conversations, who=WHO, replica=REPLICAS, late=st.booleans(),
        how=st.sampled_from(["hand_back", "transfer", "resolve", "snooze", "to the other"]),
    )  # fmt: skip
    def an_agent_lets_go(self, where: ConversationId, who: str, replica: int, late: bool, how: str) -> None:
        ours, agents, agent = self.known[where], self.desk(replica).agents, self.agents[who]
        epoch = ours.epoch - 1 if late else ours.epoch
        other = next(name for name in CAPACITY if name != who)
        work = {
            "hand_back": lambda: agents.hand_back(agent, where, epoch, "done", ("call",), None),
            "transfer": lambda: agents.transfer(agent, where, epoch),
            "to the other": lambda: agents.transfer(agent, where, epoch, self.agents[other].id),
            "resolve": lambda: agents.resolve(agent, where),
            "snooze": lambda: agents.snooze(agent, where),
        }[how]()
        if how == "snooze":
            expected = ours.snoozes(who)
        else:
            expected = ours.lets_go(who, epoch, "transfer" if how == "to the other" else how)
        assert self.attempt(work)[0] == {"nothing": "done"}.get(expected, expected)
        if how == "to the other" and expected == "done":
            ours.named = other

    def teardown(self) -> None:
        self.ground.close()
