"""The service stops or is killed in the middle of a turn: after the restart the customer is answered, once."""

from __future__ import annotations

import asyncio
import multiprocessing
import multiprocessing.synchronize
from pathlib import Path

from bot.dialogue import TurnRequest
from bot.relay import Relay
from bot.relay_settings import RelaySettings
from bot.repeats import LexicalRepeats
from handover.backends import open_backends
from handover.backends.alone import RecordLock
from handover.conversation import Control
from handover.desk import open_desk
from handover.entries import ConversationId
from handover.policy_settings import load_policy
from tests.support.failing_disk import as_after_a_kill
from tests.support.relay_world import SECRET, World, a_world, backends_in
from tests.support.scripted_dialogue import ScriptedDialogue


async def never(_: TurnRequest) -> str:
    await asyncio.Event().wait()
    return "never"


async def _answered_in(folder: Path, here: ConversationId, words: str, clock_of: World) -> list[str]:
    """What the bot has said in ``folder``'s record when a service was started on it and has nothing left to do."""
    policy = load_policy()
    async with open_backends(f"sqlite+aiosqlite:///{folder / 'record.db'}") as backends:
        assert backends.alone
        desk = open_desk(backends, clock=clock_of.clock, policy=policy)
        dialogue = ScriptedDialogue([words])
        settings = RelaySettings(policy=policy)
        relay = Relay(
            desk, dialogue, settings=settings, clock=clock_of.clock, repeats=LexicalRepeats(), secret=SECRET, alone=True
        )
        task = asyncio.create_task(relay.run())
        world = World(desk, relay, dialogue, clock_of.clock, here)
        said = await world.until_bot_said(1)
        await world.until_done()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        dialogue.done()
        assert (await world.now()).control is Control.BOT
        assert dialogue.heard[0].state is None, "what came of the turn that was cut off does not count"
        return said


async def test_a_turn_cut_off_by_a_stop_is_taken_again_at_the_next_start(tmp_path: Path) -> None:
    async with backends_in(tmp_path) as backends, a_world(backends, ScriptedDialogue([never])) as world:
        await world.says("Where is my order?")
        await world.until_heard(1)
    assert await _answered_in(tmp_path, world.here, "On its way.", world) == ["On its way."]


async def test_a_turn_of_a_killed_process_is_taken_again_at_once(tmp_path: Path) -> None:
    async with backends_in(tmp_path) as backends, a_world(backends, ScriptedDialogue([never])) as world:
        await world.says("Where is my order?")
        await world.until_heard(1)
        crashed = as_after_a_kill(tmp_path)
        assert await _answered_in(crashed, world.here, "On its way.", world) == ["On its way."]


async def test_while_another_process_works_on_the_record_its_turns_are_left_to_it(tmp_path: Path) -> None:
    async with backends_in(tmp_path) as backends, a_world(backends, ScriptedDialogue([never])) as world:
        await world.says("Where is my order?")
        await world.until_heard(1)
        async with open_backends(f"sqlite+aiosqlite:///{tmp_path / 'record.db'}") as second:
            assert not second.alone
            brief = await open_desk(second, clock=world.clock, policy=load_policy()).bot.begin_turn(
                world.here, owner="another", seconds=15
            )
            assert brief is None


async def test_of_two_that_start_at_once_only_one_is_alone(tmp_path: Path) -> None:
    address = f"sqlite+aiosqlite:///{tmp_path / 'record.db'}"
    opened, done = asyncio.Barrier(2), asyncio.Barrier(2)

    async def one() -> bool:
        async with open_backends(address) as backends:
            await opened.wait()
            await done.wait()
            return backends.alone

    assert sorted(await asyncio.gather(one(), one())) == [False, True]


def _hold(record: str, held: multiprocessing.synchronize.Event) -> None:
    with RecordLock(Path(record)) as lock:
        lock.share()
        held.set()
        multiprocessing.Event().wait()


async def test_a_killed_process_holds_no_record(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    held = spawn.Event()
    other = spawn.Process(target=_hold, args=(str(tmp_path / "record.db"), held))
    other.start()
    assert await asyncio.to_thread(held.wait, 30)
    with RecordLock(tmp_path / "record.db") as lock:
        assert not lock.alone
    other.kill()
    await asyncio.to_thread(other.join)
    with RecordLock(tmp_path / "record.db") as lock:
        assert lock.alone
