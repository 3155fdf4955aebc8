"""A real Chromium before the scripted service, and the accessibility check that every state of the pages must pass."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.support.scripted_running import Running, running

ROOT = Path(__file__).resolve().parents[2]
WAIT = 30_000  # milliseconds for something to appear; generous, because the machine may be busy


@pytest.fixture
def run() -> Iterator[Running]:
    with running() as service:
        yield service


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with OpenPage(browser) as made:
        yield made


class OpenPage:
    """A page of its own in a context of its own; any error a page's script makes fails the test that used it."""

    def __init__(self, browser: Browser, *, theme: str = "light", phone: bool = False) -> None:
        size = {"width": 390, "height": 780} if phone else {"width": 1280, "height": 720}
        # Still pages cost less to draw; what moves is looked at in test_every_screen.
        self.context = browser.new_context(viewport=size, color_scheme=theme, reduced_motion="reduce")
        self.context.set_default_timeout(WAIT)
        self.errors: list[str] = []

    def __enter__(self) -> Page:
        made = self.context.new_page()
        made.on("pageerror", lambda error: self.errors.append(str(error)))
        return made

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self.context.close()
        if kind is None:
            assert self.errors == []


def assert_accessible(page: Page, state: str, *, colours_only: bool = False) -> None:
    """No violation that axe knows, in the page as it is now, shadow roots included.

    ``colours_only``: what another theme can change; every other rule is asked in the first theme.
    """
    source = (ROOT / "node_modules/axe-core/axe.min.js").read_text()
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(source)
    only = ["color-contrast", "link-in-text-block"] if colours_only else None
    result = page.evaluate(
        "only => axe.run(document, {resultTypes: ['violations'], ...(only ? {runOnly: only} : {})})", only
    )
    found = [f"{v['id']}: {n['html']} {n['failureSummary']}" for v in result["violations"] for n in v["nodes"]]
    assert found == [], f"{state}: " + "\n".join(found)
