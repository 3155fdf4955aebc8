"""The widget in a real browser before a scripted service: what a customer sees, hears and can do by keyboard."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from handover.conversation import Control
from handover.frames import ErrorFrame
from tests.pages.widget_steps import log, opened, says, until_seen
from tests.support.hostile_payloads import payloads
from tests.support.scripted_running import Running
from tests.support.scripted_service import ScriptedService

pytestmark = pytest.mark.browser

PAYLOADS = payloads()


def test_the_panel_says_that_it_is_an_automated_assistant_and_who_speaks(page: Page, run: Running) -> None:
    opened(page, run)
    panel = page.get_by_role("region", name="Help from Tarn & Trail")
    expect(panel).to_contain_text("an automated assistant")
    expect(panel.get_by_role("status").filter(has_text="Juniper")).to_be_visible()
    expect(panel.get_by_role("button", name="Talk to a person")).to_be_visible()


def test_a_reply_is_seen_while_it_is_written_and_then_replaced_by_the_whole(page: Page, run: Running) -> None:
    talk = opened(page, run)
    run.do(lambda s: setattr(s, "on_customer_words", None))
    says(page, "How long can I send things back?")
    expect(page.get_by_role("img", name="Sent")).to_be_visible()  # in the record: pieces come only after that
    run.do(lambda s: s.delta(talk, "t1", "You can send "))
    run.do(lambda s: s.delta(talk, "t1", "anything"))
    expect(page.locator(".writing")).to_contain_text("You can send anything")
    run.do(
        lambda s: s.bot(
            talk, "You can.", html="<p>You <strong>can</strong>.</p>", citations=[("Returns", "https://shop.example/r")]
        )
    )
    expect(page.locator(".writing")).to_have_count(0)
    expect(log(page).locator("strong", has_text="can")).to_be_visible()
    expect(log(page).get_by_role("link", name="Returns")).to_have_attribute("href", "https://shop.example/r")


def test_a_panel_that_was_closed_hears_of_its_last_scroll_and_nothing_breaks(page: Page, run: Running) -> None:
    opened(page, run)
    left = page.get_by_role("group", name="Messages").element_handle()
    page.get_by_role("button", name="Minimise").click()
    expect(log(page)).to_have_count(0)
    left.dispatch_event("scroll")  # an error on the page fails the test, see OpenPage


def test_a_message_is_read_out_once_and_never_piece_by_piece(page: Page, run: Running) -> None:
    talk = opened(page, run)
    page.evaluate(
        """() => { window.spoken = [];
        const region = document.querySelector('switchboard-widget').shadowRoot.querySelector('[data-part=announcer]');
        new MutationObserver(all => all.forEach(m => m.addedNodes.forEach(n => window.spoken.push(n.textContent))))
          .observe(region, {childList: true, subtree: true, characterData: true}); }"""
    )
    for piece in ("One ", "two ", "three"):
        run.do(lambda s, p=piece: s.delta(talk, "t1", p))
    run.do(lambda s: s.bot(talk, "One two three"))
    expect(log(page)).to_contain_text("One two three")
    page.wait_for_function("() => window.spoken.length > 0")
    assert page.evaluate("() => window.spoken") == ["Juniper (assistant): One two three"]


def test_lines_missing_in_the_middle_are_asked_for_and_nothing_is_shown_past_the_gap(page: Page, run: Running) -> None:
    talk = opened(page, run)

    def lose_one(s: ScriptedService) -> None:
        s.swallow = 1
        s.bot(talk, "the lost line")
        s.bot(talk, "the line after it")

    run.do(lose_one)
    expect(log(page)).to_contain_text("the line after it")
    texts = log(page).locator(".line .words").all_inner_texts()
    assert texts[-2:] == ["the lost line", "the line after it"]


def test_what_was_said_while_the_line_was_down_is_caught_up_and_what_was_typed_is_sent(
    page: Page, run: Running
) -> None:
    talk = opened(page, run)

    def cut(s: ScriptedService) -> None:
        s.accepting, s.on_customer_words = False, None
        s.cut()

    run.do(cut)
    expect(page.get_by_text("Connection lost")).to_be_visible(timeout=15_000)
    says(page, "Are you there?")
    expect(page.get_by_text("Will be sent when the connection is back")).to_be_visible()
    run.do(lambda s: (s.bot(talk, "said meanwhile"), setattr(s, "accepting", True)))
    expect(page.get_by_text("Connection lost")).to_have_count(0, timeout=20_000)
    expect(page.locator(".unsent")).to_have_count(0)
    expect(log(page)).to_contain_text("said meanwhile")
    assert run.do(lambda s: [e.text for e in talk.entries].count("Are you there?")) == 1


def test_a_refused_message_says_why_and_can_be_sent_again_under_the_same_id(page: Page, run: Running) -> None:
    talk = opened(page, run)
    refusal = ErrorFrame(code="too_many", message="That was a lot at once.", retry_after=7)
    run.do(lambda s: (setattr(s, "refuse_say", refusal), setattr(s, "on_customer_words", None)))
    says(page, "hello")
    expect(page.get_by_role("alert")).to_contain_text("You can try again in 7 seconds")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".unsent")).to_have_count(0)
    ids = run.do(lambda s: [f["client_id"] for f in s.received if f["type"] == "say"])
    assert len(ids) == 2
    assert len(set(ids)) == 1
    assert run.do(lambda s: len(talk.entries)) == 2


def test_what_the_service_cannot_keep_for_a_moment_is_sent_again_by_itself(page: Page, run: Running) -> None:
    talk = opened(page, run)
    refusal = ErrorFrame(code="unavailable", message="The record cannot be written.")
    run.do(lambda s: (setattr(s, "refuse_say", refusal), setattr(s, "on_customer_words", None)))
    says(page, "hello")
    says(page, "are you there?")
    expect(page.get_by_role("img", name="Sent")).to_have_count(2)
    assert run.do(lambda s: [e.text for e in talk.entries[1:]]) == ["hello", "are you there?"]
    ids = run.do(lambda s: [f["client_id"] for f in s.received if f["type"] == "say"])
    assert len(set(ids)) == 2
    expect(page.get_by_text("Not sent")).to_have_count(0)


def test_words_that_find_no_room_are_told_of_as_not_sent_and_go_by_themselves(page: Page, run: Running) -> None:
    talk = opened(page, run)
    refusal = ErrorFrame(code="busy", message="Not yet.", retry_after=1)
    run.do(lambda s: (setattr(s, "refuse_say", refusal), setattr(s, "on_customer_words", None)))
    says(page, "hello")
    told = "Very many people are writing. Not sent yet; we keep trying."
    expect(page.locator(".unsent")).to_contain_text(told)
    expect(page.locator("[data-part=announcer]")).to_contain_text(told)
    expect(page.get_by_role("img", name="Sent")).to_have_count(1)
    assert run.do(lambda s: [e.text for e in talk.entries[1:]]) == ["hello"]
    expect(page.get_by_text("Not sent")).to_have_count(0)


def test_reload_and_page_change_keep_conversation_draft_and_open_panel(page: Page, run: Running) -> None:
    opened(page, run)
    page.get_by_label("Your message").fill("half a thou")
    page.reload()
    expect(page.get_by_label("Your message")).to_have_value("half a thou")
    expect(log(page)).to_contain_text("What can I do for you")
    assert run.do(lambda s: len(s.tokens)) == 1


def test_two_tabs_show_the_same_conversation(page: Page, run: Running) -> None:
    opened(page, run)
    run.do(lambda s: setattr(s, "on_customer_words", None))
    other = page.context.new_page()
    other.goto(run.url)
    other.get_by_role("button", name=re.compile("Get help")).click()
    says(page, "written in the first tab")
    expect(other.get_by_role("log")).to_contain_text("written in the first tab")


def test_a_customer_asks_waits_is_joined_and_rates_the_help(page: Page, run: Running) -> None:
    talk = opened(page, run)
    page.get_by_role("button", name="Talk to a person").click()
    waiting = page.get_by_role("region", name="Waiting for a person")
    expect(waiting).to_contain_text("number 1 in line")

    def joins(s: ScriptedService) -> None:
        s.moved(talk, Control.HUMAN, agent=s.agents["agent1"])
        s.notice(talk, "Amina Farouk joined.")
        s.person(talk, "Hello, I am Amina.")

    run.do(joins)
    expect(page.get_by_text("Amina Farouk is with you")).to_be_visible()
    expect(waiting).to_have_count(0)
    epoch = run.do(lambda s: talk.epoch)
    run.do(lambda s: s.moved(talk, Control.BOT))
    page.get_by_role("radio", name="5 Very good").check()
    page.get_by_role("button", name="Send rating").click()
    expect(page.get_by_text("Thank you for telling us")).to_be_visible()
    assert run.do(lambda s: talk.rated) == {epoch: 5}


def test_when_nobody_is_there_a_message_with_an_address_can_be_left(page: Page, run: Running) -> None:
    talk = opened(page, run)
    run.do(lambda s: s.offer(talk, {"reason": "asked"}, desk_open=False))
    expect(page.locator("strong", has_text="Nobody is at the desk right now")).to_be_visible()
    page.get_by_role("button", name="Leave a message").click()
    expect(page.get_by_label("Your e-mail address")).to_be_focused()
    page.get_by_label("Your e-mail address").fill("mara@example.com")
    page.get_by_role("button", name="Send message").click()
    expect(page.get_by_text("Your message is with our team").first).to_be_visible()
    expect(page.get_by_role("group", name="Messages")).to_be_focused()


def test_unread_lines_are_counted_in_the_launchers_name(page: Page, run: Running) -> None:
    talk = opened(page, run)
    until_seen(page, run, talk)
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Get help")).to_be_focused()
    run.do(lambda s: (s.bot(talk, "one"), s.bot(talk, "two")))
    expect(page.get_by_role("button", name="Get help, 2 unread messages")).to_be_visible()


def test_everything_can_be_done_by_keyboard(page: Page, run: Running) -> None:
    page.goto(run.url)
    page.get_by_role("button", name="Get help").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Your message")).to_be_focused()
    page.keyboard.type("I want a person")
    page.keyboard.press("Enter")
    expect(log(page).get_by_role("button", name="Talk to a person")).to_be_visible()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    expect(log(page).get_by_role("button", name="Talk to a person")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="Waiting for a person")).to_be_visible()
    page.get_by_role("group", name="Messages").focus()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Get help")).to_be_focused()


def test_a_token_that_is_no_longer_good_leads_to_a_new_conversation_not_to_an_error(page: Page, run: Running) -> None:
    opened(page, run)
    run.do(lambda s: s.tokens.clear())
    page.reload()
    expect(log(page)).to_contain_text("What can I do for you", timeout=20_000)


def test_calls_made_before_the_script_has_loaded_are_not_lost(page: Page, run: Running) -> None:
    page.add_init_script("window.Switchboard = [['open', 'Where is my order?']]")
    page.goto(run.url)
    expect(page.get_by_label("Your message")).to_have_value("Where is my order?")
