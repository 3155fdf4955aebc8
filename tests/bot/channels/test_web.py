"""The customers' socket on the whole service: welcome, what was missed, live, and who may read what."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError
from websockets.exceptions import InvalidStatus

from bot.visitors import Visitors
from handover.backends import open_backends
from handover.clock import SystemClock
from handover.desk import CustomerMessage, open_desk
from handover.entries import ConversationId, CustomerId
from handover.policy_settings import load_policy
from handover.ports import Told
from tests.support.hand_clock import HandClock
from tests.support.service import Service, running_service
from tests.support.talking import Json, Page


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    async with running_service(tmp_path, frames_burst=60) as running:
        yield running


async def _hello(peer: Page, **known: Any) -> Json:
    await peer.says(type="hello", **known)
    return await peer.hears("welcome")


def _by_customer(frame: Json) -> bool:
    return bool(frame["author"]["kind"] == "customer")


def _entry(text: str) -> Any:
    return lambda frame: frame["text"] == text


async def test_a_new_customer_is_welcomed_and_first_told_that_an_ai_speaks(service: Service) -> None:
    async with service.new_customer() as (peer, welcome):
        assert welcome["control"] == "bot"
        assert welcome["assistant"]["name"] == "Juniper"
        first = await peer.hears("entry")
        assert first["offset"] == 1
        assert first["author"]["kind"] == "bot"
        assert "AI" in first["text"]


async def test_a_message_comes_back_as_an_entry_with_its_client_id_and_is_answered(service: Service) -> None:
    async with service.new_customer() as (peer, _):
        await peer.says(type="say", client_id="a1", text="Where is my order?")
        mine = await peer.hears("entry", lambda frame: frame.get("client_id") == "a1")
        assert mine["author"]["kind"] == "customer"
        answer = await peer.hears("entry", _entry("You said: Where is my order?"))
        assert answer["offset"] > mine["offset"]


async def test_words_that_could_not_be_recorded_are_not_overtaken_by_later_ones(service: Service) -> None:
    refused: list[int] = []

    def refuse_once(connection: Any) -> None:
        if not refused:
            refused.append(1)
            raise OperationalError("COMMIT", None, Exception("the disk is away"))

    async with service.new_customer() as (peer, welcome):
        await peer.hears("entry")
        sa.event.listen(service.backends.records.writing_engine, "commit", refuse_once)
        await peer.says(type="say", client_id="a1", text="First.")
        await peer.says(type="say", client_id="a2", text="Second.")
        assert await peer.is_closed() == 1013
        assert peer.errors() == ["unavailable"]
    async with service.customer() as again:
        await _hello(again, token=welcome["token"], conversation=welcome["conversation"], after=1)
        for client_id, text in (("a1", "First."), ("a2", "Second.")):
            await again.says(type="say", client_id=client_id, text=text)
        assert [(await again.hears("entry", _by_customer))["text"] for _ in range(2)] == ["First.", "Second."]


async def test_the_same_message_sent_twice_is_in_the_record_once(service: Service) -> None:
    async with service.new_customer() as (peer, _):
        for _ in range(3):
            await peer.says(type="say", client_id="a1", text="Hello?")
        await peer.says(type="say", client_id="a2", text="Anybody?")
        await peer.hears("entry", lambda frame: frame.get("client_id") == "a2")
        assert [f["text"] for f in peer.heard if f["type"] == "entry"].count("Hello?") == 1


async def test_who_comes_back_gets_exactly_what_was_missed(service: Service) -> None:
    async with service.new_customer() as (peer, welcome):
        await peer.says(type="say", client_id="a1", text="first words")
        seen = await peer.hears("entry", _entry("You said: first words"))
    known = {"token": welcome["token"], "conversation": welcome["conversation"]}
    async with service.customer() as elsewhere:
        await _hello(elsewhere, **known)
        await elsewhere.says(type="say", client_id="b1", text="from my phone")
        last = await elsewhere.hears("entry", _entry("You said: from my phone"))
        assert elsewhere.offsets() == list(range(1, last["offset"] + 1))
    async with service.customer() as again:
        assert (await _hello(again, **known, after=seen["offset"]))["offset"] == last["offset"]
        await again.hears("entry", lambda frame: frame["offset"] == last["offset"])
        assert again.offsets() == list(range(seen["offset"] + 1, last["offset"] + 1))


async def test_two_pages_of_one_customer_show_the_same(service: Service) -> None:
    async with service.new_customer() as (one, welcome), service.customer() as two:
        await _hello(two, token=welcome["token"])
        await one.says(type="say", client_id="a1", text="seen on both")
        for peer in (one, two):
            answer = await peer.hears("entry", _entry("You said: seen on both"))
            assert peer.offsets() == list(range(1, answer["offset"] + 1))


def _tokens(customer: str) -> dict[str, str]:
    clock = HandClock()
    return {
        "forged": Visitors(b"another secret of forty characters....", clock=clock).token_for(CustomerId(customer)),
        "expired": Visitors(b"k" * 40, clock=clock, days=1).token_for(CustomerId(customer)),
        "alg none": "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIiwiYXVkIjoic3dpdGNoYm9hcmQ6dmlzaXRvciIsImV4cCI6OTk5OTk5OTk5OX0.",
        "no token at all": "let-me-in",
        "empty": "",
    }


async def test_a_token_that_proves_nobody_opens_nothing(service: Service) -> None:
    async with service.new_customer() as (_, welcome):
        # HandClock stands some months ago: a token of one day has long ended.
        for kind, token in _tokens("anybody").items():
            async with service.customer() as thief:
                await thief.says(type="hello", token=token, conversation=welcome["conversation"])
                assert await thief.is_closed() == 4401, kind
                assert thief.errors() == ["not_signed_in"]
                assert thief.offsets() == []


async def test_a_stranger_cannot_read_a_conversation_even_by_its_name(service: Service) -> None:
    async with service.new_customer() as (_, anna), service.new_customer() as (_, bob):
        refusals = []
        for known in (
            {"token": bob["token"], "conversation": anna["conversation"]},
            {"token": bob["token"], "conversation": "there-is-none"},
            {"conversation": anna["conversation"]},
        ):
            async with service.customer() as thief:
                await thief.says(type="hello", after=0, **known)
                assert await thief.is_closed() == 4404
                refusals.append(thief.heard)
        # Nothing tells a conversation of somebody else from one that never was.
        assert refusals[0] == refusals[1] == refusals[2]


async def test_a_customer_of_a_record_that_is_gone_is_told_to_begin_anew(service: Service) -> None:
    token = Visitors(b"k" * 40, clock=_Now()).token_for(CustomerId("from-an-older-database"))
    async with service.customer() as peer:
        await peer.says(type="hello", token=token)
        assert await peer.is_closed() == 4401


class _Now(HandClock):
    def __init__(self) -> None:
        super().__init__(datetime.now(UTC))


HOSTILE_ORIGINS = [
    "null", "", "*", "https://evil.example", "http://shop.example", "https://shop.example.evil.example",
    "https://evilshop.example", "https://evil.shop.example", "https://www.shop.example", "https://shop.example:444",
    "https://shop.example:8443", "https://shop.example:80", "https://shop.example/", "https://shop.example/path",
    "https://shop.example.", "https://SHOP.EXAMPLE", "https://Shop.example", "HTTPS://shop.example",
    "https://shop.example@evil.example", "https://evil.example#shop.example", "https://evil.example?shop.example",
    "https://evil.example/https://shop.example", "https://shop.example\\.evil.example", "https://shop-example",
    "https://shopXexample", "https://xn--shp-0ra.example", "https://sh%6fp.example", "https://shop.example%00",
    "https://shop.example,https://evil.example", "https://shop.example https://evil.example", "wss://shop.example",
    "file://", "chrome-extension://shop.example", "//shop.example", "shop.example",
]  # fmt: skip


async def test_no_other_site_opens_a_socket(tmp_path: Path) -> None:
    assert len(set(HOSTILE_ORIGINS)) >= 30
    async with running_service(tmp_path, public_origins="https://shop.example") as service:
        for origin in HOSTILE_ORIGINS:
            with pytest.raises(InvalidStatus) as refused:
                async with service.customer(origin=origin):
                    pass
            assert refused.value.response.status_code == 403, origin
        async with service.customer(origin="https://shop.example") as peer:
            await _hello(peer)


async def test_one_page_behaving_badly_leaves_another_customer_unharmed(service: Service) -> None:
    async with service.new_customer() as (good, _), service.new_customer() as (bad, _):
        for number in range(300):
            await bad.sends_raw("{" * number)
        assert await bad.is_closed() in (1007, 1008)
        await good.says(type="say", client_id="a1", text="still fine")
        await good.hears("entry", _entry("You said: still fine"))


async def test_what_cannot_be_is_refused_with_the_client_id_and_nothing_is_recorded(service: Service) -> None:
    async with service.new_customer() as (peer, _):
        for frame, code in (
            ({"type": "say", "client_id": "x", "text": "   \n"}, "bad_input"),
            ({"type": "say", "client_id": "x", "text": "x" * 8_001}, "too_large"),
            ({"type": "say", "client_id": "x", "text": "yes", "payload": "/restart"}, "bad_input"),
            ({"type": "rate", "stretch": 99, "score": 5}, "bad_input"),
            ({"type": "rate", "stretch": 1, "score": 9}, "bad_input"),
            ({"type": "seen", "offset": 2**70}, "bad_input"),
            ({"type": "leave_message", "client_id": "x", "email": "a@b.example"}, "illegal_move"),
        ):
            await peer.says(**frame)
            error = await peer.hears("error")
            assert error["code"] == code, frame
            assert error.get("client_id") == frame.get("client_id")
        await peer.says(type="say", client_id="a1", text="now a good one")
        entry = await peer.hears("entry", lambda frame: frame.get("client_id") == "a1")
        assert entry["offset"] == 2


async def test_asking_for_a_person_moves_the_conversation_and_stopping_moves_it_back(service: Service) -> None:
    async with service.new_customer() as (peer, _):
        await peer.says(type="ask_for_human", client_id="h1")
        offered = await peer.hears("control", lambda frame: frame["control"] == "offered")
        assert offered["epoch"] > 0
        await peer.says(type="stop_waiting", client_id="h2")
        await peer.hears("control", lambda frame: frame["control"] == "bot")


async def test_a_waiting_customer_who_comes_back_is_told_how_it_stands(service: Service) -> None:
    async with service.new_customer() as (peer, welcome):
        await peer.says(type="ask_for_human", client_id="h1")
        await peer.hears("control", lambda frame: frame["control"] == "offered")
    async with service.customer() as again:
        back = await _hello(again, token=welcome["token"], conversation=welcome["conversation"])
        assert back["control"] == "offered"
        control = await again.hears("control")
        assert control["waiting"]["desk_open"] is False


async def test_too_many_silent_sockets_from_one_place_are_refused_and_free_their_place(tmp_path: Path) -> None:
    async with (
        running_service(tmp_path, strangers_per_address=2, hello_seconds=30) as service,
        service.customer() as first,
        service.customer(),
    ):
        with pytest.raises(InvalidStatus) as refused:
            async with service.customer():
                pass
        assert refused.value.response.status_code == 429
        await _hello(first)  # somebody who says hello is no stranger any more
        async with service.customer() as third:
            await _hello(third)


async def test_new_visitors_from_one_place_come_at_a_bounded_rate(tmp_path: Path) -> None:
    async with running_service(tmp_path, visitors_per_minute=2) as service:
        for _ in range(2):
            async with service.new_customer():
                pass
        async with service.customer() as peer:
            await peer.says(type="hello")
            assert await peer.is_closed() == 1008
            assert peer.heard[0]["retry_after"] > 0


async def test_a_reader_that_fell_behind_is_closed_so_that_it_resumes_and_has_lost_nothing(service: Service) -> None:
    async with service.new_customer() as (peer, welcome):
        await peer.hears("entry")
        topic = f"customer:{welcome['conversation']}"
        for follower in service.backends.live.followers[topic]:
            for _ in range(300):
                follower.put(_noise(topic))
        assert await peer.is_closed() == 4408
        assert peer.errors() == ["fell_behind"]
    async with service.customer() as again:
        await _hello(again, token=welcome["token"], conversation=welcome["conversation"], after=0)
        assert (await again.hears("entry"))["offset"] == 1


async def test_an_entry_that_the_live_feed_lost_for_good_arrives_all_the_same(tmp_path: Path) -> None:
    async with (
        running_service(tmp_path, recheck_seconds=0.05) as service,
        service.new_customer() as (peer, welcome),
        # Another process at the same record: what it tells its own feed never reaches this service's sockets.
        open_backends(f"sqlite+aiosqlite:///{tmp_path / 'record.db'}") as elsewhere,
    ):
        desk = open_desk(elsewhere, clock=SystemClock(), policy=load_policy())
        said = CustomerMessage(text="from another process", client_id="z1")
        await desk.customers.record_customer_message(ConversationId(welcome["conversation"]), said)
        await peer.hears("entry", _entry("from another process"))
        assert peer.offsets() == [1, 2]


def _noise(topic: str) -> Told:
    return Told(topic, "typing", '{"type":"typing"}')
