"""Stories of one conversation, step by step: customers, agents and a bot that answers when the story lets it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from bot.dialogue import DialogueFailed, TurnRequest
from handover.backends import Backends
from handover.conversation import Control
from handover.entries import AuthorKind, EntryKind
from handover.stored import Stretch, TurnState
from tests.support.relay_world import ANN, World
from tests.support.scripted_dialogue import Answer, ScriptedDialogue

WORDS = st.sampled_from(["Where is my order?", "and", "the blue one", "Hello!", "yes"])
STEPS = st.one_of(
    st.tuples(st.just("says"), WORDS),
    st.tuples(st.just("says"), WORDS),
    st.tuples(st.just("types"), st.none()),
    st.tuples(st.just("waits"), st.sampled_from([0.4, 1.0, 3.0, 15.0, 18.0])),
    st.tuples(st.just("is answered"), st.none()),
    st.tuples(st.just("is answered"), st.none()),
    st.tuples(st.just("meets a failure"), st.sampled_from(["empty", "down", "timeout", "fenced"])),
    st.tuples(st.just("asks for a person"), st.none()),
    st.tuples(st.just("stops waiting"), st.none()),
    st.tuples(st.just("is taken over"), st.none()),
    st.tuples(st.just("is handed back"), st.none()),
)


class Story:
    """Plays the steps; the dialogue answers only when a step lets it."""

    def __init__(self) -> None:
        self.dialogue = ScriptedDialogue(otherwise=self._waits_for_a_step)
        self._asked: list[tuple[TurnRequest, asyncio.Future[Answer]]] = []

    async def _waits_for_a_step(self, request: TurnRequest) -> Answer:
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._asked.append((request, answer))
        return await answer

    def answer(self, failure: str | None = None) -> None:
        while self._asked:
            request, answer = self._asked.pop(0)
            if not answer.done():
                failed = failure and DialogueFailed(failure, "as the story wants", retry=failure in ("empty", "down"))
                answer.set_result(failed or f"in epoch {request.epoch}")
                return

    async def play(self, world: World, verb: str, what: Any) -> None:
        """One step, through this world's relay."""
        agents, customers, here = world.desk.agents, world.desk.customers, world.here
        epoch = (await world.now()).epoch
        match verb:
            case "says":
                await world.says(what)
            case "types":
                world.relay.customer_types(here)
            case "waits":
                world.clock.advance(what)
            case "is answered":
                self.answer()
            case "meets a failure":
                self.answer(what)
            case "asks for a person":
                await customers.ask_for_human(here, f"ask-{world.clock.monotonic()}-{epoch}")
            case "stops waiting":
                await customers.stop_waiting(here, f"stop-{world.clock.monotonic()}-{epoch}")
            case "is taken over":
                control = (await world.now()).control
                await (agents.accept if control is Control.OFFERED else agents.take)(ANN, here, epoch)
            case "is handed back":
                await agents.say(ANN, here, f"say-{epoch}", "I looked into it.", (await world.now()).last_offset)
                await agents.hand_back(ANN, here, epoch, "Settled.")


async def settled(*backends: Backends) -> None:
    """Let what is on its way reach the record: writers queue, so behind us in the queue nothing older is left."""
    for _ in range(3):
        for each in backends:
            async with each.records.transaction():
                pass
        for _ in range(10):
            await asyncio.sleep(0)


async def all_answered(story: Story, worlds: Sequence[World], *backends: Backends) -> None:
    """Let time pass and answer whatever is asked until nobody waits. AssertionError when somebody always does."""
    for _ in range(80):
        await settled(*backends)
        story.answer()
        worlds[0].clock.advance(1)
        await settled(*backends)
        idle = all(world.relay.at_work == 0 for world in worlds)
        if idle and not await worlds[0].desk.bot.unanswered(older_than=0):
            return
    raise AssertionError("somebody waits for ever")


async def stretches(world: World, backends: Backends) -> list[Stretch]:
    async with backends.records.reading() as tx:
        epochs = range(1, (await world.now()).epoch + 1)
        return [found for epoch in epochs if (found := await tx.conversations.stretch(world.here, epoch))]


async def check(world: World, backends: Backends) -> None:
    """Each customer message has one outcome, and no bot line stands where the bot had no control."""
    entries, decisions = await world.entries(), await world.desk.reading.decisions(world.here)
    runs = await stretches(world, backends)
    for entry in entries:
        run = [stretch for stretch in runs if stretch.after_offset < entry.offset][-1]
        if entry.author.kind is AuthorKind.CUSTOMER:
            outcomes = [d for d in decisions if d.first_offset <= entry.offset <= d.last_offset]
            moved_on = run.control is not Control.BOT or run is not runs[-1]
            assert len(outcomes) == 1 or (not outcomes and moved_on), f"outcomes of {entry.offset}: {outcomes}"
        if entry.author.kind is AuthorKind.BOT and entry.kind is EntryKind.MESSAGE:
            assert entry.text == f"in epoch {entry.epoch}"
            assert (run.epoch, run.control) == (entry.epoch, Control.BOT)
    async with backends.records.reading() as tx:
        for turn in ((await tx.turns.to_begin(world.here, 1, 1))[1] or {"turns": []})["turns"]:
            kept = await tx.turns.get(turn)
            assert kept is not None
            assert kept.state is TurnState.COMMITTED, "the dialogue stands on what was never said"
