"""Conversations on platforms: their channel, how long they may be answered, and what can be sent."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from playwright.sync_api import Browser, Page, expect

from handover.conversation import Control
from handover.frames import ErrorFrame
from tests.pages.conftest import OpenPage, assert_accessible
from tests.pages.console_steps import line, mine_on, opens, signed_in, thread, view
from tests.support.scripted_people import letter
from tests.support.scripted_platforms import NAMES, every_platform, on_platform, outside
from tests.support.scripted_running import Running
from tests.support.scripted_service import ScriptedService

pytestmark = pytest.mark.browser


def said(run: Running) -> list[dict[str, object]]:
    return [frame for frame in run.service.received if frame["type"] == "say"]


def test_each_conversation_says_through_which_channel_and_inbox_it_goes(page: Page, run: Running) -> None:
    run.do(every_platform)
    signed_in(page, run)
    view(page, "Mine")
    for channel, name in (("messenger", "Messenger"), ("whatsapp", "WhatsApp"), ("x", "X")):
        expect(page.locator(".row", has_text=NAMES[channel])).to_contain_text(name)
        opens(page, NAMES[channel])
        expect(page.locator(".about")).to_contain_text(f"{name} · Tarn & Trail {channel}")
    expect(page.locator(".about")).to_contain_text("experimental")
    opens(page, "Wren Calloway")
    expect(page.locator(".about")).to_contain_text("Website")
    expect(page.locator(".about")).not_to_contain_text("experimental")
    expect(page.locator(".reach")).to_have_count(0)
    assert page.locator(".channel svg").evaluate_all("all => all.every(one => one.ariaHidden === 'true')")


@pytest.mark.parametrize(
    ("hours", "says", "marked"),
    [
        (20.5, "You can answer until", None),
        (23.4, "You can answer until", "min left to answer"),
        (30, "Only people may write now, until", None),
        (167.4, "Only people may write now, until", "min left to answer"),
    ],
)
def test_the_composer_counts_down_to_the_end_of_each_window(
    page: Page, run: Running, hours: float, says: str, marked: str | None
) -> None:
    mine_on(page, run, "messenger", hours)
    reach = page.locator(".reach")
    expect(reach).to_contain_text(says)
    expect(reach).to_contain_text("left)")
    expect(page.locator("#composer")).to_be_editable()
    row = page.locator(".row", has_text=NAMES["messenger"])
    if marked is None:
        expect(reach).not_to_have_class("reach near")
        expect(row.locator(".left")).to_have_count(0)
    else:
        assert "near" in (reach.get_attribute("class") or "").split()
        expect(row).to_contain_text(marked)


def test_past_every_window_the_composer_is_closed_with_its_reason_and_keeps_what_was_typed(
    page: Page, run: Running
) -> None:
    mine_on(page, run, "messenger")
    page.locator("#composer").fill("Yes, since this morning.")

    def days_pass(s: ScriptedService) -> None:
        talk = s.talks["c-messenger"]
        assert talk.customer_at is not None
        talk.customer_at -= timedelta(days=8)
        s.changed(talk)

    run.do(days_pass)
    expect(page.locator(".locked")).to_contain_text("Messenger takes answers for 7 days")
    expect(page.locator(".row", has_text=NAMES["messenger"])).to_contain_text("Time to answer over")
    expect(page.get_by_role("button", name="Send a template")).to_have_count(0)
    page.get_by_role("button", name="Private note", exact=True).click()
    expect(page.get_by_label("Private note, for colleagues only")).to_be_focused()
    page.get_by_role("button", name="Reply to customer").click()
    expect(page.locator("#composer")).to_have_count(0)
    run.do(lambda s: (setattr(s.talks["c-messenger"], "customer_at", None), s.changed(s.talks["c-messenger"])))
    expect(page.locator("#composer")).to_have_value("Yes, since this morning.")
    expect(page.locator(".reach")).to_contain_text("has not written here yet")


def test_after_whatsapps_window_a_template_goes_by_keyboard_alone(page: Page, run: Running) -> None:
    mine_on(page, run, "whatsapp", 25)
    expect(page.locator(".locked")).to_contain_text("Send a template, or wait until the customer writes again.")
    page.get_by_role("button", name="Send a template").focus()
    page.keyboard.press("Enter")
    send = page.get_by_role("button", name="Send template")
    expect(send).to_be_disabled()
    expect(page.get_by_text("Write the template's name.")).to_be_visible()
    for words in ("order_update", None, "Amadou\nTT-482913", "Hello Amadou, TT-482913 is on its way."):
        page.keyboard.press("Tab")
        if words is not None:
            page.keyboard.insert_text(words)
    page.reload()  # what was typed is not lost
    view(page, "Mine")
    opens(page, NAMES["whatsapp"])
    expect(page.get_by_label("Name", exact=False)).to_have_value("order_update")
    send.focus()
    page.keyboard.press("Enter")
    expect(thread(page)).to_contain_text("Hello Amadou, TT-482913 is on its way.")
    expect(page.get_by_label("Name", exact=False)).to_have_value("")
    (frame,) = said(run)
    parameters = ["Amadou", "TT-482913"]
    assert frame["template"] == {"name": "order_update", "language": "en", "parameters": parameters}


def test_a_template_that_is_refused_is_still_in_its_form(page: Page, run: Running) -> None:
    mine_on(page, run, "whatsapp", 25)
    run.do(lambda s: setattr(s, "refuse_say", ErrorFrame(code="unavailable", message="Not now.")))
    page.get_by_role("button", name="Send a template").click()
    page.get_by_label("Name", exact=False).fill("order_update")
    page.get_by_label("What it reads like", exact=False).fill("Hello.")
    page.get_by_role("button", name="Send template").click()
    expect(page.get_by_role("alert").filter(has_text="Not sent: Not now.")).to_be_visible()
    expect(page.get_by_label("Name", exact=False)).to_have_value("order_update")


def test_the_counter_speaks_the_platforms_unit_and_says_when_a_text_is_split(page: Page, run: Running) -> None:
    mine_on(page, run, "instagram")
    field, counter = page.locator("#composer"), page.locator(".length")
    field.fill("ü" * 100)
    expect(counter).to_have_text("")
    field.fill("ü" * 450)
    expect(counter).to_contain_text("900 of 1,000 bytes")
    expect(counter.get_by_role("status")).to_have_text("")
    field.fill("ü" * 501)
    expect(counter.get_by_role("status")).to_have_text("It will be sent as 2 messages.")


def test_a_paused_inbox_says_so_where_one_writes(page: Page, run: Running) -> None:
    why = "The access token has expired."
    run.do(lambda s: on_platform(s, "telegram"))
    run.do(lambda s: s.inboxes.at("telegram.4f2a9c01", "Tarn & Trail telegram", why))
    signed_in(page, run)
    view(page, "Mine")
    opens(page, NAMES["telegram"])
    expect(page.locator(".reach")).to_have_text(f"Nothing is sent through this inbox now: {why} What you write waits.")


def test_somebody_outside_has_it_until_an_agent_takes_over(page: Page, run: Running) -> None:
    run.do(lambda s: on_platform(s, "messenger", agent=None))
    signed_in(page, run)
    view(page, "With the bot")
    opens(page, NAMES["messenger"])
    run.do(lambda s: outside(s, s.talks["c-messenger"]))
    banner = page.locator(".outside")
    expect(banner).to_contain_text("Someone answers in the Messenger app. The bot is silent.")
    expect(page.locator(".about .mark.human")).to_have_text("In the Messenger app")
    expect(page.locator(".locked")).to_contain_text("Take over to answer here.")
    banner.get_by_role("button", name="Take over").click()
    expect(banner).to_have_count(0)
    expect(page.locator("#composer")).to_be_focused()
    assert run.do(lambda s: s.talks["c-messenger"].control) is Control.HUMAN


def test_a_line_in_doubt_is_settled_by_who_knows(page: Page, run: Running) -> None:
    doubt = letter(
        4,
        "c-ines",
        "A new pole is on its way.",
        inbox="messenger.4f2a9c01",
        unknown=True,
        todo="Look in the Messenger app.",
    )
    again = letter(5, "c-mara", "It was found.", unknown=True)
    run.do(lambda s: (s.people.letters.extend([doubt, again]), s.inboxes.at("messenger.4f2a9c01", "Shop page")))
    signed_in(page, run)
    page.get_by_role("link", name="Not delivered").click()
    doubted = page.get_by_role("article", name="It may have arrived at Inês Carvalho")
    expect(doubted).to_contain_text("over Shop page")
    expect(doubted).to_contain_text("It may have arrived. Later lines of this conversation wait until you say.")
    expect(doubted).to_contain_text("Look in the Messenger app.")
    expect(doubted.get_by_role("button", name="Give up")).to_have_count(0)
    doubted.get_by_role("button", name="It arrived").click()
    expect(doubted).to_have_count(0)
    page.get_by_role("button", name="Send again").click()
    expect(page.get_by_text("Everything that was said has been delivered.")).to_be_visible()
    assert run.do(lambda s: s.people.settled) == [("arrived", 4), ("retry", 5)]


def test_without_what_channels_can_do_a_conversation_is_shown_all_the_same(page: Page, run: Running) -> None:
    run.do(lambda s: s.inboxes.without.add("whatsapp"))
    mine_on(page, run, "whatsapp", 900)
    expect(page.locator(".about")).to_contain_text("WhatsApp")
    expect(page.locator("#composer")).to_be_editable()
    expect(page.locator(".reach")).to_have_count(0)


@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_state_of_a_channel_has_an_accessibility_violation(
    browser: Browser, run: Running, theme: str, phone: bool
) -> None:
    check = partial(assert_accessible, colours_only=theme == "dark")
    doubt = letter(4, "c-messenger", "A pole.", inbox="messenger.4f2a9c01", unknown=True, todo="Look.")
    run.do(lambda s: (every_platform(s), s.people.letters.append(doubt)))
    with OpenPage(browser, theme=theme, phone=phone) as page:
        signed_in(page, run)
        view(page, "Mine")
        for name in [name for channel, name in NAMES.items() if channel != "line"]:
            opens(page, name)
            line(page, 1).wait_for()
            if page.get_by_role("button", name="Send a template").count():
                page.get_by_role("button", name="Send a template").click()
            check(page, name)
            if phone:
                page.get_by_role("button", name="‹ Lists").click()
        opens(page, NAMES["telegram"])
        page.locator("#composer").fill("word " * 900)
        check(page, "a long text")
        run.do(lambda s: outside(s, s.talks["c-telegram"]))
        page.locator(".outside").wait_for()
        check(page, "somebody outside")
        page.goto(f"{run.url}/console#undelivered")
        page.get_by_role("article").wait_for()
        check(page, "a line in doubt")


def test_on_the_narrowest_screen_nothing_is_pushed_sideways(browser: Browser, run: Running) -> None:
    run.do(every_platform)
    with OpenPage(browser) as page:
        page.set_viewport_size({"width": 320, "height": 640})
        signed_in(page, run)
        view(page, "Mine")
        for name in [name for channel, name in NAMES.items() if channel != "line"]:
            opens(page, name)
            if page.get_by_role("button", name="Send a template").count():
                page.get_by_role("button", name="Send a template").click()
            assert page.evaluate("() => document.documentElement.scrollWidth") <= 320, name
            page.get_by_role("button", name="‹ Lists").click()
