"""The invariants of the design, under every order of events hypothesis can think of, on the embedded backend."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
)

from handover.agents import Agent
from handover.backends.records_sql.transaction import SqlTransaction
from handover.conversation import LEGAL_PAIRS, Control, Lifecycle
from handover.desk import CustomerMessage, TurnBrief
from handover.entries import AuthorKind, ConversationId, Entry
from handover.errors import SwitchboardError
from handover.evidence import Decision, Evidence, Outcome, Reason, Reply, TurnReport
from tests.support.desk_world import World, fresh_record, open_world
from tests.support.failing_disk import CommitFails, FailingDisk, as_after_a_kill, new_folder

SECRET = "PRIVATE-NOTE"
_OFFER = Decision(Outcome.OFFER, Reason.NO_KNOWLEDGE, "lacks")
_HAND_OVER = Decision(Outcome.HAND_OVER, Reason.ANGER, "angry")
DECISIONS = st.sampled_from([Decision(Outcome.ANSWER), _OFFER, _HAND_OVER])


class DeskMachine(RuleBasedStateMachine):
    """Three customers, two agents, a bot, a clock, a disk that fails, and a process that is killed."""

    conversations: Bundle[ConversationId] = Bundle("conversations")
    briefs: Bundle[TurnBrief] = Bundle("briefs")

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.Runner()
        self.folder = new_folder()
        self.stack = AsyncExitStack()
        self.disk = FailingDisk()
        self.sent = 0
        self.acknowledged: dict[ConversationId, dict[str, str]] = {}
        self.known: dict[ConversationId, list[Entry]] = {}
        self.url = self.run(fresh_record(self.folder))
        self.world: World = self.run(self._open())
        self.agents: list[Agent] = [
            self.run(self.world.agent("Mia", capacity=2)),
            self.run(self.world.agent("Tom", capacity=4)),
        ]

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run(work)

    async def _open(self) -> World:
        world = await self.stack.enter_async_context(open_world(self.folder, url=self.url))
        self.disk.put_under(world.backends.records.writing_engine)
        return world

    def attempt(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Do it; a refusal or a failing disk is an answer too, and then nothing may have happened."""
        try:
            return self.run(work)
        except (SwitchboardError, CommitFails):
            return None

    @initialize(target=conversations)
    def customers_come(self) -> MultipleResults[ConversationId]:
        return multiple(*(self._new_conversation() for _ in range(3)))

    def _new_conversation(self) -> ConversationId:
        self.disk.fail_next = False
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

    @rule(
        where=conversations, race=st.sampled_from(["take", "ask", "write", "late", "take and back"]), answer=DECISIONS
    )
    def a_turn_is_overtaken(self, where: ConversationId, race: str, answer: Decision) -> None:
        """Whatever happens while the bot thinks decides whether its words are said."""
        self.disk.fail_next = False
        self.the_customer_writes(where, again=False)
        brief = self.a_turn_begins(where)
        if brief is None:
            return
        agents, epoch = self.world.desk.agents, brief.epoch
        if race.startswith("take"):
            self.attempt(agents.take(self.agents[1], where, epoch))
        if race == "take and back":
            self.attempt(agents.hand_back(self.agents[1], where, epoch + 1, "done", (), None))
        if race == "ask":
            self.the_customer_asks_for_a_person(where)
        if race == "write":
            self.the_customer_writes(where, again=False)
        if race == "late":
            self.time_passes(20)
        before = len(self.run(self.world.desk.reading.entries(where, 0, 10_000)))
        now = self.run(self.world.desk.reading.conversation(where))
        end = self.run(
            self.world.desk.bot.record_turn(brief, Reply("overtaken?"), answer, TurnReport(Evidence(brief.text)))
        )
        after = self.run(self.world.desk.reading.entries(where, 0, 10_000))
        spoke = any(e.text == "overtaken?" for e in after[before:])
        assert spoke == (now.epoch == epoch and race != "write")
        assert end.outcome == ("committed" if spoke else "superseded" if now.epoch == epoch else "fenced")

    @rule(who=st.integers(0, 1))
    def an_agent_wants_everything(self, who: int) -> None:
        for where in self.acknowledged:
            now = self.run(self.world.desk.reading.conversation(where))
            self.attempt(self.world.desk.agents.take(self.agents[who], where, now.epoch))

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
        self.disk.fail_next = False
        self.world.clock.advance(seconds)
        self.run(self.world.desk.agents.tick())
        self.run(self.world.desk.bot.overdue_turns())

    @rule()
    def the_next_commit_fails(self) -> None:
        self.disk.fail_next = True

    @rule()
    def the_process_is_killed(self) -> None:
        """Reopen from the file as it lies there: a copy of database and log, as after kill -9."""
        self.disk.fail_next = False
        crashed = as_after_a_kill(self.folder)
        now = self.world.clock
        self.run(self.stack.aclose())
        shutil.rmtree(self.folder)
        self.stack = AsyncExitStack()
        self.folder = crashed
        self.url = f"sqlite+aiosqlite:///{crashed / 'record.db'}"
        self.world = self.run(self._open())
        self.world.clock.advance((now.now() - self.world.clock.now()).total_seconds())

    @invariant()
    def everything_holds(self) -> None:
        self.run(self._check())

    async def _check(self) -> None:
        async with self.world.backends.records.reading() as tx:
            rows = await tx.conversations.rows("all", None, before=None, limit=200)
            offers = {o.conversation: o.epoch for o in await tx.offers.all_open()}
            silent = set(await tx.conversations.unanswered(self.world.clock.now()))
            for row in rows:
                await self._check_lines(tx, row.conversation.id)
                if row.conversation.control is Control.BOT and row.conversation.last_customer_offset > row.answered:
                    at_work = await tx.turns.live(row.conversation.id) is not None
                    assert at_work or row.conversation.id in silent, "a customer waits for a bot that is not at work"
        states = [row.conversation for row in rows]
        assert all((c.lifecycle, c.control) in LEGAL_PAIRS for c in states)
        assert all((c.control is Control.HUMAN) == (c.agent is not None) for c in states)
        assert {c.id: c.epoch for c in states if c.control is Control.OFFERED} == offers, "somebody waits unseen"
        for agent in self.agents:
            held = sum(2 for c in states if c.agent == agent.id and c.lifecycle is Lifecycle.ACTIVE)
            assert held <= agent.capacity

    async def _check_lines(self, tx: SqlTransaction, where: ConversationId) -> None:
        """Offsets without gaps, every acknowledged word once, nobody out of turn, a reader gets what it missed."""
        lines = await tx.entries.after(where, 0, 10_000)
        assert [e.offset for e in lines] == list(range(1, len(lines) + 1))
        words = [(e.client_id, e.text) for e in lines if e.client_id is not None and e.client_id.startswith("k")]
        assert sorted(words) == sorted(self.acknowledged[where].items())
        seen = self.known[where]
        assert seen + await tx.entries.after(where, len(seen), 10_000) == lines
        for line in lines[max(len(seen), 1) :]:
            assert SECRET not in line.text
            if line.author.kind in (AuthorKind.BOT, AuthorKind.AGENT):
                stretch = await tx.conversations.stretch(where, line.epoch)
                assert stretch is not None
                assert stretch.control is (Control.BOT if line.author.kind is AuthorKind.BOT else Control.HUMAN)
                assert stretch.agent == line.author.id
        self.known[where] = lines

    def teardown(self) -> None:
        self.run(self.stack.aclose())
        self.loop.close()
        shutil.rmtree(self.folder, ignore_errors=True)


TestInvariants = DeskMachine.TestCase
TestInvariants.settings = settings(
    max_examples=12, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
