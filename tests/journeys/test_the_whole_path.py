"""The product's main job, end to end, in a real browser: answered, flagged, taken over, handed back, rated."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.journeys.pictures import picture
from tests.support.browser import visitor
from tests.support.model_in_thread import read_slowly
from tests.support.stack import PASSWORD, Stack

pytestmark = [pytest.mark.stack, pytest.mark.browser, pytest.mark.timeout(300)]

SLOW = 30_000  # milliseconds; a shared two-core machine runs Rasa, Chromium and two Pythons
ANGRY = "ARE YOU KIDDING ME?! This is absolutely USELESS, worst shop ever!!!"
SAID_BY_THE_AGENT = "I have booked courier Moosbrugger for Thursday; the replacement boots cost you nothing."
OUTCOME = "Replacement boots go out on Thursday, free of charge."


def says(page: Page, words: str) -> None:
    field = page.get_by_role("textbox", name="Your message")
    field.fill(words)
    field.press("Enter")


def last_bot_line(page: Page, contains: str | re.Pattern[str]) -> Locator:
    line = page.locator(".line.bot:not(.writing)").filter(has_text=contains).last
    expect(line).to_be_visible(timeout=SLOW)
    return line


def sign_in(page: Page, stack: Stack, email: str) -> None:
    page.goto(f"{stack.url}/console")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    available = page.get_by_role("combobox", name="Availability")
    expect(available).to_be_visible(timeout=SLOW)
    # While the line is not there yet, nothing that is pressed is done. Other journeys may have left somebody waiting.
    expect(page.locator(".lists ul.rows, .lists p.none:not([role=status])").first).to_be_visible(timeout=SLOW)
    available.select_option("online")


def open_the_widget(page: Page, stack: Stack, folder: Path) -> None:
    page.goto(stack.url)
    launcher = page.get_by_role("button", name="Get help")
    expect(launcher).to_be_visible(timeout=SLOW)
    picture(page, "shop", folder)
    launcher.click()
    expect(page.get_by_text(re.compile("I'm an AI, not a person")).first).to_be_visible(timeout=SLOW)


def ask_about_an_order(page: Page, folder: Path) -> None:
    says(page, "hi, where is my order TT-482913?")
    last_bot_line(page, re.compile("e-?mail", re.I))
    says(page, "anna.berg@example.com")
    last_bot_line(page, re.compile("on its way|sent|dispatched|shipped|under way", re.I))
    picture(page, "order-status", folder)


def ask_the_knowledge_pages(page: Page, stack: Stack) -> None:
    """The answer is seen growing, sentence by sentence, before it is a line of the record with its sources."""
    before = page.locator(".line.bot:not(.writing)").count()
    stack.model.then(read_slowly)
    says(page, "How long do I have to return boots that do not fit?")
    writing = page.locator(".line.bot.writing .words")
    expect(writing).to_contain_text("30 days", timeout=SLOW)
    first = writing.inner_text().strip()
    assert page.locator(".line.bot:not(.writing)").count() == before
    stack.model.let_go()
    expect(writing).to_contain_text(re.compile(re.escape(first) + r"\s+\S+", re.S), timeout=SLOW)
    assert page.locator(".line.bot:not(.writing)").count() == before
    stack.model.let_go()
    answer = last_bot_line(page, first)
    expect(answer.locator(".sources a").first).to_have_attribute("href", re.compile("^https://shop.example/help/"))
    expect(writing).to_have_count(0)


def get_angry(page: Page, folder: Path) -> None:
    says(page, "this is ridiculous, the boots are broken and nobody helps me")
    last_bot_line(page, re.compile("person|sorry", re.I))
    says(page, ANGRY)
    expect(page.get_by_role("region", name="Waiting for a person")).to_be_visible(timeout=SLOW)
    picture(page, "waiting", folder)


def the_agent_reads_the_packet(desk: Page, folder: Path) -> Locator:
    offer = desk.get_by_role("article", name=re.compile("^Offer")).filter(has_text="Getting angry").first
    expect(offer).to_be_visible(timeout=SLOW)
    offer.get_by_role("button").first.click()
    details = desk.get_by_label("Details").first
    expect(details).to_contain_text("angry", timeout=SLOW)
    expect(details).to_contain_text("TT-482913")
    expect(details).to_contain_text("anna.berg@example.com")
    expect(details).to_contain_text("Checked: knows the order and its e-mail")
    evidence = details.locator("li").filter(has_text=ANGRY).get_by_role("button", name=re.compile("^Show line"))
    line = desk.locator(f"#line-{evidence.first.inner_text()}")
    expect(line).to_contain_text(ANGRY, timeout=SLOW)
    evidence.first.click()
    expect(line).to_be_focused()
    expect(desk.locator(".others")).to_have_text("")  # nobody else looks
    picture(desk, "console", folder)
    picture(details, "packet", folder)
    return offer


def the_agent_takes_it(desk: Page, offer: Locator) -> None:
    offer.get_by_role("button", name="Accept").click()
    field = desk.locator("#composer")
    expect(field).to_be_visible(timeout=SLOW)
    field.fill(SAID_BY_THE_AGENT)
    field.press("Enter")


def the_agent_hands_back(desk: Page, folder: Path) -> None:
    desk.get_by_role("button", name="Hand back").first.click()
    dialog = desk.get_by_role("dialog")
    dialog.get_by_label("What came of it").fill(OUTCOME)
    dialog.get_by_label("Open promises").fill("Courier on Thursday")
    picture(desk, "hand-back", folder)
    dialog.get_by_role("button", name="Hand back").click()


def the_bot_knows_what_was_settled(page: Page, stack: Stack, folder: Path) -> None:
    asked = len(stack.model.replies)
    says(page, "What did your colleague arrange about the boots?")
    last_bot_line(page, OUTCOME)
    prompt = stack.model.waits_for_reply(asked)
    assert f"AGENT Ada (a person of the team): {SAID_BY_THE_AGENT}" in prompt
    assert f"Ada (a person of the team) settled: {OUTCOME}" in prompt
    assert "Open promise by a person: Courier on Thursday" in prompt
    picture(page, "follow-up", folder)


def rated_after_it_is_resolved(desk: Page, page: Page, folder: Path) -> None:
    says(page, "great, that is all, bye")
    desk.get_by_role("button", name="Take over").first.click()
    expect(page.get_by_text("Ada is with you")).to_be_visible(timeout=SLOW)
    desk.get_by_role("button", name="Resolve", exact=True).click()
    expect(page.get_by_text("How was the help from Ada")).to_be_visible(timeout=SLOW)
    page.get_by_role("radio", name=re.compile("^5")).check(force=True)
    page.get_by_role("button", name="Send rating").click()
    expect(page.get_by_text("Thank you for telling us")).to_be_visible(timeout=SLOW)
    picture(page, "rated", folder)
    desk.get_by_role("navigation", name="Lists").get_by_role("button", name="Resolved").click()
    expect(desk.locator(".row").first).to_contain_text("Rated 5 of 5", timeout=SLOW)
    # The page has been told by now that its score is kept: the thanks stand nevertheless.
    expect(page.get_by_text("Thank you for telling us")).to_be_visible()


def test_a_customer_is_answered_flagged_taken_over_handed_back_and_rates_it(
    stack: Stack, browser: Browser, tmp_path: Path
) -> None:
    with visitor(browser) as desk, visitor(browser) as page:
        sign_in(desk, stack, "agent1@example.com")
        open_the_widget(page, stack, tmp_path)
        ask_about_an_order(page, tmp_path)
        ask_the_knowledge_pages(page, stack)
        picture(page, "widget", tmp_path)
        get_angry(page, tmp_path)
        the_agent_takes_it(desk, the_agent_reads_the_packet(desk, tmp_path))
        expect(page.locator(".line.agent").filter(has_text=SAID_BY_THE_AGENT)).to_be_visible(timeout=SLOW)
        says(page, "Thursday is fine, thank you")
        expect(desk.get_by_role("log", name="Conversation")).to_contain_text("Thursday is fine", timeout=SLOW)
        picture(page, "with-a-person", tmp_path)
        the_agent_hands_back(desk, tmp_path)
        expect(page.get_by_text("The automated assistant is here again").first).to_be_visible(timeout=SLOW)
        the_bot_knows_what_was_settled(page, stack, tmp_path)
        rated_after_it_is_resolved(desk, page, tmp_path)


def test_the_widget_answers_on_a_phone_in_the_dark(stack: Stack, browser: Browser, tmp_path: Path) -> None:
    with visitor(browser, phone=True, dark=True) as page:
        page.goto(stack.url)
        page.get_by_role("button", name="Get help").click()
        says(page, "How long do I have to return boots that do not fit?")
        expect(last_bot_line(page, "30 days").locator(".sources a").first).to_be_visible()
        picture(page, "widget-phone-dark", tmp_path)
