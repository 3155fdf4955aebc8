"""Only our action server may stream and act, and only while its turn has the word."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
import pytest_asyncio
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from bot.deltas import delta_routes
from bot.held_requests import HeldRequests
from handover.desk import CustomerMessage, Desk, TurnBrief, open_desk
from handover.errors import SwitchboardError
from handover.policy_settings import load_policy
from handover.ports import Told
from tests.support.hand_clock import HandClock
from tests.support.relay_world import ANN, backends_in

TOKEN = "the internal token"
BEARER = {"authorization": f"Bearer {TOKEN}"}


@pytest_asyncio.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with backends_in(tmp_path) as backends:
        yield open_desk(backends, clock=HandClock(), policy=load_policy())


@pytest_asyncio.fixture
async def brief(desk: Desk) -> TurnBrief:
    customer = await desk.customers.new_customer(name="Bo")
    conversation = await desk.customers.start("web", customer.id)
    await desk.customers.record_customer_message(conversation.id, CustomerMessage("Hello", "m1"))
    begun = await desk.bot.begin_turn(conversation.id, owner="test", seconds=15)
    assert begun is not None
    return begun


async def _refused(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, SwitchboardError)
    return JSONResponse(error.as_dict(), error.http_status)


@pytest_asyncio.fixture
async def door(desk: Desk) -> AsyncIterator[httpx2.AsyncClient]:
    app = FastAPI()
    app.include_router(delta_routes(desk, TOKEN, HeldRequests(desk)))
    app.add_exception_handler(SwitchboardError, _refused)
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://service") as client:
        yield client


async def test_a_piece_of_a_reply_reaches_the_customers_screen(
    desk: Desk, door: httpx2.AsyncClient, brief: TurnBrief
) -> None:
    body = {"epoch": brief.epoch, "seq": 0, "text": "It is "}
    async with desk.live.follow(f"customer:{brief.conversation.id}") as follower:
        answer = await door.post(f"/internal/turns/{brief.turn}/delta", json=body, headers=BEARER)
        told = await anext(aiter(follower))
    assert answer.status_code == 204
    assert (told.kind, '"text":"It is "' in told.text) == ("delta", True)


async def test_after_a_takeover_the_model_is_stopped_and_no_tool_acts(
    desk: Desk, door: httpx2.AsyncClient, brief: TurnBrief
) -> None:
    fence = f"/internal/turns/{brief.turn}"
    assert (await door.get(fence, params={"epoch": brief.epoch}, headers=BEARER)).status_code == 204
    await desk.agents.take(ANN, brief.conversation.id, brief.epoch)
    body = {"epoch": brief.epoch, "seq": 1, "text": "on its way"}
    for answer in (
        await door.post(f"{fence}/delta", json=body, headers=BEARER),
        await door.get(fence, params={"epoch": brief.epoch}, headers=BEARER),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "fenced")


async def test_after_a_newer_message_the_model_is_stopped_and_nothing_of_it_is_shown(
    desk: Desk, door: httpx2.AsyncClient, brief: TurnBrief
) -> None:
    here = brief.conversation.id
    await desk.customers.record_customer_message(here, CustomerMessage("I mean the other one.", "newer"))
    body = {"epoch": brief.epoch, "seq": 1, "text": "on its way"}
    async with desk.live.follow(f"customer:{here}") as follower:
        answer = await door.post(f"/internal/turns/{brief.turn}/delta", json=body, headers=BEARER)
        await desk.live.publish(Told(f"customer:{here}", "end", ""))
        assert (await anext(aiter(follower))).kind == "end"
    assert (answer.status_code, answer.json()["code"]) == (409, "fenced")


async def test_an_unknown_turn_and_another_epoch_are_fenced(door: httpx2.AsyncClient, brief: TurnBrief) -> None:
    for turn, epoch in (("unknown", brief.epoch), (brief.turn, brief.epoch + 1)):
        answer = await door.get(f"/internal/turns/{turn}", params={"epoch": epoch}, headers=BEARER)
        assert answer.status_code == 409


@pytest.mark.parametrize(
    "authorization", ["", TOKEN, f"Bearer {TOKEN}x", f"bearer {TOKEN}", "Bearer ", "Basic x", "Bearer é"]
)
async def test_without_the_token_nobody_gets_in(door: httpx2.AsyncClient, brief: TurnBrief, authorization: str) -> None:
    headers = {"authorization": authorization.encode()}
    body = {"epoch": brief.epoch, "seq": 0, "text": "x"}
    assert (await door.post(f"/internal/turns/{brief.turn}/delta", json=body, headers=headers)).status_code == 401
    assert (await door.get(f"/internal/turns/{brief.turn}?epoch=1", headers=headers)).status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[1]",
        b"{",
        b"\xff",
        b'{"epoch": "1", "seq": 0, "text": "x"}',
        b'{"epoch": 1, "seq": -1, "text": "x"}',
        b'{"epoch": 1, "seq": 0, "text": 5}',
        b'{"epoch": 1, "seq": 0, "text": "x", "more": 1}',
    ],
)
async def test_a_body_that_is_no_delta_is_refused(door: httpx2.AsyncClient, brief: TurnBrief, body: bytes) -> None:
    answer = await door.post(f"/internal/turns/{brief.turn}/delta", content=body, headers=BEARER)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_input")


async def test_a_huge_body_is_not_read_to_its_end(door: httpx2.AsyncClient, brief: TurnBrief) -> None:
    answer = await door.post(f"/internal/turns/{brief.turn}/delta", content=b"x" * 200_000, headers=BEARER)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize("query", ["", "?epoch=", "?epoch=x", "?epoch=-1", "?epoch=1.5", "?epoch=9999999999999999999"])
async def test_an_epoch_that_is_no_number_is_refused(door: httpx2.AsyncClient, brief: TurnBrief, query: str) -> None:
    answer = await door.get(f"/internal/turns/{brief.turn}{query}", headers=BEARER)
    assert answer.status_code == 400


def test_an_empty_token_is_refused_at_start(desk: Desk) -> None:
    with pytest.raises(ValueError, match="INTERNAL_TOKEN"):
        delta_routes(desk, "", HeldRequests(desk))
