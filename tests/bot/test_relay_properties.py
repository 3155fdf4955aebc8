"""Whatever comes in between: every accepted message ends in exactly one outcome, and no bot speaks out of turn.

Told of one process, and of two on one record: the customer's messages come in through either, and either may die.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.relay import Relay, RelaySettings
from bot.repeats import LexicalRepeats
from handover.backends import Backends, open_backends
from handover.desk import open_desk
from handover.errors import SwitchboardError, Unavailable
from handover.policy_settings import load_policy
from tests.support.relay_story import STEPS, Story, all_answered, check, settled
from tests.support.relay_world import SECRET, World, a_world, backends_in
from tests.support.scripted_lives import ScriptedLives


async def told(steps: list[tuple[str, Any]]) -> None:
    story = Story()
    with tempfile.TemporaryDirectory() as folder:
        async with backends_in(Path(folder)) as backends, a_world(backends, story.dialogue) as world:
            for verb, what in steps:
                with suppress(SwitchboardError):  # not possible now; a refusal changes nothing
                    await story.play(world, verb, what)
                if verb != "says":
                    await settled(backends)
            await all_answered(story, [world], backends)
            await check(world, backends)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=st.lists(STEPS, min_size=1, max_size=14))
def test_every_accepted_message_has_one_outcome_and_nobody_speaks_out_of_turn(steps: list[tuple[str, Any]]) -> None:
    asyncio.run(told(steps))


class Cut:
    """A record that a process which died does not reach any more."""

    def __init__(self, records: Any) -> None:
        self._records = records
        self.dead = False

    def transaction(self) -> Any:
        return self._of(self._records.transaction)

    def reading(self) -> Any:
        return self._of(self._records.reading)

    def glance(self) -> Any:
        return self._of(self._records.glance)

    @asynccontextmanager
    async def _of(self, begin: Any) -> AsyncIterator[Any]:
        if self.dead:
            raise Unavailable("This process is dead.")
        async with begin() as tx:
            yield tx


class Replica:
    """A second process on the record of ``first``: its own relay, desk and way to the record."""

    def __init__(self, first: World, backends: Backends, owner: str, ended: set[str]) -> None:
        self._cut = Cut(backends.records)
        self._owner, self._ended = owner, ended
        desk = open_desk(replace(backends, records=self._cut), clock=first.clock, policy=load_policy())
        relay = Relay(
            desk,
            first.dialogue,
            settings=RelaySettings(policy=load_policy()),
            clock=first.clock,
            repeats=LexicalRepeats(),
            secret=SECRET,
            lives=ScriptedLives(owner, ended),
        )
        self.world = World(desk, relay, first.dialogue, first.clock, first.here, first._ids)
        self._task = asyncio.create_task(relay.run())

    async def dies(self) -> None:
        """Killed: it leaves everything as it is, and the others learn of it in time."""
        self._cut.dead = True
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        self._ended.add(self._owner)


TOLD_THROUGH = st.tuples(STEPS, st.sampled_from([0, 1]))


async def told_through_two(steps: list[tuple[tuple[str, Any], int]], dies: int | None) -> None:
    """``dies``: before which step the second process does."""
    story = Story()
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        first = await stack.enter_async_context(backends_in(folder))
        second = await stack.enter_async_context(open_backends(f"sqlite+aiosqlite:///{folder / 'record.db'}"))
        ended: set[str] = set()
        one = await stack.enter_async_context(a_world(first, story.dialogue, lives=ScriptedLives("one", ended)))
        replica = Replica(one, second, "two", ended)
        worlds = [one, replica.world]
        for number, ((verb, what), through) in enumerate(steps):
            if number == dies:
                await replica.dies()
                worlds = [one]
            with suppress(SwitchboardError):
                await story.play(worlds[through % len(worlds)], verb, what)
            if verb != "says":
                await settled(first, second)
        await all_answered(story, worlds, first, second)
        await check(one, first)
        await replica.dies()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    steps=st.lists(TOLD_THROUGH, min_size=1, max_size=14),
    dies=st.one_of(st.none(), st.integers(min_value=0, max_value=13)),
)
def test_the_same_holds_for_two_processes_on_one_record_also_when_one_dies(
    steps: list[tuple[tuple[str, Any], int]], dies: int | None
) -> None:
    asyncio.run(told_through_two(steps, dies))
