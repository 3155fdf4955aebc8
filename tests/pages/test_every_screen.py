"""The pages on the screens people really have: still motion, forced colours, notches, dark rooms, older browsers."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.pages.conftest import ROOT, OpenPage
from tests.pages.console_steps import opens, signed_in
from tests.support.scripted_running import Running

pytestmark = pytest.mark.browser

BUILT = sorted([*(ROOT / "bot/widget/dist").rglob("*.*"), *(ROOT / "handover/console/dist").rglob("*.*")])
# Each came to the last of the large browsers after the middle of 2022 and breaks what uses it.
TOO_NEW = ("light-dark(", "color-mix(", "groupBy(", ".findLast", ".toSorted(", "withResolvers", "@starting-style")


def opened(page: Page, run: Running) -> None:
    page.goto(run.url)
    page.get_by_role("button", name="Get help").click()
    expect(page.get_by_role("log")).to_contain_text("What can I do for you")


def style(page: Page, selector: str, name: str) -> str:
    found: str = page.locator(selector).first.evaluate("(node, name) => getComputedStyle(node)[name]", name)
    return found


@pytest.mark.parametrize("word", TOO_NEW)
def test_nothing_built_needs_a_browser_younger_than_2022(word: str) -> None:
    assert [file.name for file in BUILT if word in file.read_text(encoding="utf-8")] == []


def test_the_widget_is_styled_where_constructed_sheets_are_unknown(browser: Browser, run: Running) -> None:
    context = browser.new_context(bypass_csp=True)  # such a browser needs a page that allows inline styles
    page = context.new_page()
    page.add_init_script("delete ShadowRoot.prototype.adoptedStyleSheets; delete window.CSSStyleSheet")
    opened(page, run)
    assert style(page, "switchboard-widget .panel", "position") == "fixed"
    context.close()


def test_who_wishes_no_motion_sees_none(page: Page, run: Running) -> None:
    page.emulate_media(reduced_motion="reduce")
    opened(page, run)
    run.do(lambda s: setattr(s, "on_customer_words", None))
    page.get_by_label("Your message").fill("boots")
    page.get_by_label("Your message").press("Enter")
    expect(page.get_by_role("img", name="Sent")).to_be_visible()
    run.do(lambda s: s.delta(list(s.talks.values())[-1], "t1", "Looking"))
    assert style(page, ".writing .caret", "animationName") == "none"
    assert style(page, "switchboard-widget .launcher", "transitionDuration") in ("0s", "")
    page.emulate_media(reduced_motion="no-preference")
    assert style(page, ".writing .caret", "animationName") == "breathe"


def test_forced_colours_leave_edges_around_what_was_told_apart_by_ground_alone(page: Page, run: Running) -> None:
    page.emulate_media(forced_colors="active")
    opened(page, run)
    for part in (".bubble", ".launcher", ".send"):
        assert style(page, f"switchboard-widget {part}", "borderTopWidth") == "1px", part
    signed_in(page, run)
    opens(page, "Mara Lindqvist")
    page.locator("#line-2").wait_for()
    for part in (".line .bubble", ".mark", ".lists nav [aria-current]"):
        assert style(page, part, "borderTopWidth") != "0px", part


def test_nothing_lies_under_a_phones_notch_or_home_bar(browser: Browser, run: Running) -> None:
    with OpenPage(browser, phone=True) as page:
        device = page.context.new_cdp_session(page)
        insets = {"top": 40, "bottom": 30, "left": 0, "right": 0}
        device.send("Emulation.setSafeAreaInsetsOverride", {"insets": insets})
        opened(page, run)
        head = page.get_by_role("heading", name="Help from Tarn & Trail").bounding_box()
        field = page.get_by_label("Your message").bounding_box()
        assert head is not None
        assert field is not None
        assert head["y"] >= 40
        assert field["y"] + field["height"] <= 780 - 30
        signed_in(page, run)
        top = page.get_by_role("combobox", name="Availability").bounding_box()
        assert top is not None
        assert top["y"] >= 40
        opens(page, "Mara Lindqvist")
        below = page.locator(".locked").bounding_box()
        assert below is not None
        assert below["y"] + below["height"] <= 780 - 30


@pytest.mark.parametrize("width", [320, 390, 768])
def test_no_screen_is_so_narrow_that_a_page_must_be_pushed_sideways(browser: Browser, run: Running, width: int) -> None:
    with OpenPage(browser) as page:
        page.set_viewport_size({"width": width, "height": 640})
        opened(page, run)
        assert page.evaluate("() => document.documentElement.scrollWidth") <= width
        signed_in(page, run)
        opens(page, "Mara Lindqvist")
        page.locator(".verbs").get_by_role("button", name="Accept").click()
        expect(page.locator("#composer")).to_be_visible()
        assert page.evaluate("() => document.documentElement.scrollWidth") <= width


def test_days_stand_between_lines_of_different_days(page: Page, run: Running) -> None:
    signed_in(page, run)
    page.get_by_role("navigation", name="Lists").get_by_role("button", name=re.compile("Resolved")).click()
    page.locator(".row").first.click()
    expect(page.locator(".thread .line").first).to_be_visible()
    times = page.locator(".thread time").evaluate_all("all => all.map(each => new Date(each.dateTime).toDateString())")
    days = page.locator(".thread .day").count()
    today = page.evaluate("() => new Date().toDateString()")
    assert days == len(dict.fromkeys(times)) - (1 if times[0] == today else 0)
