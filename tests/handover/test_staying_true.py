"""Pages that stay true: a hello in the middle of a connection, refusals a page can place, offers to those rung."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.support.service import Service, running_service
from tests.support.talking import Json, Page


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    async with running_service(tmp_path, frames_burst=80) as running:
        yield running


async def asks_for_a_person(customer: Page) -> Json:
    await customer.says(type="ask_for_human", client_id="h1")
    return await customer.hears("control", lambda frame: frame["control"] == "offered")


@asynccontextmanager
async def waiting_customer(service: Service) -> AsyncIterator[tuple[Page, str, int]]:
    async with service.new_customer() as (customer, welcome):
        control = await asks_for_a_person(customer)
        yield customer, welcome["conversation"], control["epoch"]


async def test_a_page_that_says_hello_again_hears_welcome_and_what_it_lacks_once(service: Service) -> None:
    async with service.new_customer() as (customer, welcome):
        here = {"token": welcome["token"], "conversation": welcome["conversation"]}
        await customer.says(type="say", client_id="a1", text="Hello!")
        last = await customer.hears("entry", lambda frame: frame["text"] == "You said: Hello!")
        await customer.says(type="hello", **here, after=last["offset"])
        assert (await customer.hears("welcome"))["offset"] == last["offset"]
        await customer.says(type="hello", **here, after=1)
        await customer.hears("welcome")
        await customer.hears("entry", lambda frame: frame["offset"] == last["offset"])
        assert customer.offsets() == [1, 2, 3, 2, 3]
        assert customer.errors() == []


async def test_a_connection_stays_with_its_conversation(service: Service) -> None:
    async with service.new_customer() as (customer, _):
        await customer.says(type="hello", conversation="another")
        assert (await customer.hears("error"))["code"] == "bad_input"


async def test_a_waiting_customer_who_says_hello_again_hears_their_place(service: Service) -> None:
    async with waiting_customer(service) as (customer, conversation, epoch):
        await customer.says(type="hello", conversation=conversation, after=99)
        assert (await customer.hears("welcome"))["control"] == "offered"
        again = await customer.hears("control")
        assert (again["epoch"], again["waiting"]["position"], again["waiting"]["desk_open"]) == (epoch, 1, False)


async def test_a_console_that_says_hello_again_hears_welcome_changes_and_its_offers(service: Service) -> None:
    ada = await service.hire("Ada")
    async with service.console(ada) as console, waiting_customer(service) as (_, conversation, _):
        await console.hears("offer")
        await console.says(type="hello", after=0)
        await console.hears("welcome")
        await console.hears("conversation", lambda frame: frame["conversation"] == conversation)
        await console.hears("offer", lambda frame: frame["conversation"] == conversation)
        assert console.errors() == []


async def test_a_refused_message_is_named_to_the_page_that_sent_it(service: Service) -> None:
    async with service.new_customer() as (customer, _):
        await customer.says(type="say", client_id="b1", text="   ")
        await customer.says(type="say", client_id="b2", text="x" * 9_000)
        await customer.says(type="leave_message", client_id="b3", email="ann@example.com")
        for named in ("b1", "b2", "b3"):
            assert (await customer.hears("error"))["client_id"] == named


async def test_an_agent_hears_who_took_it_what_was_missed_and_which_of_their_lines_was_refused(
    service: Service,
) -> None:
    ada, ben = await service.hire("Ada"), await service.hire("Ben")
    async with (
        service.console(ada) as one,
        service.console(ben) as two,
        waiting_customer(service) as (customer, conversation, epoch),
    ):
        await one.says(type="accept", conversation=conversation, epoch=epoch)
        await two.hears("conversation", lambda frame: frame["control"] == "human")
        await two.says(type="accept", conversation=conversation, epoch=epoch)
        taken = await two.hears("error")
        assert (taken["code"], taken["conversation"], taken["detail"]["taken_by"]) == ("taken", conversation, "Ada")
        await two.says(type="note", conversation="nowhere", client_id="n1", text="Hm.")
        missing = await two.hears("error")
        assert (missing["code"], missing["conversation"], missing["client_id"]) == ("not_found", "nowhere", "n1")
        await customer.says(type="say", client_id="a2", text="One more thing.")
        await customer.hears("entry", lambda frame: frame.get("client_id") == "a2")
        await one.says(type="say", conversation=conversation, client_id="r1", text="Hello.", seen=1)
        stale = await one.hears("error")
        assert (stale["code"], stale["conversation"], stale["client_id"]) == ("stale_view", conversation, "r1")
        assert "One more thing." in [entry["text"] for entry in stale["missed"]]


async def test_an_offer_rings_at_those_who_are_free_and_again_after_a_new_connection(service: Service) -> None:
    ada, ben = await service.hire("Ada"), await service.hire("Ben")
    async with service.console(ada) as free, service.console(ben, online=False) as away:
        await away.says(type="availability", state="offline")
        async with waiting_customer(service) as (_, conversation, _):
            await free.hears("offer", lambda frame: frame["conversation"] == conversation)
            await away.hears("conversation", lambda frame: frame["control"] == "offered")
            async with service.console(ada, online=False) as again:
                await again.hears("offer", lambda frame: frame["conversation"] == conversation)
            await away.says(type="hello")
            await away.hears("welcome")
            await away.hears("conversation", lambda frame: frame["conversation"] == conversation)
            assert not [frame for frame in away.heard if frame["type"] == "offer"]


async def test_what_the_customer_saw_is_never_more_than_was_said(service: Service) -> None:
    async with service.new_customer() as (customer, welcome):
        here = {"token": welcome["token"], "conversation": welcome["conversation"]}
        await customer.hears("entry")
        await customer.says(type="seen", offset=99)
        await customer.says(type="hello", **here, after=1)
        assert (await customer.hears("welcome"))["seen"] == 1


async def test_who_left_a_message_is_shown_to_every_agent_who_begins_to_work(service: Service) -> None:
    ada = await service.hire("Ada")
    async with waiting_customer(service) as (customer, conversation, _):
        mail = {"client_id": "l1", "email": "ann@example.com", "text": "Please call."}
        await customer.says(type="leave_message", **mail)
        await customer.hears("control", lambda frame: frame["control"] == "nobody")
        async with service.console(ada, online=False) as console:
            row = await console.hears("conversation", lambda frame: frame["conversation"] == conversation)
            assert (row["control"], row["customer"]["email"]) == ("nobody", "ann@example.com")
            await console.says(type="availability", state="online")
            told = await console.hears("conversation", lambda frame: frame["conversation"] == conversation)
            assert (told["control"], told["customer"]["email"]) == ("nobody", "ann@example.com")
        answer = await service.http.get(
            "/api/v1/conversations", params={"view": "waiting"}, headers={"authorization": f"Bearer {ada}"}
        )
        assert [one["customer"]["email"] for one in answer.json()["rows"]] == ["ann@example.com"]
