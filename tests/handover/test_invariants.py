"""The invariants of the design, under every order of events hypothesis can think of, on the embedded backend."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from handover.agents import Agent
from handover.conversation import LEGAL_PAIRS, Control, Lifecycle
from handover.desk import CustomerMessage, TurnBrief
from handover.entries import AuthorKind, ConversationId, Entry
from handover.errors import SwitchboardError
from handover.evidence import Decision, Evidence, Outcome, Reason, Reply, TurnReport
from tests.support.desk_world import World, fresh_record, open_world

SECRET = "PRIVATE-NOTE"
DECISIONS = st.sampled_from(
    [
        Decision(Outcome.ANSWER),
        Decision(Outcome.OFFER, Reason.NO_KNOWLEDGE, "lacks"),
        Decision(Outcome.HAND_OVER, Reason.ANGER, "angry"),
    ]
)


class CommitFails(Exception):
    """What a disk does in the middle of things; raised at the moment of commit."""


class DeskMachine(RuleBasedStateMachine):
    """Two customers, two agents, a bot, a clock, a disk that fails, and a process that is killed."""

    conversations: Bundle[ConversationId] = Bundle("conversations")
    briefs: Bundle[TurnBrief] = Bundle("briefs")

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.Runner()
        self.folder = Path(tempfile.mkdtemp())
        self.stack = AsyncExitStack()
        self.fail_next = False
        self.sent = 0
        self.acknowledged: dict[ConversationId, dict[str, str]] = {}
        self.known: dict[ConversationId, list[Entry]] = {}
        self.url = self.run(fresh_record(self.folder))
        self.world: World = self.run(self._open())
        self.agents: list[Agent] = [
            self.run(self.world.agent("Mia", capacity=1)),
            self.run(self.world.agent("Tom", capacity=2)),
        ]

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run(work)

    async def _open(self) -> World:
        world = await self.stack.enter_async_context(open_world(self.folder, url=self.url))
        sync_engine = world.backends.records.engine.sync_engine
        sa.event.listen(sync_engine, "commit", self._on_commit)
        return world

    def _on_commit(self, connection: sa.Connection) -> None:
        if self.fail_next and connection.get_execution_options()["writes"]:
            self.fail_next = False
            raise CommitFails

    def attempt(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Do it; a refusal or a failing disk is an answer too, and then nothing may have happened."""
        try:
            return self.run(work)
        except (SwitchboardError, CommitFails):
            return None

    @initialize(target=conversations)
    def a_customer_comes(self) -> ConversationId:
        return self._new_conversation()

    @rule(target=conversations)
    def another_customer_comes(self) -> ConversationId:
        return self._new_conversation()

    def _new_conversation(self) -> ConversationId:
        self.fail_next = False
        conversation: ConversationId = self.run(self.world.conversation()).id
        self.acknowledged[conversation] = {}
        self.known[conversation] = []
        return conversation

    @rule(where=conversations, again=st.booleans())
    def the_customer_writes(self, where: ConversationId, again: bool) -> None:
        acknowledged = self.acknowledged[where]
        client = next(iter(acknowledged)) if again and acknowledged else f"k{self.sent}"
        text = acknowledged.get(client, f"words {self.sent}")
        self.sent += 1
        said = self.attempt(self.world.desk.customers.record_customer_message(where, CustomerMessage(text, client)))
        if said is not None:
            assert said.entry.text == text
            assert said.duplicate == (client in acknowledged)
            acknowledged[client] = text

    @rule(where=conversations)
    def the_customer_asks_for_a_person(self, where: ConversationId) -> None:
        self.sent += 1
        self.attempt(self.world.desk.customers.ask_for_human(where, f"h{self.sent}"))

    @rule(where=conversations)
    def the_customer_stops_waiting(self, where: ConversationId) -> None:
        self.sent += 1
        self.attempt(self.world.desk.customers.stop_waiting(where, f"s{self.sent}"))

    @rule(where=conversations)
    def the_customer_leaves_a_message(self, where: ConversationId) -> None:
        self.sent += 1
        self.attempt(self.world.desk.customers.leave_message(where, f"l{self.sent}", "a@example.com", "call me"))

    @rule(target=briefs, where=conversations)
    def a_turn_begins(self, where: ConversationId) -> TurnBrief | None:
        brief: TurnBrief | None = self.attempt(self.world.desk.bot.begin_turn(where, owner="bot", seconds=15))
        return brief

    @rule(brief=consumes(briefs), decision=DECISIONS, even_if_newer=st.booleans())
    def a_turn_ends(self, brief: TurnBrief | None, decision: Decision, even_if_newer: bool) -> None:
        if brief is None:
            return
        desk, where = self.world.desk, brief.conversation.id
        now = self.run(desk.reading.conversation(where))
        report = TurnReport(Evidence(brief.text))
        end = self.attempt(
            desk.bot.record_turn(brief, Reply(f"turn {brief.turn}"), decision, report, even_if_newer=even_if_newer)
        )
        lines = self.run(desk.reading.entries(where, 0, 10_000))
        said = [e for e in lines if e.text == f"turn {brief.turn}"]
        if end is None:
            assert said == []
        elif end.outcome == "committed":
            assert [e.offset for e in said] == [end.entry.offset]
            assert (now.control, now.epoch) == (Control.BOT, brief.epoch)
        else:
            assert said == []

    @rule(where=conversations, who=st.integers(0, 1), verb=st.sampled_from(["accept", "take"]), late=st.booleans())
    def an_agent_wants_it(self, where: ConversationId, who: int, verb: str, late: bool) -> None:
        agent, other = self.agents[who], self.agents[1 - who]
        now = self.run(self.world.desk.reading.conversation(where))
        epoch = now.epoch - 1 if late else now.epoch

        async def both() -> list[Any]:
            desk = self.world.desk.agents
            calls = [getattr(desk, verb)(a, where, epoch) for a in (agent, other)]
            return await asyncio.gather(*calls, return_exceptions=True)

        results = self.run(both())
        won = [r for r in results if not isinstance(r, Exception)]
        assert len(won) <= 1
        assert all(isinstance(r, (SwitchboardError, CommitFails)) for r in results if isinstance(r, Exception))

    @rule(where=conversations, who=st.integers(0, 1), blind=st.integers(0, 3))
    def an_agent_speaks(self, where: ConversationId, who: int, blind: int) -> None:
        desk, agent = self.world.desk, self.agents[who]
        now = self.run(desk.reading.conversation(where))
        seen = max(0, now.last_offset - blind)
        self.sent += 1
        entry = self.attempt(desk.agents.say(agent, where, f"a{self.sent}", f"agent words {self.sent}", seen))
        if entry is not None:
            assert now.agent == agent.id
            assert now.last_customer_offset <= seen

    @rule(where=conversations, who=st.integers(0, 1), what=st.sampled_from(["back", "resolve", "snooze", "all", "one"]))
    def an_agent_lets_go(self, where: ConversationId, who: int, what: str) -> None:
        agents, agent = self.world.desk.agents, self.agents[who]
        epoch = self.run(self.world.desk.reading.conversation(where)).epoch
        work = {
            "back": lambda: agents.hand_back(agent, where, epoch, "done", ("call",), None),
            "resolve": lambda: agents.resolve(agent, where),
            "snooze": lambda: agents.snooze(agent, where),
            "all": lambda: agents.transfer(agent, where, epoch),
            "one": lambda: agents.transfer(agent, where, epoch, self.agents[1 - who].id),
        }
        self.attempt(work[what]())

    @rule(where=conversations, who=st.integers(0, 1))
    def an_agent_declines_or_notes(self, where: ConversationId, who: int) -> None:
        self.attempt(self.world.desk.agents.decline(self.agents[who], where, "busy"))
        self.attempt(self.world.desk.agents.note(self.agents[who], where, SECRET))

    @rule(who=st.integers(0, 1), on=st.booleans())
    def a_console_opens_or_closes(self, who: int, on: bool) -> None:
        self.attempt(self.world.desk.agents.reachable(self.agents[who].id, on))

    @rule(seconds=st.sampled_from([1, 20, 50, 61]))
    def time_passes(self, seconds: int) -> None:
        self.fail_next = False
        self.world.clock.advance(seconds)
        self.run(self.world.desk.agents.tick())
        stalled = self.run(self.world.desk.bot.overdue_turns())
        assert all(c.control is not Control.BOT or c.lifecycle is Lifecycle.ACTIVE for c in stalled)

    @rule()
    def the_next_commit_fails(self) -> None:
        self.fail_next = True

    @rule()
    def the_process_is_killed(self) -> None:
        """Reopen from the file as it lies there: a copy of database and log, as after kill -9."""
        self.fail_next = False
        crashed = Path(tempfile.mkdtemp())
        for part in self.folder.glob("record.db*"):
            shutil.copy(part, crashed / part.name)
        now = self.world.clock
        self.run(self.stack.aclose())
        shutil.rmtree(self.folder)
        self.stack = AsyncExitStack()
        self.folder = crashed
        self.url = f"sqlite+aiosqlite:///{crashed / 'record.db'}"
        self.world = self.run(self._open())
        self.world.clock.advance((now.now() - self.world.clock.now()).total_seconds())

    @invariant()
    def nothing_acknowledged_is_lost_or_doubled_and_offsets_rise_by_one(self) -> None:
        for where, acknowledged in self.acknowledged.items():
            lines = self.run(self.world.desk.reading.entries(where, 0, 10_000))
            assert [e.offset for e in lines] == list(range(1, len(lines) + 1))
            words = {e.client_id: e.text for e in lines if (e.client_id or "").startswith("k")}
            counted = [e.client_id for e in lines if (e.client_id or "").startswith("k")]
            assert words == acknowledged
            assert len(counted) == len(words)
            before = self.known[where]
            missed = self.run(self.world.desk.reading.entries(where, len(before), 10_000))
            assert before + missed == lines
            self.known[where] = lines
            assert all(SECRET not in e.text for e in lines)

    @invariant()
    def only_legal_pairs_and_nobody_above_capacity(self) -> None:
        rows = self.run(self.world.desk.reading.rows("all", None, limit=200))
        assert all((r.lifecycle, r.control) in LEGAL_PAIRS for r in rows)
        assert all((r.control is Control.HUMAN) == (r.agent is not None) for r in rows)
        for agent in self.agents:
            held = [r for r in rows if r.agent is not None and r.agent.id == agent.id]
            assert len(held) <= agent.capacity

    @invariant()
    def every_voice_had_control(self) -> None:
        """The bot speaks in the bot's stretches only, an agent in their own."""
        for where, lines in self.known.items():
            for line in lines:
                if line.offset > 1 and line.author.kind in (AuthorKind.BOT, AuthorKind.AGENT):
                    stretch = self.run(self._stretch(where, line.epoch))
                    expected = Control.BOT if line.author.kind is AuthorKind.BOT else Control.HUMAN
                    assert stretch.control is expected
                    assert stretch.agent == line.author.id

    async def _stretch(self, where: ConversationId, epoch: int) -> Any:
        async with self.world.backends.records.reading() as tx:
            return await tx.conversations.stretch(where, epoch)

    @invariant()
    def nobody_waits_unseen(self) -> None:
        reading = self.world.desk.reading
        offers = {o.conversation: o for o in self.run(reading.open_offers())}
        rows = self.run(reading.rows("all", None, limit=200))
        assert {r.conversation for r in rows if r.control is Control.OFFERED} == set(offers)
        assert all(r.epoch == offers[r.conversation].epoch for r in rows if r.control is Control.OFFERED)
        silent = set(self.run(self.world.desk.bot.unanswered(older_than=0)))
        for row in rows:
            stored = self.run(reading.stored(row.conversation))
            waits = stored.conversation.last_customer_offset > stored.answered
            if row.control is Control.BOT and waits:
                assert row.conversation in silent or self.run(self._turn_alive(row.conversation))

    async def _turn_alive(self, where: ConversationId) -> bool:
        async with self.world.backends.records.reading() as tx:
            turn = await tx.turns.live(where)
        return turn is not None

    def teardown(self) -> None:
        self.run(self.stack.aclose())
        self.loop.close()
        shutil.rmtree(self.folder, ignore_errors=True)


TestInvariants = DeskMachine.TestCase
TestInvariants.settings = settings(
    max_examples=8, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
