"""Every state of the widget is accessible in both themes, and no text in it is ever taken for markup."""

from __future__ import annotations

from functools import partial

import pytest
from playwright.sync_api import Browser, Page, expect

from handover.conversation import Control, Lifecycle
from handover.frames import ErrorFrame
from tests.pages.conftest import OpenPage, assert_accessible
from tests.pages.widget_steps import log, opened, says
from tests.support.hostile_payloads import payloads
from tests.support.scripted_running import Running
from tests.support.scripted_service import ScriptedService

pytestmark = pytest.mark.browser


PAYLOADS = payloads()


def test_hostile_markup_is_only_ever_text(page: Page, run: Running) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: asked.append(f"dialog {dialog.message}"))
    talk = opened(page, run)

    def flood(s: ScriptedService) -> None:
        for payload in PAYLOADS:
            s.bot(talk, payload, html=payload, buttons=[(payload, "p")], citations=[(payload, f"javascript:{payload}")])
            s.customer(talk, payload)

    run.do(flood)
    expect(log(page).locator(".line")).to_have_count(1 + 2 * len(PAYLOADS), timeout=30_000)
    page.wait_for_timeout(300)
    assert page.evaluate("() => window.__hit") is None
    assert [url for url in asked if not url.startswith((run.url, "data:"))] == []
    assert len(PAYLOADS) >= 100


@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_state_of_the_widget_has_an_accessibility_violation(
    browser: Browser, run: Running, theme: str, phone: bool
) -> None:
    check = partial(assert_accessible, colours_only=theme == "dark")
    with OpenPage(browser, theme=theme, phone=phone) as page:
        page.goto(run.url)
        page.locator("switchboard-widget .launcher").wait_for()
        check(page, "closed")
        talk = opened(page, run)
        check(page, "open")
        run.do(lambda s: s.flows.clear())
        says(page, "How long can I send things back?")
        page.locator(".writing").wait_for()
        check(page, "while a reply is written")
        run.do(lambda s: s.flows.set())
        page.locator(".sources").wait_for()
        check(page, "an answer with its source")
        run.do(lambda s: s.offer(talk, {"reason": "asked"}, desk_open=False))
        page.get_by_role("button", name="Leave a message").click()
        check(page, "leaving a message")
        run.do(lambda s: (s.moved(talk, Control.HUMAN, agent=s.agents["agent1"]), s.person(talk, "Hello")))
        page.get_by_text("Amina Farouk is with you").wait_for()
        check(page, "with a person")
        run.do(lambda s: s.moved(talk, Control.NOBODY, lifecycle=Lifecycle.RESOLVED))
        page.get_by_role("radio", name="2 Bad").check()
        check(page, "rating")
        run.do(lambda s: setattr(s, "refuse_say", ErrorFrame(code="too_many", message="Too fast.", retry_after=30)))
        says(page, "and one more")
        page.get_by_role("alert").wait_for()
        check(page, "refused")
        run.do(lambda s: (setattr(s, "accepting", False), s.cut()))
        page.get_by_text("Connection lost").wait_for()
        check(page, "connection lost")
