"""Contacts before the real service: two agents' consoles see a join and a split at once, and the record keeps both."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from handover.backends import open_backends
from handover.clock import SystemClock
from handover.desk import CustomerMessage, open_desk
from handover.policy_settings import load_policy
from handover.record_ports_intake import Heard, Identity
from tests.pages.conftest import OpenPage
from tests.pages.test_real_service import PASSWORD, service_process
from tests.support.desk_world import fresh_record
from tests.support.processes import free_port

pytestmark = pytest.mark.browser

INBOX = "whatsapp.4f2a9c01"


async def written(folder: Path) -> None:
    """Amadou on WhatsApp and Wren on the website both wait for a person."""
    clock = SystemClock()
    async with open_backends(await fresh_record(folder)) as backends:
        desk = open_desk(backends, clock=clock, policy=load_policy())
        for inbox, name, text in ((INBOX, "Amadou Diallo", "Is it green?"), ("web", "Wren Calloway", "It is me again")):
            customer = await desk.customers.new_customer(name=name)
            here = (await desk.customers.start(inbox, customer.id, greeting="I am an assistant.")).id
            await desk.customers.record_customer_message(here, CustomerMessage(text, "c1"))
            await desk.customers.ask_for_human(here, "h1")
            if inbox == INBOX:
                now = clock.now()
                async with backends.records.transaction() as tx:
                    await tx.intake.read([], [Heard(INBOX, "k1", "221771234567", "message", now, now, {})], now)
                    await tx.intake.remember(Identity(INBOX, "221771234567", customer.id, "amadou"))


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


def opened(page: Page, url: str, agent: str, customer: str) -> Locator:
    """``customer``'s conversation in ``agent``'s console; what stands beside it."""
    page.goto(url + "/console")
    page.get_by_label("E-mail").fill(f"{agent}@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("navigation", name="Lists").get_by_role("button", name="Waiting").click()
    page.locator(".row", has_text=customer).first.click()
    expect(page.get_by_role("heading", name=customer)).to_be_visible()
    return page.get_by_role("region", name="Also known as")


def test_both_sides_see_a_join_and_a_split_at_once_and_after_a_reload(page: Page, browser: Browser, url: str) -> None:
    wren = opened(page, url, "agent1", "Wren Calloway")
    with OpenPage(browser) as elsewhere:
        amadou = opened(elsewhere, url, "agent2", "Amadou Diallo")
        expect(amadou).to_contain_text("amadou · 221771234567")
        wren.get_by_role("button", name="Join with another customer…").click()
        page.get_by_label("Look for a customer").fill("2217")
        page.get_by_role("dialog").get_by_role("radio", name="Amadou Diallo").check()
        page.get_by_role("dialog").get_by_role("button", name="Join").click()
        expect(wren.get_by_role("list", name="Other conversations")).to_contain_text("Is it green?")
        expect(amadou.get_by_role("list", name="Other conversations")).to_contain_text("It is me again")
        thread = elsewhere.get_by_role("log", name="Conversation")
        expect(thread).to_contain_text("joined this customer with Wren Calloway (web).")
        page.reload()
        page.get_by_role("navigation", name="Lists").get_by_role("button", name="Waiting").click()
        page.locator(".row", has_text="Wren Calloway").first.click()
        wren.get_by_role("list", name="Other conversations").get_by_role("button").click()
        expect(page.get_by_role("heading", name="Amadou Diallo")).to_be_visible()
        amadou.get_by_role("button", name="Split off…").click()
        elsewhere.get_by_role("dialog").get_by_role("button", name="Split off").click()
        expect(amadou.get_by_role("list", name="Other conversations")).to_have_count(0)
        expect(wren.get_by_role("list", name="Other conversations")).to_have_count(0)
        expect(thread).to_contain_text("split this customer off from Wren Calloway (web).")
