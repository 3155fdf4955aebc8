"""The wait in the widget: what it shows, what it reads out, and that it fits on the smallest screens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from handover.conversation import Control
from handover.frames import WaitingPart
from tests.pages.conftest import OpenPage, assert_accessible
from tests.pages.widget_steps import opened
from tests.support.scripted_running import Running
from tests.support.scripted_talk import Talk

pytestmark = pytest.mark.browser

HEARD = """() => { window.heard = [];
  const root = document.querySelector('switchboard-widget').shadowRoot;
  const note = () => { const said = root.querySelector('[data-part=wait-announcer]')?.textContent;
    if (said && said !== window.heard.at(-1)) window.heard.push(said); };
  note();
  new MutationObserver(note).observe(root, {childList: true, subtree: true, characterData: true}); }"""


def waits(
    run: Running,
    talk: Talk,
    place: int = 2,
    *,
    low: int | None = 120,
    high: int | None = 300,
    desk_open: bool = True,
    opens_at: datetime | None = None,
) -> None:
    part = WaitingPart(
        desk_open=desk_open,
        since=datetime.now(UTC),
        position=place,
        wait_low=low,
        wait_high=high,
        opens_at=opens_at,
    )
    run.do(lambda s: s.moved(talk, Control.OFFERED, waiting=part))


def card(page: Page) -> Locator:
    return page.get_by_role("region", name="Waiting for a person")


def test_place_and_range_are_shown_and_renewed_as_the_line_moves(page: Page, run: Running) -> None:
    talk = opened(page, run)
    waits(run, talk)
    expect(card(page)).to_contain_text("You are number 2 in line. It will probably take about 2 to 5 minutes.")
    waits(run, talk, 1, low=0, high=180)
    expect(card(page)).to_contain_text("You are number 1 in line. It will probably take up to 3 minutes.")
    waits(run, talk, 1, low=None, high=None)
    expect(card(page)).not_to_contain_text("probably")


def test_a_range_that_is_over_is_taken_back(page: Page, run: Running) -> None:
    page.clock.install()
    talk = opened(page, run)
    waits(run, talk, low=0, high=10)
    expect(card(page)).to_contain_text("less than a minute")
    page.clock.run_for(20_000)  # not so long that the page takes its line for dead meanwhile
    expect(card(page)).to_contain_text("It takes longer than we thought. You keep your place.")


def test_a_closed_desk_says_when_it_opens_in_the_customers_own_time(browser: Browser, run: Running) -> None:
    context = browser.new_context(timezone_id="America/New_York", locale="en-GB", reduced_motion="reduce")
    page = context.new_page()
    page.clock.set_fixed_time(datetime(2026, 11, 20, 18, tzinfo=UTC))  # a Friday
    talk = opened(page, run)
    waits(run, talk, desk_open=False, low=None, high=None, opens_at=datetime(2026, 11, 23, 15, tzinfo=UTC))
    expect(card(page)).to_contain_text("The desk is closed right now. We are back on Monday at 10:00.")
    expect(card(page).get_by_role("button", name="Leave a message")).to_be_visible()
    expect(card(page).get_by_role("button", name="Go on with Juniper")).to_be_visible()
    context.close()


def test_the_wait_is_read_out_when_it_is_news_and_not_with_every_step(page: Page, run: Running) -> None:
    page.clock.install()
    talk = opened(page, run)
    page.evaluate(HEARD)
    waits(run, talk, 5)
    page.wait_for_function("() => window.heard.length === 1")
    for place in (4, 3):
        waits(run, talk, place)
        expect(card(page)).to_contain_text(f"number {place} in line")
    waits(run, talk, 1, low=0, high=60)
    page.wait_for_function("() => window.heard.length === 2")
    page.clock.run_for(20_000)
    for high, left in ((70, "up to 2 minutes"), (10, "less than a minute")):
        waits(run, talk, 1, low=0, high=high)
        expect(card(page)).to_contain_text(left)  # it is there before the clock goes on
    page.clock.run_for(20_000)  # not so long that the page takes its line for dead meanwhile
    page.wait_for_function("() => window.heard.length === 3")
    assert page.evaluate("() => window.heard") == [
        "You are number 5 in line. It will probably take about 2 to 5 minutes.",
        "You are number 1 in line. It will probably take less than a minute.",
        "You are number 1 in line. It takes longer than we thought. You keep your place.",
    ]
    expect(page.locator("[data-part=wait-announcer]")).to_have_attribute("aria-live", "polite")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_wait_fits_on_the_smallest_screens_and_breaks_no_rule_of_accessibility(
    browser: Browser, run: Running, theme: str
) -> None:
    with OpenPage(browser, theme=theme, phone=True) as page:
        page.set_viewport_size({"width": 320, "height": 568})
        talk = opened(page, run)
        for closed in (False, True):
            moment = datetime.now(UTC) + timedelta(days=3)
            waits(run, talk, 12, low=1200, high=2400, desk_open=not closed, opens_at=moment if closed else None)
            expect(card(page)).to_contain_text("We are back on" if closed else "about 20 to 40 minutes")
            assert page.evaluate("() => document.documentElement.scrollWidth") <= 320
            box = card(page).bounding_box()
            assert box is not None
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= 320
            assert_accessible(page, f"waiting, {'closed' if closed else 'in line'}, {theme}")
