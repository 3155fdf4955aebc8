"""The agents' console in a real browser before a scripted service: two agents, one truth, nothing typed is lost."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.pages.conftest import OpenPage
from tests.pages.console_steps import frame_sent, opens, signed_in, talk_of, thread, view
from tests.support.scripted_running import Running
from tests.support.scripted_service import ScriptedService

pytestmark = pytest.mark.browser


def test_a_wrong_password_is_told_in_plain_words(page: Page, run: Running) -> None:
    page.goto(run.url + "/console")
    page.get_by_label("E-mail").fill("agent1@example.com")
    page.get_by_label("Password").fill("no")
    page.get_by_label("Password").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("do not match")


def test_lists_show_live_counts(page: Page, run: Running) -> None:
    signed_in(page, run)
    lists = page.get_by_role("navigation", name="Lists")
    expect(lists.get_by_role("button", name="Offers 1")).to_be_visible()
    run.do(lambda s: s.offer(s.talks["c-theo"], {"reason": "asked"}))
    expect(lists.get_by_role("button", name="Offers 2")).to_be_visible()
    expect(page).to_have_title("(3) Switchboard")


def test_an_agent_accepts_reads_the_packet_and_answers(page: Page, run: Running) -> None:
    signed_in(page, run)
    offer = page.get_by_role("article", name="Offer: Mara Lindqvist")
    expect(offer).to_contain_text("Getting angry")
    expect(offer).to_contain_text("rings")
    offer.get_by_role("button", name="Accept").click()
    details = page.get_by_role("complementary", name="Details")
    expect(details).to_contain_text("Find out where order TT-482913 is")
    details.get_by_role("button", name="Show line 4").first.click()
    expect(page.locator("#line-4")).to_be_focused()
    page.get_by_label("Reply to Mara Lindqvist").fill("I am looking into it.")
    page.get_by_label("Reply to Mara Lindqvist").press("Enter")
    expect(thread(page).locator(".line.agent")).to_contain_text("I am looking into it.")
    expect(page.get_by_label("Reply to Mara Lindqvist")).to_have_value("")


def test_a_reply_written_on_a_stale_view_bounces_with_the_missed_line_and_stays_in_the_composer(
    page: Page, run: Running
) -> None:
    signed_in(page, run)
    view(page, "Mine")
    opens(page, "Wren Calloway")
    talk = talk_of(run, "c-wren")

    def unseen(s: ScriptedService) -> None:
        s.swallow = 1
        s.customer(talk, "No, wait: another address.")

    composer = page.get_by_label("Reply to Wren Calloway")
    composer.fill("Done, it goes to Köln.")
    run.do(unseen)
    composer.press("Enter")
    expect(page.get_by_role("alert").filter(has_text="Not sent")).to_be_visible()
    expect(thread(page)).to_contain_text("No, wait: another address.")
    expect(composer).to_have_value("Done, it goes to Köln.")
    assert run.do(lambda s: [e.text for e in talk.entries]).count("Done, it goes to Köln.") == 0
    composer.press("Enter")
    expect(thread(page).locator(".line.agent").last).to_contain_text("Done, it goes to Köln.")


def test_two_agents_reach_for_one_offer_and_the_loser_is_told_who_won(browser: Browser, run: Running) -> None:
    with OpenPage(browser) as first, OpenPage(browser) as second:
        signed_in(first, run, "agent1")
        signed_in(second, run, "agent2")
        offers = [p.get_by_role("article", name="Offer: Mara Lindqvist") for p in (first, second)]
        for offer in offers:
            expect(offer).to_be_visible()
        talk = talk_of(run, "c-mara")
        run.do(lambda s: s.agent_screens.pop())  # the second console has not heard yet
        offers[0].get_by_role("button", name="Accept").click()
        expect(first.get_by_label("Reply to Mara Lindqvist")).to_be_visible()
        offers[1].get_by_role("button", name="Accept").click()
        expect(second.get_by_text("Amina Farouk was faster")).to_be_visible()
        expect(second.get_by_role("log", name="Conversation")).to_contain_text("Unbelievable")
        run.do(lambda s: s.cut())  # and now it hears
        expect(second.get_by_text("Amina Farouk has this conversation")).to_be_visible(timeout=20_000)
        assert run.do(lambda s: talk.agent.name) == "Amina Farouk"


def test_a_private_note_looks_different_and_never_reaches_the_customer(page: Page, run: Running) -> None:
    signed_in(page, run)
    view(page, "Mine")
    opens(page, "Wren Calloway")
    page.get_by_label("Reply to Wren Calloway").fill("half a reply")
    page.get_by_role("button", name="Private note", exact=True).click()
    note = page.get_by_label("Private note, for colleagues only")
    expect(note).to_have_value("")
    note.fill("She moved twice this year.")
    expect(page.get_by_text("The customer and the bot never see it")).to_be_visible()
    expect(page.get_by_role("button", name="Send to customer")).to_have_count(0)
    note.press("Enter")
    expect(thread(page).locator(".note").last).to_contain_text("She moved twice this year.")
    assert "She moved twice" not in run.do(lambda s: " ".join(e.text for e in s.talks["c-wren"].entries))
    page.get_by_role("button", name="Reply to customer").click()
    expect(page.get_by_label("Reply to Wren Calloway")).to_have_value("half a reply")


def test_taking_over_from_the_bot_works_in_the_middle_of_its_answer(page: Page, run: Running) -> None:
    signed_in(page, run)
    view(page, "With the bot")
    opens(page, "Theo Okafor")
    talk = talk_of(run, "c-theo")
    run.do(lambda s: s.delta(talk, "t9", "Size 46 is"))
    expect(page.locator(".writing")).to_contain_text("Size 46 is")
    expect(page.get_by_text("Take over to answer the customer")).to_be_visible()
    page.get_by_role("button", name="Take over").click()
    expect(page.locator(".writing")).to_have_count(0)
    expect(page.get_by_label("Reply to Theo Okafor")).to_be_visible()
    run.do(lambda s: s.draft(talk, "Size 46 is in stock in brown.", origin="late_reply"))
    expect(page.get_by_text("The bot's unsent reply")).to_be_visible()
    expect(page.get_by_label("Reply to Theo Okafor")).to_have_value("")


def test_handing_back_names_outcome_promises_and_what_to_leave_alone(page: Page, run: Running) -> None:
    signed_in(page, run)
    view(page, "Mine")
    opens(page, "Wren Calloway")
    page.get_by_role("button", name="Hand back").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("What came of it").fill("Address changed.")
    dialog.get_by_label("Open promises").fill("Mail her the new label\n\nCall on Friday")
    dialog.get_by_label("What the bot must leave alone").fill("the refund")
    dialog.get_by_role("button", name="Hand back").click()
    expect(page.get_by_text("The bot has this conversation")).to_be_visible()
    sent = frame_sent(run, "hand_back")
    assert sent["open_promises"] == ["Mail her the new label", "Call on Friday"]
    assert sent["leave_alone"] == "the refund"


def test_a_suggestion_is_put_into_the_composer_and_never_sent_by_itself(page: Page, run: Running) -> None:
    signed_in(page, run)
    view(page, "Mine")
    opens(page, "Wren Calloway")
    before = run.do(lambda s: len(s.talks["c-wren"].entries))
    page.get_by_role("button", name="Suggest a reply").click()
    expect(page.get_by_label("Reply to Wren Calloway")).to_have_value(
        "I am sorry about the wait. Your parcel left us on Tuesday and is due tomorrow."
    )
    assert run.do(lambda s: len(s.talks["c-wren"].entries)) == before


def test_a_lost_line_is_resumed_without_losing_a_word_on_either_side(page: Page, run: Running) -> None:
    signed_in(page, run)
    view(page, "Mine")
    opens(page, "Wren Calloway")
    talk = talk_of(run, "c-wren")
    run.do(lambda s: (setattr(s, "accepting", False), s.cut()))
    expect(page.get_by_text("Connection lost")).to_be_visible(timeout=15_000)
    page.get_by_label("Reply to Wren Calloway").fill("I am still here.")
    page.get_by_label("Reply to Wren Calloway").press("Enter")
    expect(page.get_by_role("button", name="Waiting for the line")).to_be_visible()
    run.do(lambda s: (s.notice(talk, "said meanwhile"), setattr(s, "accepting", True)))
    expect(page.get_by_text("Connection lost")).to_have_count(0, timeout=20_000)
    expect(thread(page)).to_contain_text("said meanwhile")
    expect(thread(page).locator(".line.agent").last).to_contain_text("I am still here.")
    assert run.do(lambda s: [e.text for e in talk.entries].count("I am still here.")) == 1


def test_what_is_typed_survives_a_reload(page: Page, run: Running) -> None:
    signed_in(page, run)
    view(page, "Mine")
    opens(page, "Wren Calloway")
    page.get_by_label("Reply to Wren Calloway").fill("half a thou")
    page.reload()
    view(page, "Mine")
    opens(page, "Wren Calloway")
    expect(page.get_by_label("Reply to Wren Calloway")).to_have_value("half a thou")


def test_agents_see_who_else_looks_and_writes(browser: Browser, run: Running) -> None:
    with OpenPage(browser) as first, OpenPage(browser) as second:
        for page, agent in ((first, "agent1"), (second, "agent2")):
            signed_in(page, run, agent)
            opens(page, "Mara Lindqvist")
        expect(first.get_by_text("Jonas Weber is looking too")).to_be_visible()
        second.locator(".verbs").get_by_role("button", name="Accept").click()
        second.get_by_label("Reply to Mara Lindqvist").type("H")
        expect(first.get_by_text("Jonas Weber is writing")).to_be_visible()


def test_the_desk_can_be_worked_by_keyboard_alone(page: Page, run: Running) -> None:
    signed_in(page, run)
    expect(page.get_by_role("article")).to_have_count(1)
    page.keyboard.press("Alt+KeyJ")
    expect(page.get_by_role("heading", name="Mara Lindqvist")).to_be_visible()
    page.keyboard.press("Alt+KeyT")
    expect(page.get_by_label("Reply to Mara Lindqvist")).to_be_visible()
    page.keyboard.press("Alt+KeyL")
    page.keyboard.type("On it.")
    page.keyboard.press("Enter")
    expect(thread(page).locator(".line.agent")).to_contain_text("On it.")
    page.keyboard.press("Alt+KeyP")
    expect(page.get_by_label("Private note, for colleagues only")).to_be_focused()
    page.keyboard.press("Alt+KeyB")
    expect(page.get_by_role("dialog")).to_contain_text("back to the bot")
    page.keyboard.press("Escape")
    page.keyboard.press("Alt+KeyE")
    expect(page.locator(".about .mark")).to_have_text("Resolved")


def test_being_signed_out_shows_the_door_and_keeps_the_words(page: Page, run: Running) -> None:
    signed_in(page, run)
    run.do(lambda s: s.cut(4401))
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    expect(page.get_by_role("alert")).to_contain_text("You were signed out")
