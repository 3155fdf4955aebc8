"""Resuming after a drop at every place a connection can break: exactly what was missed, nothing lost, nothing twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from handover.entries import ConversationId
from tests.support.bare_socket import BareSocket
from tests.support.service import Service, running_service
from tests.support.talking import Json, Page

SAYS = {"type": "say", "client_id": "b1", "text": "Where is my order?"}


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    async with running_service(tmp_path, frames_burst=80, frames_per_second=100) as running:
        yield running


async def _known(service: Service) -> Json:
    """A customer who has been here, with one answered question: entries 1 to 3."""
    async with service.new_customer() as (page, welcome):
        await page.says(type="say", client_id="a1", text="Hello!")
        await page.hears("entry", lambda entry: entry["offset"] == 3)
    return {"token": welcome["token"], "conversation": welcome["conversation"], "after": 3}


async def _line(service: Service) -> BareSocket:
    bare = await BareSocket.connect(service.address)
    bare.asks_to_upgrade("/ws/customer")
    await bare.is_upgraded()
    return bare


async def _resumes(service: Service, known: Json, again: Json | None) -> Page:
    """Comes back with what it has, says what was not acknowledged once more; must end with lines 4 and 5."""
    async with service.customer() as page:
        await page.says(type="hello", **known)
        await page.hears("welcome")
        if again is not None:
            await page.says(**again)
        await page.hears("entry", lambda entry: entry["offset"] == 5)
        assert page.offsets() == [4, 5]
        texts = [frame["text"] for frame in page.heard if frame["type"] == "entry"]
        assert texts == [SAYS["text"], f"You said: {SAYS['text']}"]
        return page


async def _recorded(service: Service, known: Json, client_id: str) -> None:
    async with asyncio.timeout(30):
        while True:
            async with service.backends.records.reading() as tx:
                if await tx.entries.by_client_id(ConversationId(known["conversation"]), client_id) is not None:
                    return
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("bytes_sent", [0, 1, 40, 150])
async def test_a_drop_in_the_handshake_costs_nothing(service: Service, bytes_sent: int) -> None:
    known = await _known(service)
    bare = await BareSocket.connect(service.address)
    bare.asks_to_upgrade("/ws/customer", upto=bytes_sent)
    await bare.writer.drain()
    bare.vanishes()
    await _resumes(service, known, SAYS)


async def test_a_drop_after_the_upgrade_and_before_hello_costs_nothing(service: Service) -> None:
    known = await _known(service)
    (await _line(service)).vanishes()
    await _resumes(service, known, SAYS)


async def test_a_drop_right_after_hello_costs_nothing(service: Service) -> None:
    known = await _known(service)
    bare = await _line(service)
    bare.says(type="hello", **known)
    await bare.writer.drain()
    bare.vanishes()
    await _resumes(service, known, SAYS)


@pytest.mark.parametrize("bytes_sent", [1, 3, 6, 20, 60])
async def test_a_frame_cut_in_the_middle_was_never_said(service: Service, bytes_sent: int) -> None:
    known = await _known(service)
    bare = await _line(service)
    bare.says(type="hello", **known)
    bare.says(upto=bytes_sent, **SAYS)
    await bare.writer.drain()
    bare.vanishes()
    page = await _resumes(service, known, SAYS)
    assert page.errors() == []


@pytest.mark.parametrize("again", [SAYS, None])
async def test_a_drop_between_the_entry_and_its_acknowledgement_loses_nothing_and_says_nothing_twice(
    service: Service, again: Json | None
) -> None:
    known = await _known(service)
    bare = await _line(service)
    bare.says(type="hello", **known)
    bare.says(**SAYS)
    await _recorded(service, known, "b1")  # nothing was read of it over there
    bare.vanishes()
    await _resumes(service, known, again)


async def test_a_hundred_drops_in_a_row_while_an_answer_is_awaited_show_every_line_once(service: Service) -> None:
    known = await _known(service)
    for number in range(100):
        bare = await _line(service)
        bare.says(type="hello", **known)
        bare.says(type="say", client_id=f"d{number % 10}", text=f"again {number % 10}")
        await bare.writer.drain()
        bare.vanishes()
    async with service.customer() as page:
        await page.says(type="hello", **known)
        for number in range(10):
            await page.says(type="say", client_id=f"d{number}", text=f"again {number}")
            await page.hears("entry", _has(f"d{number}")) if not _came(page, f"d{number}") else None
        said = [frame["client_id"] for frame in page.heard if frame.get("client_id")]
        assert sorted(said) == [f"d{number}" for number in range(10)]
        assert page.offsets() == list(range(4, 4 + len(page.offsets())))


def _came(page: Page, client_id: str) -> bool:
    return any(frame.get("client_id") == client_id for frame in page.heard)


def _has(client_id: str) -> Any:
    return lambda entry: entry.get("client_id") == client_id


async def test_a_console_dropped_at_any_moment_gets_the_rows_and_lines_it_lacks(service: Service) -> None:
    ada = await service.hire("Ada")
    known = await _known(service)
    async with service.console(ada) as console:
        feed = (await console.hears("heartbeat"))["feed"]
    for bytes_sent in (1, 10, None):
        bare = await BareSocket.connect(service.address)
        bare.asks_to_upgrade("/ws/agent", Authorization=f"Bearer {ada}")
        await bare.is_upgraded()
        bare.says(upto=bytes_sent, type="hello", after=feed)
        await bare.writer.drain()
        bare.vanishes()
    await _resumes(service, known, SAYS)
    async with service.console(ada, online=False) as console:
        await console.says(type="hello", after=feed)
        await console.hears("welcome")
        row = await console.hears("conversation")
        assert row["last_entry"]["offset"] == 5
        await console.says(type="open", conversation=known["conversation"], after=3)
        await console.hears("entry", lambda entry: entry["offset"] == 5)
        assert console.offsets() == [4, 5]
