"""What people who answer customers all day expect: names, the focus where the work is, nothing that just vanishes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from handover.conversation import Control, Lifecycle
from handover.entries import AuthorKind
from tests.pages.conftest import OpenPage
from tests.pages.console_steps import opens, signed_in, talk_of, thread, view
from tests.support.scripted_running import Running
from tests.support.scripted_service import ScriptedService

pytestmark = pytest.mark.browser


def test_an_offer_that_a_colleague_takes_goes_with_a_word_who_has_it(browser: Browser, run: Running) -> None:
    with OpenPage(browser) as first, OpenPage(browser) as second:
        signed_in(first, run, "agent1")
        signed_in(second, run, "agent2")
        expect(second.get_by_role("article", name="Offer: Mara Lindqvist")).to_be_visible()
        first.get_by_role("article", name="Offer: Mara Lindqvist").get_by_role("button", name="Accept").click()
        expect(second.get_by_role("alert").filter(has_text="Amina Farouk has taken Mara Lindqvist")).to_be_visible()
        expect(first.get_by_text("has taken")).to_have_count(0)


def test_the_focus_follows_the_work_and_is_never_lost(page: Page, run: Running) -> None:
    signed_in(page, run)
    page.get_by_role("article", name="Offer: Mara Lindqvist").get_by_role("button", name="Accept").click()
    expect(page.get_by_label("Reply to Mara Lindqvist")).to_be_focused()
    page.locator(".verbs").get_by_role("button", name="Hand back").click()
    page.get_by_label("What came of it").fill("The parcel was found.")
    page.get_by_role("dialog").get_by_role("button", name="Hand back").click()
    expect(page.get_by_role("heading", name="Mara Lindqvist")).to_be_focused()
    page.keyboard.press("Alt+t")
    expect(page.get_by_label("Reply to Mara Lindqvist")).to_be_focused()
    page.locator(".verbs").get_by_role("button", name="Resolve").click()
    expect(page.get_by_role("heading", name="Mara Lindqvist")).to_be_focused()


def test_nobody_answers_before_they_can_see_what_was_said(page: Page, run: Running) -> None:
    signed_in(page, run)
    held: list[Callable[[], None]] = []
    run.do(lambda s: setattr(s, "lines_held", held))
    page.get_by_role("article", name="Offer: Mara Lindqvist").get_by_role("button", name="Accept").click()
    expect(page.get_by_text("Mara Lindqvist").first).to_be_visible()
    expect(page.locator(".composer")).to_contain_text("Loading…")
    expect(page.locator("#composer")).to_have_count(0)
    run.do(lambda s: [tell() for tell in held])
    expect(page.get_by_label("Reply to Mara Lindqvist")).to_be_focused()


def test_a_thread_that_was_left_hears_of_its_last_scroll_and_nothing_breaks(page: Page, run: Running) -> None:
    signed_in(page, run)
    view(page, "Mine")
    opens(page, "Wren Calloway")
    left = thread(page).locator("xpath=ancestor-or-self::*[contains(@class, 'scroller')]").element_handle()
    page.get_by_role("link", name="Team").click()
    expect(thread(page)).to_have_count(0)
    left.dispatch_event("scroll")  # an error on the page fails the test, see OpenPage


def test_the_next_conversation_by_key_keeps_the_hand_in_the_composer(page: Page, run: Running) -> None:
    signed_in(page, run)
    page.get_by_role("article", name="Offer: Mara Lindqvist").get_by_role("button", name="Accept").click()
    expect(page.get_by_label("Reply to Mara Lindqvist")).to_be_focused()
    page.keyboard.press("Alt+j")
    page.keyboard.press("Alt+k")
    expect(page.locator("#composer")).to_be_focused()


def test_what_i_said_is_marked_as_sent_once_the_record_has_it(page: Page, run: Running) -> None:
    signed_in(page, run)
    view(page, "Mine")
    opens(page, "Wren Calloway")
    page.get_by_label("Reply to Wren Calloway").fill("One moment please.")
    page.get_by_label("Reply to Wren Calloway").press("Enter")
    mine = thread(page).locator(".line.agent", has_text="One moment please.")
    expect(mine.get_by_role("img", name="Sent")).to_be_visible()


def test_nothing_rings_until_an_agent_wishes_it_and_the_wish_is_kept(page: Page, run: Running) -> None:
    signed_in(page, run)
    page.get_by_role("button", name="Sound: off").click()
    page.reload()
    expect(page.get_by_role("button", name="Sound: on")).to_be_visible()


def test_a_notice_on_the_desktop_names_who_waits_and_comes_only_to_those_who_look_elsewhere(
    browser: Browser, run: Running
) -> None:
    with OpenPage(browser) as page:
        page.add_init_script(
            """window.shown = [];
            window.Notification = class { static permission = 'granted';
              constructor(title, more) { window.shown.push(`${title}: ${more.body}`); } }"""
        )
        signed_in(page, run)
        expect(page.get_by_role("article")).to_have_count(1)
        run.do(lambda s: s.offer(s.talks["c-theo"], {"reason": "asked"}))
        expect(page.get_by_role("article")).to_have_count(2)
        assert page.evaluate("() => window.shown") == []
        page.evaluate("() => Object.defineProperty(document, 'visibilityState', {get: () => 'hidden'})")
        run.do(lambda s: s.offer(s.talks["c-wren"], {"reason": "anger"}))
        page.wait_for_function("() => window.shown.length > 0")
        assert "Wren Calloway" in page.evaluate("() => window.shown[0]")


def test_a_customer_who_left_a_message_can_be_answered_by_e_mail(page: Page, run: Running) -> None:
    signed_in(page, run)
    talk = talk_of(run, "c-mara")
    talk.customer = talk.customer.model_copy(update={"email": "mara@example.com"})
    run.do(lambda s: s.moved(talk, Control.NOBODY))
    view(page, "Waiting")
    row = page.locator(".row", has_text="Mara Lindqvist")
    expect(row).to_contain_text("Left a message")
    expect(row).to_contain_text("mara@example.com")
    row.click()
    expect(page.get_by_text("waits for an answer at mara@example.com")).to_be_visible()


def test_the_customers_writing_is_seen_under_their_name(page: Page, run: Running) -> None:
    signed_in(page, run)
    view(page, "Mine")
    opens(page, "Wren Calloway")
    seen = page.get_by_text("Wren Calloway is writing…")
    # The sign goes after some seconds, which a busy machine may need for the page: she writes on.
    for _ in range(60):
        run.do(lambda s: s.types(s.talks["c-wren"], AuthorKind.CUSTOMER, ""))
        page.wait_for_timeout(500)
        if seen.is_visible():
            return
    pytest.fail("nobody sees that she writes")


def test_older_conversations_of_a_list_come_on_demand_and_the_count_says_that_there_are_more(
    page: Page, run: Running
) -> None:
    def resolve_two(s: ScriptedService) -> None:
        s.page = 1
        for key in ("c-theo", "c-wren"):
            s.moved(s.talks[key], Control.NOBODY, lifecycle=Lifecycle.RESOLVED)

    run.do(resolve_two)
    signed_in(page, run)
    view(page, "Resolved")
    lists = page.get_by_role("navigation", name="Lists")
    expect(lists.get_by_role("button", name="Resolved 3+")).to_be_visible()
    answers: list[Route] = []

    def held(route: Route) -> None:
        answers.append(route)

    page.route("**/api/v1/conversations?*before=*", held)
    older = page.get_by_role("button", name="Show older")
    older.focus()
    with page.expect_request("**/api/v1/conversations?*before=*"):
        page.keyboard.press("Enter")
    busy = page.get_by_role("button", name="Loading…")
    expect(busy).to_be_focused()
    page.keyboard.press("Enter")  # once is enough
    answers.pop().continue_()
    expect(busy).to_have_count(0)
    assert answers == []
    expect(older).to_have_count(0)
    expect(lists.get_by_role("button", name="Resolved 3", exact=True)).to_be_visible()
    expect(page.locator(".rows .row")).to_have_count(3)
