"""One call to a platform: what went out, what came back, and whether it may have got there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import httpx2
import pytest

from bot.channels.calling import Caller
from bot.channels.channel import Answer, Call, Unanswered

Handler = Callable[[httpx2.Request], httpx2.Response]
CALL = Call("graph", "/v1/me/messages", json={"text": "hi"}, headers={"Authorization": "Bearer t"})


def caller(handler: Handler) -> Caller:
    return Caller({"graph": "https://graph.example/"}, transport=httpx2.MockTransport(handler))


async def test_a_call_goes_under_its_base_with_its_headers_and_body() -> None:
    seen = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append((str(request.url), request.headers["authorization"], request.content))
        return httpx2.Response(201, json={"id": "m1"}, headers={"Retry-After": "7"})

    async with caller(answer) as calls:
        got = await calls.call(CALL)
    assert seen == [("https://graph.example/v1/me/messages", "Bearer t", b'{"text":"hi"}')]
    assert isinstance(got, Answer)
    assert (got.status, got.json, got.headers["retry-after"]) == (201, {"id": "m1"}, "7")


async def test_a_form_is_sent_as_a_form() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, text=request.content.decode())

    async with caller(answer) as calls:
        got = await calls.call(Call("graph", "/x", form=[("a", "1 2")]))
    assert isinstance(got, Answer)
    assert (got.text, got.json) == ("a=1+2", None)


@pytest.mark.parametrize(
    ("raised", "written"),
    [
        (httpx2.ConnectError, False),
        (httpx2.ConnectTimeout, False),
        (httpx2.PoolTimeout, False),
        (httpx2.ReadTimeout, True),
        (httpx2.WriteError, True),
        (httpx2.RemoteProtocolError, True),
    ],
)
async def test_without_an_answer_it_says_whether_the_request_may_have_got_there(
    raised: type[httpx2.TransportError], written: bool
) -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        raise raised("no", request=request)

    async with caller(answer) as calls:
        assert await calls.call(CALL) == Unanswered(written, raised.__name__)


async def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        assert request.url.host == "graph.example"
        return httpx2.Response(307, headers={"Location": "https://elsewhere.example/"})

    async with caller(answer) as calls:
        got = await calls.call(CALL)
    assert isinstance(got, Answer)
    assert got.status == 307


@pytest.mark.parametrize("call", [Call("nowhere", "/x"), Call("graph", "/x", headers={"Authorization": "Bearer ä\n"})])
async def test_what_cannot_be_asked_never_got_there(call: Call) -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        raise AssertionError("nothing may be sent")

    async with caller(answer) as calls:
        got = await calls.call(call)
    assert isinstance(got, Unanswered)
    assert not got.written


async def test_an_answer_without_end_and_one_nested_for_ever_are_cut() -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"[" * 65_536

    def answer(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, content=endless())

    async with caller(answer) as calls:
        got = await calls.call(CALL)
    assert isinstance(got, Answer)
    assert (len(got.text), got.json) == (1024 * 1024, None)
