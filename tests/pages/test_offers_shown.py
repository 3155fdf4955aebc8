"""What the matcher knows of an offer is on its card; how long there is, how much room, and who was too late is said."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from handover.conversation import Control
from handover.frames import ErrorFrame
from tests.pages.console_steps import opens, signed_in, talk_of, thread, view
from tests.support.scripted_running import Running

pytestmark = pytest.mark.browser


def tell(run: Running, code: str, message: str = "The desk's words.", **detail: object) -> None:
    frame = ErrorFrame(code=code, message=message, detail=detail or None, conversation="c-theo")
    run.do(lambda s: s.tell_agents(frame))


def test_an_offer_says_by_when_somebody_should_answer_and_what_it_needs(page: Page, run: Running) -> None:
    signed_in(page, run)
    offer = page.get_by_role("article", name="Offer: Mara Lindqvist")
    expect(offer).to_contain_text("answer in 1:")
    for words in ("Team service", "Needs complaints, orders", "2 slots"):
        expect(offer).to_contain_text(words)
    expect(offer.locator(".urgent")).to_have_count(0)
    later = {"round": 3, "team": "workshop", "needs": ("products",)}
    run.do(lambda s: s.offer(s.talks["c-theo"], {"reason": "asked"}, target=20, to="agent1", **later))
    urgent = page.get_by_role("article", name="Offer: Theo Okafor")
    expect(urgent.locator(".urgent")).to_contain_text("answer in 0:")
    expect(urgent).to_contain_text("Round 3")
    expect(urgent).to_contain_text("Passed to you")
    expect(urgent).not_to_contain_text("Leads asked too")


def test_a_countdown_is_not_read_out_again_each_second(page: Page, run: Running) -> None:
    signed_in(page, run)
    page.get_by_role("article", name="Offer: Mara Lindqvist").get_by_role("button", name="Accept").click()
    strip = page.locator(".first-reply")
    expect(strip).to_contain_text("or it goes to a colleague")
    read = strip.locator(".unseen").inner_text()
    seen = strip.locator("[aria-hidden]").inner_text()
    expect(strip.locator("[aria-hidden]")).not_to_have_text(seen)
    assert strip.locator(".unseen").inner_text() == read
    assert re.match(r"Reply by .*\d", read)
    assert page.locator("[aria-live] .left, [role=status] .left, [role=alert] .left").count() == 0


def test_the_first_reply_has_a_lease_until_it_is_said(page: Page, run: Running) -> None:
    signed_in(page, run)
    page.get_by_role("article", name="Offer: Mara Lindqvist").get_by_role("button", name="Accept").click()
    expect(page.locator(".first-reply")).to_contain_text(re.compile(r"Reply within [12]:\d\d"))
    expect(page.locator(".row", has_text="Mara Lindqvist")).to_contain_text("reply in")
    page.get_by_label("Reply to Mara Lindqvist").fill("I am looking into it.")
    page.keyboard.press("Enter")
    expect(thread(page).locator(".line.agent")).to_be_visible()
    expect(page.locator(".first-reply")).to_have_count(0)


def test_who_was_too_late_is_told_plainly_and_until_it_was_read(page: Page, run: Running) -> None:
    signed_in(page, run)
    tell(run, "reply_late", "You did not answer Theo Okafor in time, so it was offered to your colleagues.")
    notice = page.locator(".message", has_text="offered to your colleagues")
    expect(notice).to_be_visible()
    expect(notice).not_to_have_class(re.compile("bad"))
    notice.get_by_role("button", name="Dismiss").click()
    expect(notice).to_have_count(0)


def test_no_room_is_said_with_what_would_make_some(page: Page, run: Running) -> None:
    signed_in(page, run)
    tell(run, "illegal_move", held=7, capacity=8, weight=2)
    expect(page.get_by_role("alert").filter(has_text="it takes 2 slots, and you hold 7 of 8")).to_be_visible()
    tell(run, "illegal_move", epoch=4)
    expect(page.get_by_role("alert").filter(has_text="moved on meanwhile")).to_be_visible()


def test_my_own_load_stands_beside_my_availability(page: Page, run: Running) -> None:
    signed_in(page, run)
    load = page.locator(".own-load")
    run.do(lambda s: s.agents.update(agent1=s.agents["agent1"].model_copy(update={"held": 8})))
    run.do(lambda s: s.moved(s.talks["c-theo"], Control.HUMAN, agent=s.agents["agent1"]))
    expect(load).to_have_class(re.compile("full"))
    expect(load).to_have_text(re.compile(r"You hold 8/ of 8"))


def test_what_the_bot_has_can_be_resolved_by_anybody(page: Page, run: Running) -> None:
    signed_in(page, run)
    view(page, "With the bot")
    opens(page, "Theo Okafor")
    page.locator(".verbs").get_by_role("button", name="Resolve").click()
    expect(page.locator(".about .mark")).to_have_text("Resolved")
    assert talk_of(run, "c-theo").control is Control.NOBODY
    view(page, "Waiting")
    opens(page, "Inês Carvalho")
    page.keyboard.press("Alt+KeyE")
    expect(page.locator(".about .mark")).to_have_text("Resolved")
