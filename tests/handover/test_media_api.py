"""Files of customers over HTTP: to agents only, as what they are, and never so that a browser runs them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.channels.channel import Attachment
from handover.clock import SystemClock
from handover.desk import open_desk
from handover.entries import ConversationId
from handover.media_api import file_name
from handover.policy_settings import load_policy
from handover.record_ports_media import MediaState, StoredMedia
from tests.support.service import Service, bearer, running_service

PNG = b"\x89PNG\r\n\x1a\n\x00\xff"
FILE = StoredMedia("m1", ConversationId("c1"), 1, 0, "telegram.1", "file", MediaState.HERE, media_type="text/plain")


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    async with running_service(tmp_path) as running:
        yield running


async def kept(service: Service, media_type: str, content: bytes | None, name: str | None) -> str:
    """The id of a file that a customer sent; without ``content`` it is still waiting."""
    desk = open_desk(service.backends, clock=SystemClock(), policy=load_policy())
    customer = await desk.customers.new_customer()
    conversation = await desk.customers.start("telegram.1", customer.id, greeting="Hello.")
    now = SystemClock().now()
    async with service.backends.records.transaction() as tx:
        [file] = await tx.media.add(conversation.id, 1, [Attachment("file", ref="f", name=name)], now)
        if content is not None:
            [claimed] = await tx.media.claim(now, now, 1)
            await tx.media.settle(claimed.id, claimed.attempts, MediaState.HERE, media_type=media_type, content=content)
    return file.id


async def test_a_picture_is_shown_in_place_and_nothing_of_it_is_kept_or_run(service: Service) -> None:
    file = await kept(service, "image/png", PNG, "Äpfel.png")
    answer = await service.http.get(f"/api/v1/media/{file}", headers=bearer(await service.sign_in()))
    assert (answer.status_code, answer.content) == (200, PNG)
    headers = answer.headers
    assert headers["content-type"] == "image/png"
    assert headers["content-disposition"] == "inline; filename*=UTF-8''%C3%84pfel.png"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert headers["cache-control"] == "private, no-store"
    assert headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize("media_type", ["text/plain", "application/pdf", "video/mp4", "audio/ogg"])
async def test_everything_else_is_a_file_to_save(service: Service, media_type: str) -> None:
    file = await kept(service, media_type, b"<script>alert(1)</script>", 'x"\r\nSet-Cookie: a=b/../page.html')
    answer = await service.http.get(f"/api/v1/media/{file}", headers=bearer(await service.sign_in()))
    assert answer.headers["content-type"].partition(";")[0] == media_type
    assert answer.headers["content-disposition"].startswith("attachment; filename*=UTF-8''page.html.")
    assert "set-cookie" not in answer.headers


async def test_strangers_and_those_who_guess_get_nothing(service: Service) -> None:
    file = await kept(service, "image/png", PNG, None)
    answer = await service.http.get(f"/api/v1/media/{file}")
    assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")
    agent = bearer(await service.sign_in())
    for guess in ("0" * 32, "..%2Fx", "'; DROP TABLE media"):
        assert (await service.http.get(f"/api/v1/media/{guess}", headers=agent)).status_code == 404
    assert (await service.http.get(f"/api/v1/media/{'a' * 65}", headers=agent)).status_code == 400


async def test_a_file_that_is_not_here_yet_or_was_taken_back_is_not_found(service: Service) -> None:
    agent = bearer(await service.sign_in())
    waiting = await kept(service, "", None, None)
    assert (await service.http.get(f"/api/v1/media/{waiting}", headers=agent)).status_code == 404
    file = await kept(service, "image/png", PNG, None)
    async with service.backends.records.transaction() as tx:
        known, _ = await tx.media.get(file)
        await tx.media.forget(known.conversation, known.offset)
    assert (await service.http.get(f"/api/v1/media/{file}", headers=agent)).status_code == 404


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("notes.txt", "notes.txt"),
        ("NOTES.TXT", "NOTES.TXT"),
        ("page.html", "page.html.txt"),
        ("..\\..\\boot.ini", "boot.ini.txt"),
        ("/etc/passwd", "passwd.txt"),
        ("a\u202egpj.exe", "agpj.exe.txt"),
        ("...", "file.txt"),
        ("", "file.txt"),
        (None, "file.txt"),
        ("x" * 300, "x" * 100 + ".txt"),
    ],
)
def test_names_end_in_what_the_file_is(given: str | None, shown: str) -> None:
    assert file_name(replace(FILE, name=given)) == shown
