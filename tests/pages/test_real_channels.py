"""A conversation on a platform before the real service: what the record knows of it is on the page, files included."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from bot.channels.channel import Attachment
from handover.backends import open_backends
from handover.clock import SystemClock
from handover.desk import CustomerMessage, open_desk
from handover.policy_settings import load_policy
from handover.record_ports_media import MediaState
from tests.pages.test_real_service import PASSWORD, service_process
from tests.support.desk_world import fresh_record
from tests.support.processes import free_port
from tests.support.scripted_files import png

pytestmark = pytest.mark.browser

INBOX = "whatsapp.4f2a9c01"
FILES = (("image", "image/png", "tent.png", png(120, 90)), ("audio", "audio/ogg", "note.ogg", b"OggS not much"))


async def written(folder: Path) -> None:
    """A customer on WhatsApp sends a picture and a voice message, corrects a line and takes one back."""
    clock = SystemClock()
    async with open_backends(await fresh_record(folder)) as backends:
        desk = open_desk(backends, clock=clock, policy=load_policy())
        customer = await desk.customers.new_customer(name="Amadou Diallo")
        here = (await desk.customers.start(INBOX, customer.id, greeting="I am an assistant.")).id
        for number, text in enumerate(("Is it green?", "my card is 4111 1111", "Look [picture] [voice message]")):
            said = CustomerMessage(text, f"c{number}", provider_message_id=f"m{number}", sent_at=clock.now())
            entry = (await desk.customers.record_customer_message(here, said)).entry
        await desk.customers.ask_for_human(here, "h1")
        await desk.channels.edited(INBOX, "m0", "Is it blue?", clock.now())
        await desk.channels.deleted(INBOX, "m1", clock.now())
        kinds = [Attachment(kind, ref=name, name=name) for kind, _, name, _ in FILES]
        async with backends.records.transaction() as tx:
            await tx.media.add(here, entry.offset, kinds, clock.now())
            for file in await tx.media.claim(clock.now(), clock.now(), len(FILES)):
                _, media_type, _, content = next(one for one in FILES if one[2] == file.name)
                await tx.media.settle(file.id, file.attempts, MediaState.HERE, media_type=media_type, content=content)
            files = await tx.media.of_entry(here, entry.offset)
        await desk.channels.media(here, entry.offset, [file.part() for file in files])


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    # In a thread: the browser of the tests has a loop of its own in this one.
    writing = threading.Thread(target=lambda: asyncio.run(written(tmp_path)))
    writing.start()
    writing.join()
    port = free_port()
    service = service_process(tmp_path, port)
    service.start()
    try:
        service.wait_for(f"http://127.0.0.1:{port}/healthz")
        yield f"http://127.0.0.1:{port}"
    finally:
        service.stop()


def test_an_agent_sees_what_the_record_knows_and_the_files_through_the_real_policies(page: Page, url: str) -> None:
    stopped: list[str] = []
    page.on("console", lambda message: stopped.append(message.text))
    page.goto(url + "/console")
    page.get_by_label("E-mail").fill("agent1@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    row = page.locator(".row", has_text="Amadou Diallo")
    page.get_by_role("navigation", name="Lists").get_by_role("button", name="Waiting").click()
    expect(row).to_contain_text("WhatsApp")
    row.click()
    lines = page.get_by_role("log", name="Conversation")
    expect(lines).to_contain_text("Is it blue?")
    expect(lines).to_contain_text("Deleted by the customer")
    expect(page.locator("body")).not_to_contain_text("4111")
    picture = page.get_by_role("img", name="A picture from the customer: tent.png")
    expect(picture).to_have_js_property("naturalWidth", 120)
    expect(page.locator("audio[aria-label='note.ogg']")).to_have_count(1)
    page.wait_for_function("() => document.querySelector('audio').error")  # it was asked for, and is no sound
    assert [text for text in stopped if "Content Security Policy" in text] == []
    with page.context.expect_page() as opened:
        picture.click()
    expect(opened.value.locator("img")).to_have_js_property("naturalWidth", 120)
