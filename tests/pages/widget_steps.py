"""What a test of the widget does again and again, as a customer would."""

from __future__ import annotations

import time

from playwright.sync_api import Locator, Page, expect

from tests.support.scripted_running import Running
from tests.support.scripted_talk import Talk


def opened(page: Page, run: Running) -> Talk:
    """The shop's page with the panel open and the greeting read; returns the conversation behind it."""
    page.goto(run.url)
    page.get_by_role("button", name="Get help").click()
    expect(page.get_by_role("log")).to_contain_text("What can I do for you")
    return run.do(lambda s: list(s.talks.values())[-1])


def until_seen(page: Page, run: Running, talk: Talk) -> None:
    """Wait until the service has heard that the customer saw the newest line: a panel may be closed before that."""
    until = time.monotonic() + 30
    while run.do(lambda s: talk.seen < len(talk.entries)):
        assert time.monotonic() < until, "the newest line was not seen"
        page.wait_for_timeout(20)


def says(page: Page, text: str) -> None:
    page.get_by_label("Your message").fill(text)
    page.get_by_label("Your message").press("Enter")


def log(page: Page) -> Locator:
    return page.get_by_role("log")
