"""The way in as the service puts it together: signed bytes become lines, everything else is refused and not kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from bot.channels.way_in import WayIn, open_way_in
from bot.http_errors import install
from bot.settings import read_settings
from handover.backends import Backends
from handover.meters import Meters
from tests.support.channel_world import ScriptedFiles, ScriptedReports
from tests.support.relay_world import SECRET, World, a_world, backends_in
from tests.support.scripted_channel import (
    SIGNATURE,
    ScriptedBook,
    ScriptedChannel,
    a_message,
    an_inbox,
    signature,
    webhook,
)
from tests.support.scripted_dialogue import ScriptedDialogue

INBOX = an_inbox()
OTHER = an_inbox("scripted.bbbb0002", "acc-2", "secret two")
BODY = webhook(a_message("Hello", "2026-01-05T09:00:01+00:00"))
ADDRESS = "/webhooks/scripted/aaaa0001"


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[tuple[WayIn, httpx2.AsyncClient, Backends, World]]:
    settings = read_settings(secret_key=SECRET.decode(), public_url="https://help.example/")
    dialogue = ScriptedDialogue(otherwise="An answer.")
    async with backends_in(folder) as backends, a_world(backends, dialogue) as world:
        way_in = open_way_in(
            settings, backends, world.desk, channels={"scripted": ScriptedChannel()},
            book=ScriptedBook([INBOX, OTHER]), relay=world.relay, reports=ScriptedReports(), files=ScriptedFiles(),
            registry=CollectorRegistry(),
        )  # fmt: skip
        app = FastAPI()
        install(app, meters=Meters(), max_body=65_536)
        app.include_router(way_in.gate.routes())
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://gate.example") as http:
            yield way_in, http, backends, world
        await way_in.arrivals.close()


async def backlog(backends: Backends) -> int:
    async with backends.records.reading() as tx:
        return (await tx.intake.backlog())[0]


async def test_what_a_secret_vouched_for_is_kept_read_and_applied(tmp_path: Path) -> None:
    async with opened(tmp_path) as (way_in, http, backends, world):
        answer = await http.post(ADDRESS, content=BODY, headers={SIGNATURE: signature(INBOX, BODY)})
        assert (answer.status_code, await backlog(backends)) == (200, 1)
        assert await way_in.intake.read_some() == 1
        world.clock.advance(2)
        assert await way_in.intake.apply_some() == 1
        assert await backlog(backends) == 0


@pytest.mark.parametrize(
    "sign",
    ["", "0" * 64, "ä", signature(INBOX, BODY)[:-1], signature(INBOX, BODY + b" "), signature(INBOX, BODY).upper()],
)
async def test_bytes_that_nobody_vouches_for_are_refused_and_not_kept(tmp_path: Path, sign: str) -> None:
    async with opened(tmp_path) as (_, http, backends, _world):
        answer = await http.post(ADDRESS, content=BODY, headers={SIGNATURE: sign.encode()})
        assert (answer.status_code, answer.json()["code"]) == (401, "bad_signature")
        assert await backlog(backends) == 0


async def test_a_body_of_ten_megabytes_is_refused_whether_it_says_so_or_not(tmp_path: Path) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(160):
            yield b"x" * 65_536

    async with opened(tmp_path) as (_, http, backends, _world):
        told = await http.post(ADDRESS, content=b"x" * 10_000_000)
        streamed = await http.post(ADDRESS, content=pieces())
        assert (told.status_code, streamed.status_code, await backlog(backends)) == (413, 413, 0)


async def test_one_inboxs_secret_gives_no_way_into_another(tmp_path: Path) -> None:
    foreign = webhook(a_message("Let me in", "2026-01-05T09:00:01+00:00"), account="acc-2")
    async with opened(tmp_path) as (way_in, http, backends, _world):
        for address in (ADDRESS, "/webhooks/scripted/bbbb0002", "/webhooks/scripted"):
            answer = await http.post(address, content=foreign, headers={SIGNATURE: signature(INBOX, foreign)})
            assert answer.status_code == 200  # it is INBOX's own, by its signature
        await way_in.intake.read_some()
        async with backends.records.reading() as tx:
            assert await tx.intake.identity(OTHER.id, "p1") is None
            assert [one.inbox for one in await tx.intake.kept_aside(before=None, limit=10)] == ["scripted"]


async def test_unknown_addresses_are_not_there_and_what_cannot_be_read_is_kept_aside(tmp_path: Path) -> None:
    async with opened(tmp_path) as (way_in, http, backends, _world):
        assert (await http.post("/webhooks/nothing", content=BODY)).status_code == 404
        deep = b"[" * 100_000
        assert (await http.post(ADDRESS, content=deep, headers={SIGNATURE: signature(INBOX, deep)})).status_code == 200
        await way_in.intake.read_some()
        async with backends.records.reading() as tx:
            assert [one.note for one in await tx.intake.bodies_aside(10)] == ["This is no webhook."]


async def test_a_handshake_is_answered_for_who_knows_the_word_and_not_for_ever(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, http, _backends, _world):
        good = await http.get(ADDRESS, params={"verify": "let me in", "challenge": "4711"})
        assert (good.status_code, good.text) == (200, "4711")
        tried = [(await http.get(ADDRESS, params={"verify": "guess"})).status_code for _ in range(10)]
        assert tried == [403] * 9 + [429]
