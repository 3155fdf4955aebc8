"""Marks: what processes know of each other's screens, however a process ends and whatever is lost on the way."""

from __future__ import annotations

from dataclasses import dataclass, field

from handover.entries import AgentId
from handover.marks import BEAT_SECONDS, EXPIRY_SECONDS, PASSING_SECONDS, Mark, MarkedPresence, Marks
from tests.support.hand_clock import HandClock

ADA, BEN = AgentId("ada"), AgentId("ben")


@dataclass
class Wires:
    """Processes whose words reach each other at once, unless they are lost."""

    clock: HandClock = field(default_factory=HandClock)
    processes: dict[str, Marks] = field(default_factory=dict)
    lost: bool = False

    def process(self, name: str) -> Marks:
        def say(text: str) -> None:
            if not self.lost:
                for other, marks in list(self.processes.items()):
                    if other != name:
                        marks.hear(name, text)

        self.processes[name] = Marks(self.clock.monotonic, say)
        return self.processes[name]

    def kill(self, name: str) -> None:
        del self.processes[name]

    def pass_time(self, seconds: float) -> None:
        """Second by second, as the running service does."""
        for _ in range(int(seconds)):
            self.clock.advance(1)
            for marks in list(self.processes.values()):
                marks.tick()


async def test_two_windows_in_two_processes_and_one_closes_still_here() -> None:
    wires = Wires()
    one, other = MarkedPresence(wires.process("one")), MarkedPresence(wires.process("other"))
    await one.mark(ADA, True)
    await other.mark(ADA, True)
    await one.mark(ADA, False)
    assert await one.here() == await other.here() == {ADA}
    await other.mark(ADA, False)
    assert await one.here() == await other.here() == frozenset()


async def test_an_agent_stays_as_long_as_its_process_says_so() -> None:
    wires = Wires()
    one, other = MarkedPresence(wires.process("one")), MarkedPresence(wires.process("other"))
    await one.mark(ADA, True)
    wires.pass_time(EXPIRY_SECONDS * 4)
    assert await other.here() == {ADA}


async def test_a_killed_process_is_gone_after_the_expiry_and_not_before() -> None:
    wires = Wires()
    one, other = MarkedPresence(wires.process("one")), MarkedPresence(wires.process("other"))
    await one.mark(ADA, True)
    await other.mark(BEN, True)
    wires.kill("one")
    wires.pass_time(EXPIRY_SECONDS - BEAT_SECONDS - 1)
    assert await other.here() == {ADA, BEN}
    wires.pass_time(BEAT_SECONDS + 2)
    assert await other.here() == {BEN}


async def test_a_process_that_ends_in_good_order_is_gone_at_once() -> None:
    wires = Wires()
    marks = wires.process("one")
    one, other = MarkedPresence(marks), MarkedPresence(wires.process("other"))
    await one.mark(ADA, True)
    marks.leave()
    assert await other.here() == frozenset()


async def test_while_nothing_is_carried_the_last_picture_stays_and_then_only_the_own_screens() -> None:
    wires = Wires()
    one, other = MarkedPresence(wires.process("one")), MarkedPresence(wires.process("other"))
    await one.mark(ADA, True)
    await other.mark(BEN, True)
    wires.lost = True
    wires.pass_time(EXPIRY_SECONDS - BEAT_SECONDS - 1)
    assert await one.here() == {ADA, BEN}
    wires.pass_time(BEAT_SECONDS + 2)
    assert await one.here() == {ADA}
    assert await other.here() == {BEN}
    wires.lost = False
    wires.pass_time(BEAT_SECONDS)
    assert await one.here() == await other.here() == {ADA, BEN}


async def test_a_change_that_got_lost_is_made_good_by_the_next_beat() -> None:
    wires = Wires()
    one, other = MarkedPresence(wires.process("one")), MarkedPresence(wires.process("other"))
    await one.mark(ADA, True)
    wires.lost = True
    await one.mark(ADA, False)
    await one.mark(BEN, True)
    wires.lost = False
    assert await other.here() == {ADA}
    wires.pass_time(BEAT_SECONDS)
    assert await other.here() == {BEN}


async def test_a_new_process_asks_and_knows_at_once_who_is_there() -> None:
    wires = Wires()
    one = MarkedPresence(wires.process("one"))
    await one.mark(ADA, True)
    late = wires.process("late")
    late.say_all(ask=True)
    assert await MarkedPresence(late).here() == {ADA}


async def test_a_process_that_stood_still_asks_anew_and_says_what_it_has() -> None:
    wires = Wires()
    stopped, other = wires.process("stopped"), wires.process("other")
    await MarkedPresence(stopped).mark(ADA, True)
    await MarkedPresence(other).mark(BEN, True)
    wires.kill("stopped")
    wires.pass_time(EXPIRY_SECONDS * 2)
    assert await MarkedPresence(other).here() == {BEN}
    wires.processes["stopped"] = stopped  # SIGCONT
    stopped.tick()
    assert await MarkedPresence(other).here() == {ADA, BEN}
    assert await MarkedPresence(stopped).here() == {ADA, BEN}


def test_a_passing_mark_passes_and_is_told_each_time() -> None:
    wires = Wires()
    one, other = wires.process("one"), wires.process("other")
    told: list[str] = []
    other.on_change("typing", told.append)
    mark = Mark("typing", "c", ADA)
    one.passing(mark)
    one.passing(mark)
    assert told == ["c", "c"]
    assert other.others("typing", "c") == {ADA}
    one.say_all()
    assert other.others("typing", "c") == {ADA}  # not a lasting one: saying all does not end it
    wires.pass_time(PASSING_SECONDS + 1)
    assert other.others("typing", "c") == frozenset()
    assert told == ["c", "c", "c"]


def test_only_changes_are_told_and_those_who_run_out_too() -> None:
    wires = Wires()
    one, other = wires.process("one"), wires.process("other")
    told: list[str] = []
    other.on_change("viewing", told.append)
    one.put(Mark("viewing", "c", ADA))
    one.put(Mark("viewing", "c", ADA))
    wires.pass_time(BEAT_SECONDS * 3)
    assert told == ["c"]
    wires.kill("one")
    wires.pass_time(EXPIRY_SECONDS + 1)
    assert told == ["c", "c"]


def test_nonsense_is_left_alone() -> None:
    marks = Wires().process("one")
    for text in ("", "null", '{"all": 3}', '{"put": ["viewing"]}', "[" * 10_000):
        marks.hear("stranger", text)
    marks.hear("stranger", '{"put": ["here", "", "ada"], "from a later release": 1}')
    assert marks.others("here") == {ADA}
