"""What a test of the widget does again and again, as a customer would."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from tests.support.scripted_running import Running
from tests.support.scripted_talk import Talk


def opened(page: Page, run: Running) -> Talk:
    """The shop's page with the panel open and the greeting read; returns the conversation behind it."""
    page.goto(run.url)
    page.get_by_role("button", name="Get help").click()
    expect(page.get_by_role("log")).to_contain_text("What can I do for you")
    return run.do(lambda s: list(s.talks.values())[-1])


def says(page: Page, text: str) -> None:
    page.get_by_label("Your message").fill(text)
    page.get_by_label("Your message").press("Enter")


def log(page: Page) -> Locator:
    return page.get_by_role("log")
