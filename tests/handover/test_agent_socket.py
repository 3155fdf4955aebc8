"""The agents' socket on the whole service: what an agent sees, does, and is refused; several screens stay true."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sqlalchemy as sa

from handover.clock import SystemClock
from handover.desk import open_desk
from handover.policy_settings import load_policy
from tests.support.service import Service, waiting_customer
from tests.support.talking import Json, Page, page


async def _accepts(peer: Page, conversation: str) -> Json:
    offer = await peer.hears("offer", lambda frame: frame["conversation"] == conversation)
    await peer.says(type="accept", conversation=conversation, epoch=offer["epoch"])
    return await peer.hears("conversation", lambda f: f["conversation"] == conversation and f["control"] == "human")


async def _opens(peer: Page, conversation: str, **after: int) -> Json:
    await peer.says(type="open", conversation=conversation, **after)
    return await peer.hears("conversation", lambda frame: frame["conversation"] == conversation)


def _text(text: str) -> Any:
    return lambda frame: frame["text"] == text


async def test_an_agent_accepts_answers_and_hands_back_and_the_customer_sees_each_step(service: Service) -> None:
    ada = await service.hire("Ada")
    async with service.console(ada) as console, waiting_customer(service) as (customer, conversation):
        row = await _accepts(console, conversation)
        await customer.hears("control", lambda frame: frame["control"] == "human" and frame["agent"] == "Ada")
        await _opens(console, conversation)
        # The row says that Ada may write: by then she has what was said, or her first words would be refused as blind.
        last = [frame for frame in console.heard if frame["type"] == "entry"][-1]
        assert last["author"]["kind"] == "system"
        await console.says(type="typing", conversation=conversation)
        assert (await customer.hears("typing"))["author"] == {"kind": "agent", "name": "Ada"}
        seen = max(last["offset"], *customer.offsets())
        await console.says(type="say", conversation=conversation, client_id="r1", text="A new one comes.", seen=seen)
        mine = await console.hears("entry", lambda frame: frame.get("client_id") == "r1")
        heard = await customer.hears("entry", _text("A new one comes."))
        assert (heard["offset"], heard["author"]["kind"]) == (mine["offset"], "agent")
        await console.says(
            type="hand_back",
            conversation=conversation,
            epoch=row["epoch"],
            outcome="New tent sent.",
            open_promises=["x"],
        )
        await customer.hears("control", lambda frame: frame["control"] == "bot")


async def test_a_note_is_seen_by_colleagues_and_never_by_the_customer(service: Service) -> None:
    ada, ben = await service.hire("Ada"), await service.hire("Ben")
    async with (
        service.console(ada) as one, service.console(ben) as two, waiting_customer(service) as (customer, conversation),
    ):  # fmt: skip
        await _opens(two, conversation)
        await one.says(type="note", conversation=conversation, text="Be gentle, third time.", client_id="n1")
        note = await two.hears("note")
        assert (note["text"], note["author"]["name"]) == ("Be gentle, third time.", "Ada")
        await customer.says(type="say", client_id="a2", text="hello?")
        await customer.hears("entry", _text("hello?"))
        assert "gentle" not in str(customer.heard)


async def test_only_one_of_two_agents_wins_and_the_other_is_told_who(service: Service) -> None:
    ada, ben = await service.hire("Ada"), await service.hire("Ben")
    async with (
        service.console(ada) as one, service.console(ben) as two, waiting_customer(service) as (_, conversation),
    ):  # fmt: skip
        offer = await two.hears("offer")
        await _accepts(one, conversation)
        await two.says(type="accept", conversation=conversation, epoch=offer["epoch"])
        error = await two.hears("error")
        assert (error["code"], error["conversation"]) == ("taken", conversation)
        assert error["detail"]["taken_by"] == "Ada"


async def test_a_stale_answer_bounces_with_what_was_missed(service: Service) -> None:
    ada = await service.hire("Ada")
    async with service.console(ada) as console, waiting_customer(service) as (customer, conversation):
        await _accepts(console, conversation)
        await customer.says(type="say", client_id="a2", text="Wait, it is the other tent")
        fresh = await customer.hears("entry", _text("Wait, it is the other tent"))
        seen = fresh["offset"] - 1
        await console.says(type="say", conversation=conversation, client_id="r1", text="Sending it.", seen=seen)
        error = await console.hears("error")
        assert (error["code"], error["client_id"]) == ("stale_view", "r1")
        assert [entry["text"] for entry in error["missed"]] == ["Wait, it is the other tent"]
        say = {"type": "say", "conversation": conversation, "client_id": "r2", "text": "Ah, that one."}
        await console.says(**say, seen=fresh["offset"])
        await customer.hears("entry", _text("Ah, that one."))


async def test_who_does_not_have_the_conversation_cannot_speak_in_it(service: Service) -> None:
    ada, ben = await service.hire("Ada"), await service.hire("Ben")
    async with (
        service.console(ada) as one, service.console(ben) as two, waiting_customer(service) as (_, conversation),
    ):  # fmt: skip
        await _accepts(one, conversation)
        await two.says(type="say", conversation=conversation, client_id="r1", text="Me too!", seen=99)
        assert (await two.hears("error"))["code"] == "not_yours"


@pytest.mark.parametrize(
    ("template", "code"),
    [
        ({"name": "", "language": "en"}, "bad_input"),
        ({"name": "order_update", "language": "en_US_and_more_than_16"}, "too_large"),
        ({"name": "order_update", "language": "en", "parameters": ["x"] * 21}, "bad_input"),
        ({"name": "order_update", "language": "en", "parameters": [""]}, "bad_input"),
    ],
)
async def test_a_template_that_is_none_is_refused_and_its_words_are_not_said(
    service: Service, template: Json, code: str
) -> None:
    ada = await service.hire("Ada")
    async with service.console(ada) as console, waiting_customer(service) as (_, conversation):
        await _accepts(console, conversation)
        words = {"conversation": conversation, "client_id": "t1", "text": "Your order is on its way.", "seen": 9}
        await console.says(type="say", **words, template=template)
        assert (await console.hears("error"))["code"] == code


async def test_a_template_goes_to_the_outbox_with_the_words_it_reads_like(service: Service) -> None:
    ada = await service.hire("Ada")
    customers = open_desk(service.backends, clock=SystemClock(), policy=load_policy()).customers
    customer = await customers.new_customer(name="Ann")
    here = await customers.start("whatsapp.4f2a9c01", customer.id)
    template = {"name": "order_update", "language": "en", "parameters": ["Ann", "today"]}
    async with service.console(ada) as console:
        await console.says(type="take", conversation=here.id, epoch=here.epoch)
        await console.hears("conversation", lambda f: f["conversation"] == here.id and f["control"] == "human")
        await _opens(console, here.id)
        words = {"conversation": here.id, "client_id": "t1", "text": "Hello Ann, it comes today.", "seen": 9}
        await console.says(type="say", **words, template=template)
        said = await console.hears("entry", lambda frame: frame.get("client_id") == "t1")
    async with service.backends.records.reading() as tx:
        line = sa.text('SELECT template FROM outbox WHERE conversation = :here AND "offset" = :offset')
        kept = (await tx.connection.execute(line, {"here": here.id, "offset": said["offset"]})).scalar_one()
    assert json.loads(kept) == template


async def test_two_screens_of_one_agent_show_the_same(service: Service) -> None:
    ada = await service.hire("Ada")
    async with (
        service.console(ada) as desk, service.console(ada) as phone, waiting_customer(service) as (_, conversation),
    ):  # fmt: skip
        await _accepts(desk, conversation)
        await phone.hears("conversation", lambda f: f["conversation"] == conversation and f["control"] == "human")
        for peer in (desk, phone):
            await _opens(peer, conversation)
            await peer.hears("presence")
        seen = max(desk.offsets())
        await desk.says(type="say", conversation=conversation, client_id="r1", text="On my way.", seen=seen)
        for peer in (desk, phone):
            await peer.hears("entry", _text("On my way."))
            assert peer.offsets() == sorted(set(peer.offsets()))


async def test_a_console_that_comes_back_gets_what_changed_meanwhile(service: Service) -> None:
    ada = await service.hire("Ada")
    async with page(service.address, "/ws/agent", authorization=f"Bearer {ada}") as first:
        await first.says(type="hello")
        feed = (await first.hears("welcome"))["feed"]
        await first.says(type="availability", state="online")
        await first.says(type="open", conversation="none-such")
        await first.hears("error")  # so the frame before it is done
    async with (
        waiting_customer(service) as (_, conversation),
        page(service.address, "/ws/agent", authorization=f"Bearer {ada}") as again,
    ):
        await again.says(type="hello", after=feed)
        await again.hears("welcome")
        row = await again.hears("conversation")
        assert (row["conversation"], row["control"]) == (conversation, "offered")
        assert (await again.hears("offer"))["packet"]["reason"] == "asked"


async def test_a_conversation_opened_with_an_offset_brings_only_what_comes_after(service: Service) -> None:
    ada = await service.hire("Ada")
    async with service.console(ada) as console, waiting_customer(service) as (customer, conversation):
        await _opens(console, conversation, after=2)
        await console.hears("presence")
        assert console.offsets() == list(range(3, max(customer.offsets()) + 1))


async def test_colleagues_see_who_looks_and_who_writes_until_they_leave(service: Service) -> None:
    ada, ben = await service.hire("Ada"), await service.hire("Ben")
    async with service.console(ada) as one, waiting_customer(service) as (customer, conversation):
        await _opens(one, conversation)
        async with service.console(ben) as two:
            await _opens(two, conversation)
            both = await one.hears("presence", lambda frame: len(frame["viewing"]) == 2)
            await two.says(type="typing", conversation=conversation)
            writes = await one.hears("presence", lambda frame: len(frame["typing"]) == 1)
            assert set(writes["typing"]) < set(both["viewing"])
        await one.hears("presence", lambda frame: len(frame["viewing"]) == 1 and not frame["typing"])
        assert not [frame for frame in customer.heard if frame["type"] == "typing"]


REFUSED: list[tuple[Json, str]] = [
    ({"type": "open", "conversation": "none-such"}, "not_found"),
    ({"type": "take", "conversation": "none-such", "epoch": 1}, "not_found"),
    ({"type": "note", "conversation": "none-such", "text": "a"}, "not_found"),
    ({"type": "say", "conversation": "none-such", "client_id": "1", "text": "a", "seen": 0}, "not_found"),
    ({"type": "say", "conversation": "c", "client_id": "1", "text": " ", "seen": 0}, "bad_input"),
    ({"type": "accept", "conversation": "c", "epoch": -1}, "bad_input"),
    ({"type": "accept", "conversation": "c", "epoch": 2**70}, "bad_input"),
    ({"type": "availability", "state": "asleep"}, "bad_input"),
    ({"type": "snooze", "conversation": "c", "until": "whenever"}, "bad_input"),
    ({"type": "drop"}, "bad_input"),
    ({"type": "suggest", "conversation": "none-such"}, "not_found"),
]


async def test_what_cannot_be_done_is_an_error_and_the_console_goes_on(service: Service) -> None:
    async with service.console(await service.sign_in(), online=False) as console:
        for frame, code in REFUSED:
            await console.says(**frame)
            assert (await console.hears("error"))["code"] == code, frame
            await console.says(type="close", conversation="never-opened")
