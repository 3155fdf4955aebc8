"""The product's main job, end to end, in a real browser: answered, flagged, taken over, handed back, rated."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browser import visitor
from tests.support.stack import PASSWORD, ROOT, Stack

pytestmark = [pytest.mark.stack, pytest.mark.browser, pytest.mark.timeout(300)]

PICTURES = ROOT / "docs" / "pictures"
SLOW = 30_000  # milliseconds; a shared two-core machine runs Rasa, Chromium and two Pythons
SAID_BY_THE_AGENT = "I have booked courier Moosbrugger for Thursday; the replacement boots cost you nothing."


def picture(page: Page, name: str, folder: Path) -> None:
    """Keep what is seen: in the test's folder, and in docs when it is asked to refresh them."""
    page.screenshot(path=folder / f"{name}.png")


def says(page: Page, words: str) -> None:
    field = page.get_by_role("textbox", name="Your message")
    field.fill(words)
    field.press("Enter")


def last_bot_line(page: Page, contains: str | re.Pattern[str]) -> None:
    expect(page.locator(".line.bot:not(.writing)").filter(has_text=contains).last).to_be_visible(timeout=SLOW)


def sign_in(page: Page, stack: Stack, email: str) -> None:
    page.goto(f"{stack.url}/console")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("combobox", name="Availability")).to_be_visible(timeout=SLOW)
    page.get_by_role("combobox", name="Availability").select_option("online")


def ask_about_an_order(page: Page, folder: Path) -> None:
    says(page, "hi, where is my order TT-482913?")
    last_bot_line(page, re.compile("e-?mail", re.I))
    says(page, "anna.berg@example.com")
    last_bot_line(page, re.compile("on its way|sent|dispatched|shipped|under way", re.I))
    picture(page, "1-order-status", folder)


def ask_the_knowledge_pages(page: Page, folder: Path) -> None:
    says(page, "How long do I have to return boots that do not fit?")
    expect(page.locator(".line.bot .sources a").last).to_be_visible(timeout=SLOW)
    picture(page, "2-cited-answer", folder)


def get_angry(page: Page, folder: Path) -> None:
    says(page, "this is ridiculous, the boots are broken and nobody helps me")
    last_bot_line(page, re.compile(r"\w"))
    says(page, "ARE YOU KIDDING ME?! This is absolutely USELESS, worst shop ever!!!")
    expect(page.get_by_text("Waiting for a person").first).to_be_visible(timeout=SLOW)
    picture(page, "3-waiting", folder)


def the_agent_takes_it(desk: Page, folder: Path) -> None:
    offer = desk.get_by_role("article", name=re.compile("^Offer")).first
    expect(offer).to_be_visible(timeout=SLOW)
    offer.get_by_role("button").first.click()
    expect(desk.get_by_label("Details").first).to_contain_text("TT-482913", timeout=SLOW)
    picture(desk, "4-offer-and-packet", folder)
    offer.get_by_role("button", name="Accept").click()
    field = desk.locator("#composer")
    expect(field).to_be_visible(timeout=SLOW)
    field.fill(SAID_BY_THE_AGENT)
    field.press("Enter")


def the_agent_hands_back(desk: Page, folder: Path) -> None:
    desk.get_by_role("button", name=re.compile("^Hand back")).first.click()
    dialog = desk.get_by_role("dialog")
    dialog.get_by_label("What came of it").fill("Replacement boots go out on Thursday, free of charge.")
    dialog.get_by_label("Open promises").fill("Courier on Thursday")
    picture(desk, "6-hand-back", folder)
    dialog.get_by_role("button", name="Hand back").click()


def prompt_after_hand_back(stack: Stack) -> str:
    return json.dumps(stack.prompts()[-1], ensure_ascii=False)


def test_a_customer_is_answered_flagged_taken_over_handed_back_and_rates_it(
    stack: Stack, browser: Browser, tmp_path: Path
) -> None:
    with visitor(browser) as desk, visitor(browser) as page:
        sign_in(desk, stack, "agent1@example.com")
        page.goto(stack.url)
        page.get_by_role("button", name="Get help").click()
        expect(page.get_by_text(re.compile("automated assistant", re.I)).first).to_be_visible(timeout=SLOW)
        ask_about_an_order(page, tmp_path)
        ask_the_knowledge_pages(page, tmp_path)
        get_angry(page, tmp_path)
        the_agent_takes_it(desk, tmp_path)
        expect(page.locator(".line.agent").filter(has_text=SAID_BY_THE_AGENT)).to_be_visible(timeout=SLOW)
        says(page, "Thursday is fine, thank you")
        expect(desk.get_by_text("Thursday is fine, thank you").first).to_be_visible(timeout=SLOW)
        picture(page, "5-with-a-person", tmp_path)
        the_agent_hands_back(desk, tmp_path)
        expect(page.get_by_text("automated assistant").first).to_be_visible(timeout=SLOW)
        before = len(stack.prompts())
        says(page, "What did your colleague arrange about the boots?")
        last_bot_line(page, re.compile("Ada from our team|Moosbrugger"))
        assert len(stack.prompts()) > before
        prompt = prompt_after_hand_back(stack)
        assert "Moosbrugger" in prompt
        assert "Replacement boots go out on Thursday" in prompt
        picture(page, "7-follow-up", tmp_path)
        desk.get_by_role("button", name=re.compile("^Resolve")).first.click()
        expect(page.get_by_text("How was the help").first).to_be_visible(timeout=SLOW)
        page.get_by_role("radio", name=re.compile("^5")).check(force=True)
        page.get_by_role("button", name="Send rating").click()
        expect(page.get_by_text("Thank you for telling us")).to_be_visible(timeout=SLOW)
        picture(page, "8-rated", tmp_path)
