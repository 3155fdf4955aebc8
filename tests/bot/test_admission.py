"""Who is refused while the bot drowns, and who never is; what was refused is nowhere, what was taken is answered."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.admission import Admission
from bot.buttons import ASK_FOR_HUMAN
from bot.dialogue import TurnRequest
from bot.relay_settings import RelaySettings
from handover.backends import Backends
from handover.desk import CustomerMessage
from handover.entries import AuthorKind, ConversationId
from handover.errors import Busy
from handover.policy_settings import load_policy
from handover.topics import load_topics
from tests.support.hand_clock import HandClock
from tests.support.relay_world import ANN, World, a_world
from tests.support.scripted_dialogue import ScriptedDialogue
from tests.support.service import Service, running_service

HERE, THERE = ConversationId("here"), ConversationId("there")


@dataclass
class Line:
    """A line of ``wait`` seconds; ``at_work`` have a turn queued; ``for_bot`` is what the record would say."""

    wait: float = 0.0
    at_work: set[str] = field(default_factory=set)
    for_bot: bool = True
    asked: list[str] = field(default_factory=list)

    def has(self, conversation: ConversationId) -> bool:
        return conversation in self.at_work

    async def needs_a_turn(self, conversation: ConversationId, client_id: str) -> bool:
        self.asked.append(client_id)
        return self.for_bot


def admission(line: Line, clock: HandClock | None = None, *, spread: float = 0.0) -> Admission:
    return Admission(
        line, line.needs_a_turn, longest=10, topics=load_topics(), clock=clock or HandClock(), spread=lambda: spread
    )


def says(text: str = "Where is my order?", client_id: str = "m1", payload: str | None = None) -> CustomerMessage:
    return CustomerMessage(text, client_id, payload=payload)


async def test_while_the_line_is_short_the_record_is_not_even_asked() -> None:
    line = Line(wait=9.9)
    await admission(line).admit(HERE, says())
    assert line.asked == []


async def test_a_line_that_is_too_long_refuses_with_a_time_to_come_again() -> None:
    for wait, spread, hint in ((10.1, 0.0, 2.0), (18.0, 0.0, 8.0), (18.0, 1.0, 12.0), (500.0, 1.0, 30.0)):
        with pytest.raises(Busy) as refused:
            await admission(Line(wait=wait), spread=spread).admit(HERE, says())
        assert refused.value.retry_after == hint
        assert refused.value.as_dict()["code"] == "busy"


async def test_a_rush_may_fill_the_line_and_one_that_stays_is_kept_short() -> None:
    line, clock = Line(wait=9), HandClock()
    door = admission(line, clock)
    names = iter(range(100))

    async def taken(wait: float) -> bool:
        line.wait, name = wait, f"c{next(names)}"
        try:
            await door.admit(ConversationId(name), says(client_id=name), shown_bot=True)
        except Busy:
            return False
        return True

    assert await taken(9)
    clock.advance(1.9)
    assert await taken(8)
    clock.advance(0.1)
    assert not await taken(7)  # longer than two seconds for two seconds
    clock.advance(60)
    assert not await taken(2.1)
    assert await taken(1.9)  # it has room again, and is no rush for that
    assert not await taken(2.1)
    assert await taken(1.0)
    assert await taken(9)  # it was over: this is another one


@pytest.mark.parametrize(
    "said",
    [
        says("Talk to a person", payload=ASK_FOR_HUMAN),
        says("can I speak to a HUMAN please"),
        says("is anybody there?"),
        says("I will see you in court, my lawyer says"),
        says("the stove exploded"),
    ],
)
async def test_who_may_want_a_person_is_never_refused(said: CustomerMessage) -> None:
    await admission(Line(wait=1_000)).admit(HERE, said)


async def test_words_that_need_no_further_turn_are_never_refused() -> None:
    await admission(Line(wait=1_000, at_work={HERE})).admit(HERE, says())
    await admission(Line(wait=1_000, for_bot=False)).admit(HERE, says())


async def test_a_page_that_shows_the_bot_is_refused_without_the_record_but_only_once() -> None:
    line = Line(wait=1_000, for_bot=False)
    door = admission(line)
    with pytest.raises(Busy):
        await door.admit(HERE, says(), shown_bot=True)
    assert line.asked == []
    await door.admit(HERE, says(), shown_bot=True)  # a person has it meanwhile, and the page was not told
    assert line.asked == ["m1"]


async def test_what_was_written_later_does_not_overtake_what_was_refused() -> None:
    line, clock = Line(wait=15), HandClock()
    door = admission(line, clock)
    with pytest.raises(Busy):
        await door.admit(HERE, says(client_id="m1"))
    line.wait = 0
    clock.advance(1)
    with pytest.raises(Busy) as behind:
        await door.admit(HERE, says(client_id="m2"))
    assert behind.value.retry_after == 4
    await door.admit(THERE, says(client_id="m2"))
    await door.admit(HERE, says(client_id="m1"))
    await door.admit(HERE, says(client_id="m2"))


async def test_what_never_comes_again_holds_nothing_up_for_long() -> None:
    line, clock = Line(wait=15), HandClock()
    door = admission(line, clock)
    with pytest.raises(Busy):
        await door.admit(HERE, says(client_id="m1"))
    line.wait = 0
    clock.advance(5)
    await door.admit(HERE, says(client_id="m2"))


NARROW = RelaySettings(policy=load_policy(), turns_at_once=1, turns_waiting_seconds=0.5)


async def _other(world: World) -> ConversationId:
    customer = await world.desk.customers.new_customer(name="Cy")
    return (await world.desk.customers.start("web", customer.id)).id


async def test_on_the_record_only_what_needs_one_more_turn_is_refused(backends: Backends) -> None:
    gate = asyncio.Event()

    async def slow(request: TurnRequest) -> str:
        await gate.wait()
        return f"To {request.text}"

    async with a_world(backends, ScriptedDialogue(otherwise=slow), settings=NARROW) as world:
        relay, there = world.relay, await _other(world)
        await relay.admit(world.here, says("Hello!"))
        await world.says("Hello!")
        await world.until_heard(1)

        with pytest.raises(Busy):
            await relay.admit(there, says("Hello?", "x1"))
        assert relay.wait > NARROW.turns_waiting_seconds
        await relay.admit(world.here, says("And where is it?", "m2"))  # its burst may grow

        await world.desk.customers.record_customer_message(there, says("Kept, and not answered yet.", "x0"))
        await relay.admit(there, says("Hello?", "x1"))  # a turn is owed there, whoever takes it
        row = await world.desk.reading.conversation(there)
        await world.desk.agents.take(ANN, there, row.epoch)
        await relay.admit(there, says("Hello?", "x2"))  # a person has it

        gate.set()
        await world.until_bot_said(1)
        await world.until_done()
        await relay.admit(await _other(world), says("Hello?", "y1"))


async def test_a_message_that_is_in_the_record_already_is_not_refused(backends: Backends) -> None:
    stuck = asyncio.Event()

    async def slow(request: TurnRequest) -> str:
        if request.text == "Slow.":
            await stuck.wait()
        return f"To {request.text}"

    async with a_world(backends, ScriptedDialogue(otherwise=slow), settings=NARROW) as world:
        await world.says("Hello!", client_id="same")
        await world.until_done()
        there = await _other(world)
        await world.relay.customer_says(there, says("Slow.", "x1"))
        await world.until_heard(2)
        with pytest.raises(Busy):
            await world.relay.admit(world.here, says("New.", "other"))
        await world.relay.admit(world.here, says("Hello!", "same"))
        stuck.set()
        await world.until_done()


async def _at_rest(service: Service) -> None:
    while True:
        if "switchboard_turns_at_work 0.0" in (await service.http.get("/metrics")).text:
            return
        await asyncio.sleep(0.01)


async def test_through_real_sockets_the_refused_is_told_to_come_again_and_people_talk_on(tmp_path: Path) -> None:
    gate, begun = asyncio.Event(), asyncio.Event()

    async def slow(request: TurnRequest) -> str:
        begun.set()
        await gate.wait()
        return f"You said: {request.text}"

    narrow = {"turns_at_once": 1, "turns_waiting_seconds": 0.5, "socket_strikes": 1}
    async with running_service(tmp_path, dialogue=ScriptedDialogue(otherwise=slow), **narrow) as service:
        ann = await service.hire("Ann")
        async with (
            service.new_customer() as (first, _), service.new_customer() as (second, _),
            service.new_customer() as (third, helped), service.console(ann) as console,
        ):  # fmt: skip
            await console.says(type="take", conversation=helped["conversation"], epoch=helped["epoch"])
            await third.hears("control", lambda frame: frame["control"] == "human")
            await first.says(type="say", client_id="a1", text="Hello!")
            await begun.wait()
            for n in range(4):  # more often than frames may be refused: this is nobody's fault
                await second.says(type="say", client_id="b1", text="Me, too!")
                refused = await second.hears("error")
                assert (refused["code"], refused["client_id"]) == ("busy", "b1"), n
                assert refused["retry_after"] >= 2
            await third.says(type="say", client_id="c1", text="Are you there, Ann?")
            await third.hears("entry", lambda frame: frame.get("client_id") == "c1")
            assert (await service.http.get("/healthz")).status_code == 200
            shown = (await service.http.get("/metrics")).text
            assert "switchboard_messages_put_off_total 4.0" in shown
            gate.set()
            await first.hears("entry", lambda frame: frame["author"]["kind"] == "bot" and "You said" in frame["text"])
            await _at_rest(service)
            await second.says(type="say", client_id="b1", text="Me, too!")
            mine = await second.hears("entry", lambda frame: frame.get("client_id") == "b1")
            assert mine["author"]["kind"] == AuthorKind.CUSTOMER
            await second.hears("entry", lambda frame: frame["text"] == "You said: Me, too!")
