"""Text stays text: what customers, agents and models write never runs and never fetches, on either page."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browser import foreign_requests, visitor
from tests.support.hostile_payloads import payloads
from tests.support.people import Agent, Customer
from tests.support.stack import PASSWORD, Stack

pytestmark = [pytest.mark.stack, pytest.mark.browser, pytest.mark.timeout(300)]


def restless(page: Page) -> None:
    """Do what a person might do without meaning to: move over everything, tab through it, scroll."""
    for _ in range(30):
        page.keyboard.press("Tab")
    for x in range(40, 1240, 150):
        for y in range(60, 780, 90):
            page.mouse.move(x, y)


def untouched(page: Page, asked: list[str]) -> None:
    assert page.evaluate("window.__hit") is None
    assert asked == []


def test_no_payload_of_a_customer_or_an_agent_runs_or_fetches_on_widget_or_console(
    stack: Stack, browser: Browser, tmp_path: Path
) -> None:
    corpus = payloads()
    assert len(corpus) >= 100
    with visitor(browser) as console, visitor(browser) as page:
        asked = foreign_requests(page, stack.url)
        asked_by_console = foreign_requests(console, stack.url)
        with Customer(stack.url) as customer, Agent(stack.url, "agent2@example.com", PASSWORD) as agent:
            customer.asks_for_a_person()
            agent.opens(customer.conversation)
            agent.accepts(agent.sees_offer(customer.conversation))
            for text in corpus:
                customer.says(text)
            agent.waits_for("the last payload", lambda frame: frame.get("text") == corpus[-1])
            for text in corpus:
                agent.says(customer.conversation, text)
            customer.hears("agent", corpus[-1])
            _look_at_both(stack, console, page, customer, tmp_path)
        restless(page)
        restless(console)
        untouched(page, asked)
        untouched(console, asked_by_console)


def _look_at_both(stack: Stack, console: Page, page: Page, customer: Customer, folder: Path) -> None:
    page.goto(stack.url)
    page.evaluate(
        "(kept) => localStorage.setItem('switchboard:' + location.origin, JSON.stringify(kept))",
        {"token": customer.welcome["token"], "conversation": customer.conversation},
    )
    page.reload()
    page.get_by_role("button", name="Get help").click()
    expect(page.locator(".line.agent").last).to_be_visible(timeout=30_000)
    console.goto(f"{stack.url}/console")
    console.get_by_label("E-mail").fill("agent2@example.com")
    console.get_by_label("Password").fill(PASSWORD)
    console.get_by_role("button", name="Sign in").click()
    console.locator(".row").first.click(timeout=30_000)
    expect(console.get_by_label("Lines of this conversation")).to_contain_text("__hit", timeout=30_000)
    page.screenshot(path=folder / "hostile-widget.png")
    console.screenshot(path=folder / "hostile-console.png")
