"""Pieces reach the service in order; a fenced turn learns it; a service that is away costs only the streaming."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence

import httpx2
import pytest

from actions.stream import DeltaStream
from tests.support.replicas import until
from tests.support.reply_parts import within


class Service:
    """Answers posts with the given statuses in turn, the last one for ever; 0 is nobody there.

    Requests for the end of the turn get ``over`` in turn; after the last one they are held.
    """

    def __init__(self, *statuses: int, over: Sequence[int] = ()) -> None:
        self._statuses, self._over = list(statuses), list(over)
        self.got: list[dict[str, object]] = []
        self.tokens: set[str] = set()
        self.held, self.let_go = asyncio.Event(), asyncio.Event()
        self.asked = 0

    def client(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(transport=httpx2.MockTransport(self._answer))

    async def _answer(self, request: httpx2.Request) -> httpx2.Response:
        self.tokens.add(request.headers["authorization"])
        if request.method == "GET":
            assert str(request.url) == "http://s/internal/turns/t/over?epoch=3"
            return await self._hold()
        assert (request.method, str(request.url)) == ("POST", "http://s/internal/turns/t/delta")
        self.got.append(json.loads(request.content))
        return self._with(self._statuses.pop(0) if len(self._statuses) > 1 else self._statuses[0])

    async def _hold(self) -> httpx2.Response:
        self.asked += 1
        if self._over:
            return self._with(self._over.pop(0))
        self.held.set()
        try:
            return await asyncio.Future()
        finally:
            self.let_go.set()

    def _with(self, status: int) -> httpx2.Response:
        if status == 0:
            raise httpx2.ConnectError("nobody there")
        return httpx2.Response(status)


def streaming(client: httpx2.AsyncClient) -> DeltaStream:
    return DeltaStream(client, "http://s/internal/turns/t", "secret", 3)


async def test_pieces_arrive_in_order_with_epoch_number_and_token() -> None:
    service = Service(204)
    async with service.client() as client, streaming(client) as stream:
        for piece in ("One. ", "Two. ", "", "Three."):
            stream.push(piece)
    assert "".join(str(g["text"]) for g in service.got) == "One. Two. Three."
    assert [g["seq"] for g in service.got] == list(range(len(service.got)))
    assert {g["epoch"] for g in service.got} == {3}
    assert service.tokens == {"Bearer secret"}


async def test_a_409_fences_the_turn() -> None:
    service = Service(409)
    async with service.client() as client, streaming(client) as stream:
        stream.push("Hello.")
        await within(2, stream.fenced.wait())


@pytest.mark.parametrize("status", [0, 401, 404, 500])
async def test_any_other_failure_only_ends_the_streaming(status: int) -> None:
    service = Service(204, status)
    async with service.client() as client, streaming(client) as stream:
        stream.push("Hello.")
    async with service.client() as client, streaming(client) as stream:
        stream.push("Again.")
        stream.push("More.")
    assert not stream.fenced.is_set()


async def test_an_unused_stream_closes_at_once() -> None:
    service = Service(204)
    async with service.client() as client, streaming(client):
        pass
    assert service.got == []


async def test_the_end_of_the_turn_is_heard_of_without_a_piece() -> None:
    service = Service(204, over=[409])
    async with service.client() as client, streaming(client) as stream:
        await within(2, stream.fenced.wait())
    assert (service.got, service.asked) == ([], 1)
    assert service.tokens == {"Bearer secret"}


async def test_a_turn_that_goes_on_is_asked_for_again() -> None:
    service = Service(204, over=[204, 204, 409])
    async with service.client() as client, streaming(client) as stream:
        await within(2, stream.fenced.wait())
    assert service.asked == 3


@pytest.mark.parametrize("status", [0, 401, 404, 405, 500, 503])
async def test_a_service_that_does_not_hold_is_not_asked_again_and_pieces_still_find_out(status: int) -> None:
    service = Service(204, 409, over=[status])
    async with service.client() as client, streaming(client) as stream:
        stream.push("Hello.")
        await within(2, until(lambda: bool(service.got)))
        assert not stream.fenced.is_set()
        stream.push("More.")
        await within(2, stream.fenced.wait())
    assert service.asked == 1


async def test_a_service_that_says_at_once_to_ask_again_is_left_in_peace_after_a_few_times() -> None:
    service = Service(204, over=[204] * 100)
    async with service.client() as client, streaming(client):
        await within(2, until(lambda: service.asked == 8))
        await asyncio.sleep(0)
    assert service.asked == 8


async def test_what_is_held_is_let_go_when_the_reply_is_done() -> None:
    service = Service(204)
    async with service.client() as client:
        async with streaming(client) as stream:
            await within(2, service.held.wait())
            stream.push("Done.")
        assert service.let_go.is_set()
    assert not stream.fenced.is_set()
    assert [each["text"] for each in service.got] == ["Done."]
