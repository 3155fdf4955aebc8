"""One file over real sockets, and over a scripted wire where the place would be out in the open."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from bot.channels.channel import Call, Place
from bot.channels.media_fetch import Fetched, MediaFetch, NotNow, Refused
from tests.support.serving import serving

PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 100
HOSTS = (".fbcdn.net", "lookaside.fbsbx.com")


async def _long(request: Request) -> Response:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(200):
            yield b"x" * 1000

    return StreamingResponse(pieces())


async def _slow(request: Request) -> Response:
    await asyncio.sleep(3600)
    return Response(PNG)


def _platform(port: int) -> Starlette:
    async def answer(request: Request) -> Response:
        return Response(PNG, headers={"x-was": request.headers.get("authorization", "")})

    async def told(request: Request) -> Response:
        return JSONResponse({"body": (await request.body()).decode(), "how": request.headers.get("authorization")})

    async def status(request: Request) -> Response:
        return Response(status_code=request.path_params["code"])

    async def around(request: Request) -> Response:
        left = request.path_params["left"]
        return RedirectResponse(f"/around/{left - 1}" if left else "/file")

    async def away(request: Request) -> Response:
        return RedirectResponse(request.query_params["to"])

    async def binary(request: Request) -> Response:
        return Response(b"MZ\x90\x00", media_type="image/png")

    async def zipped(request: Request) -> Response:
        assert request.headers["accept-encoding"] == "identity"
        return Response(b"\x1f\x8b\x08\x00", headers={"content-encoding": "gzip"})

    return Starlette(
        routes=[
            Route("/file", answer),
            Route("/told", told, methods=["GET", "POST"]),
            Route("/status/{code:int}", status),
            Route("/around/{left:int}", around),
            Route("/away", away),
            Route("/binary", binary),
            Route("/zipped", zipped),
            Route("/long", _long),
            Route("/slow", _slow),
        ]
    )


@asynccontextmanager
async def fetching(**how: Any) -> AsyncIterator[tuple[MediaFetch, str]]:
    async with (
        serving(_platform) as address,
        MediaFetch({"telegram_file": f"http://{address}", "telegram": f"http://{address}"}, **how) as fetch,
    ):
        yield fetch, f"http://{address}"


async def test_a_file_under_a_configured_base_is_fetched() -> None:
    async with fetching() as (fetch, base):
        assert await fetch.fetch(Place("telegram_file:/file"), ()) == Fetched(PNG, "image/png")
        assert await fetch.fetch(Place(f"{base}/file"), ()) == Fetched(PNG, "image/png")
        assert (await fetch.fetch(Place("telegram_file:/around/2"), ())).content == PNG


@pytest.mark.parametrize("path", ["around/3", "binary", "zipped", "long", "status/404", "status/403", "status/204"])
async def test_what_is_not_taken(path: str) -> None:
    async with fetching(most_bytes=50_000) as (fetch, _):
        with pytest.raises(Refused) as refused:
            await fetch.fetch(Place(f"telegram_file:/{path}"), ())
        assert "127.0.0.1" not in str(refused.value)


@pytest.mark.parametrize("path", ["status/500", "status/503", "status/429"])
async def test_what_may_come_later(path: str) -> None:
    async with fetching() as (fetch, _):
        with pytest.raises(NotNow):
            await fetch.fetch(Place(f"telegram_file:/{path}"), ())


async def test_a_file_that_never_comes_is_given_up() -> None:
    async with fetching(seconds=0.2) as (fetch, _):
        with pytest.raises(NotNow, match="within"):
            await fetch.fetch(Place("telegram_file:/slow"), ())
        with pytest.raises(NotNow):
            await fetch.ask(Call("telegram", "/slow", method="GET"))


async def test_a_size_that_is_told_is_believed_before_a_byte_is_read() -> None:
    async with fetching(most_bytes=50) as (fetch, _):
        with pytest.raises(Refused, match="larger"):
            await fetch.fetch(Place("telegram_file:/file"), ())


@pytest.mark.parametrize(
    "to",
    ["http://127.0.0.1:1/", "http://169.254.169.254/latest", "https://evil.example/", "file:///etc/passwd", "//x", ""],
)
async def test_no_redirect_leads_elsewhere(to: str) -> None:
    async with fetching() as (fetch, base):
        with pytest.raises(Refused):
            await fetch.fetch(Place(f"{base}/away?to={to}"), HOSTS)


async def test_nobody_there_is_for_later() -> None:
    async with MediaFetch({"telegram_file": "http://127.0.0.1:1"}) as gone:
        with pytest.raises(NotNow):
            await gone.fetch(Place("telegram_file:/file"), ())
        with pytest.raises(NotNow):
            await gone.ask(Call("telegram_file", "/told"))


async def test_where_a_file_is_can_be_asked() -> None:
    async with fetching() as (fetch, _):
        answer = await fetch.ask(
            Call("telegram", "/told", json={"file_id": "f"}, headers={"Authorization": "Bearer t"})
        )
        assert (answer.status, answer.json) == (200, {"body": '{"file_id":"f"}', "how": "Bearer t"})
        assert (await fetch.ask(Call("telegram", "/file", method="GET"))).json is None


class ScriptedWire(httpx2.AsyncBaseTransport):
    """Answers in order; every request must be the expected one, and all must come."""

    def __init__(self, *script: tuple[str, str, str | None, httpx2.Response]) -> None:
        self.left = list(script)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        url, host, authorization, answer = self.left.pop(0)
        assert (str(request.url), request.headers["host"]) == (url, host)
        assert request.extensions["sni_hostname"] == host
        assert request.headers.get("authorization") == authorization
        return answer


def names(known: dict[str, list[str]]) -> Any:
    async def lookup(host: str) -> Sequence[str]:
        return known[host].pop(0).split()

    return lookup


async def test_a_name_is_connected_to_at_the_address_that_was_judged_and_headers_stay_with_their_host() -> None:
    moved = httpx2.Response(302, headers={"location": "https://scontent.fbcdn.net/1.png"})
    wire = ScriptedWire(
        ("https://157.240.1.35/f", "lookaside.fbsbx.com", "Bearer t", moved),
        ("https://157.240.1.36/1.png", "scontent.fbcdn.net", None, httpx2.Response(200, stream=httpx2.ByteStream(PNG))),
    )
    lookup = names({"lookaside.fbsbx.com": ["157.240.1.35"], "scontent.fbcdn.net": ["157.240.1.36"]})
    async with MediaFetch({}, lookup=lookup, transport=wire) as fetch:
        place = Place("https://lookaside.fbsbx.com/f", {"Authorization": "Bearer t"})
        assert await fetch.fetch(place, HOSTS) == Fetched(PNG, "image/png")
    assert wire.left == []


async def test_a_name_that_turns_inside_on_the_way_is_refused() -> None:
    again = httpx2.Response(302, headers={"location": "/again"})
    wire = ScriptedWire(("https://157.240.1.35/f", "lookaside.fbsbx.com", None, again))
    lookup = names({"lookaside.fbsbx.com": ["157.240.1.35", "10.0.0.1"]})
    async with MediaFetch({}, lookup=lookup, transport=wire) as fetch:
        with pytest.raises(Refused, match="private"):
            await fetch.fetch(Place("https://lookaside.fbsbx.com/f"), HOSTS)
    assert wire.left == []


async def test_a_name_that_is_not_found_is_for_later() -> None:
    async with MediaFetch({}, lookup=names({"lookaside.fbsbx.com": [""]}), transport=ScriptedWire()) as fetch:
        with pytest.raises(NotNow):
            await fetch.fetch(Place("https://lookaside.fbsbx.com/f"), HOSTS)
