"""Pieces reach the service in order; a fenced turn learns it; a service that is away costs only the streaming."""

from __future__ import annotations

import json

import httpx2
import pytest

from actions.stream import DeltaStream
from tests.support.reply_parts import within


class Service:
    """Answers posts with the given statuses in turn, the last one for ever."""

    def __init__(self, *statuses: int) -> None:
        self._statuses = list(statuses)
        self.got: list[dict[str, object]] = []
        self.tokens: set[str] = set()

    def client(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(transport=httpx2.MockTransport(self._answer))

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        self.got.append(json.loads(request.content))
        self.tokens.add(request.headers["authorization"])
        status = self._statuses.pop(0) if len(self._statuses) > 1 else self._statuses[0]
        if status == 0:
            raise httpx2.ConnectError("nobody there")
        return httpx2.Response(status)


async def test_pieces_arrive_in_order_with_epoch_number_and_token() -> None:
    service = Service(204)
    async with (
        service.client() as client,
        DeltaStream(client, "http://s/internal/turns/t/delta", "secret", 3) as stream,
    ):
        for piece in ("One. ", "Two. ", "", "Three."):
            stream.push(piece)
    assert "".join(str(g["text"]) for g in service.got) == "One. Two. Three."
    assert [g["seq"] for g in service.got] == list(range(len(service.got)))
    assert {g["epoch"] for g in service.got} == {3}
    assert service.tokens == {"Bearer secret"}


async def test_a_409_fences_the_turn() -> None:
    service = Service(409)
    async with service.client() as client, DeltaStream(client, "http://s/d", "x", 1) as stream:
        stream.push("Hello.")
        await within(2, stream.fenced.wait())


@pytest.mark.parametrize("status", [0, 401, 404, 500])
async def test_any_other_failure_only_ends_the_streaming(status: int) -> None:
    service = Service(204, status)
    async with service.client() as client, DeltaStream(client, "http://s/d", "x", 1) as stream:
        stream.push("Hello.")
    async with service.client() as client, DeltaStream(client, "http://s/d", "x", 1) as stream:
        stream.push("Again.")
        stream.push("More.")
    assert not stream.fenced.is_set()


async def test_an_unused_stream_closes_at_once() -> None:
    service = Service(204)
    async with service.client() as client, DeltaStream(client, "http://s/d", "x", 1):
        pass
    assert service.got == []
