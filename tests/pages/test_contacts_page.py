"""As what else a customer is known: other conversations, joining with another customer, splitting them off."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from handover.conversation import Control
from handover.errors import AlreadyThere
from tests.pages.conftest import OpenPage, assert_accessible
from tests.pages.console_steps import opens, signed_in, talk_of, thread, view
from tests.support.hostile_payloads import payloads
from tests.support.scripted_customers import joins, splits
from tests.support.scripted_platforms import on_platform
from tests.support.scripted_running import Running
from tests.support.scripted_service import ScriptedService

pytestmark = pytest.mark.browser

WREN, LENA, AMADOU = "k-c-wren", "k-c-telegram", "k-c-whatsapp"


def on_platforms(s: ScriptedService) -> None:
    """Lena on Telegram with the bot, Amadou on WhatsApp; their platforms know them by more than a name."""
    on_platform(s, "telegram", agent=None)
    on_platform(s, "whatsapp", agent=None)
    s.contacts.identity(LENA, s.talks["c-telegram"].inbox, "4711", "lena_b")
    s.contacts.identity(AMADOU, s.talks["c-whatsapp"].inbox, "221771234567", blocked=True)


def panel(page: Page) -> Locator:
    return page.get_by_role("complementary", name="Details").get_by_role("region", name="Also known as")


def wren(page: Page, run: Running) -> Locator:
    """Wren's open conversation, which is the agent's own; what stands beside it."""
    run.do(on_platforms)
    signed_in(page, run)
    view(page, "Mine")
    opens(page, "Wren Calloway")
    expect(panel(page)).to_contain_text("Website")
    return panel(page)


def dialog(page: Page) -> Locator:
    return page.get_by_role("dialog")


def test_a_customer_is_joined_and_split_off_with_the_keys_alone(page: Page, run: Running) -> None:
    known = wren(page, run)
    expect(known).to_contain_text("wren@example.com")
    expect(known.get_by_role("button", name="Split off…")).to_have_count(0)
    known.get_by_role("button", name="Join with another customer…").press("Enter")
    expect(page.get_by_label("Look for a customer")).to_be_focused()
    expect(dialog(page).get_by_role("button", name="Join")).to_be_disabled()
    page.keyboard.type("lena_")
    choice = dialog(page).get_by_role("radio", name="Lena Brandt")
    expect(choice).to_be_visible()
    expect(dialog(page)).to_contain_text("1 customer found")
    expect(dialog(page)).to_contain_text("Telegram")
    expect(dialog(page)).to_contain_text("lena_b · 4711")
    page.keyboard.press("Enter")  # looking is not joining
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(choice).to_be_checked()
    expect(dialog(page)).to_contain_text("Wren Calloway and Lena Brandt will be shown as one person.")
    expect(dialog(page)).to_contain_text("Nothing is sent to the customer.")
    page.keyboard.press("Enter")
    expect(dialog(page)).to_have_count(0)
    expect(known.get_by_role("button", name="Join with another customer…")).to_be_focused()
    expect(known).to_contain_text("Joined by Amina Farouk")
    expect(known.get_by_role("list").first).to_contain_text("lena_b · 4711")
    assert talk_of(run, "c-wren").customer.contact == talk_of(run, "c-telegram").customer.contact is not None
    known.get_by_role("button", name="Split off…").press("Enter")
    expect(dialog(page)).to_contain_text("Wren Calloway will no longer be shown as one person with Lena Brandt.")
    page.keyboard.press("Escape")
    expect(dialog(page)).to_have_count(0)
    expect(known).to_contain_text("Joined by")
    known.get_by_role("button", name="Split off…").press("Enter")
    dialog(page).get_by_role("button", name="Split off").press("Enter")
    expect(known.get_by_role("button", name="Split off…")).to_have_count(0)
    expect(known).not_to_contain_text("Lena Brandt")
    assert talk_of(run, "c-telegram").customer.contact is None


def test_the_other_conversations_are_opened_from_beside_this_one(page: Page, run: Running) -> None:
    known = wren(page, run)
    run.do(lambda s: joins(s, s.agents["agent2"], WREN, LENA))
    other = known.get_by_role("list", name="Other conversations").get_by_role("button")
    expect(other).to_have_count(1)
    for words in ("Telegram", "Is the blue tent back in stock?", "With the bot", "Lena Brandt"):
        expect(other).to_contain_text(words)
    run.do(lambda s: s.customer(s.talks["c-telegram"], "Or the red one?"))
    expect(other).to_contain_text("Or the red one?")
    other.press("Enter")
    expect(page.get_by_role("heading", name="Lena Brandt")).to_be_visible()
    expect(thread(page)).to_contain_text("Or the red one?")
    expect(thread(page)).not_to_contain_text("Lindenallee")
    back = panel(page).get_by_role("list", name="Other conversations").get_by_role("button")
    expect(back).to_contain_text("Lindenallee 4")
    expect(back).to_contain_text("With a person")
    back.click()
    expect(page.get_by_role("heading", name="Wren Calloway")).to_be_visible()


def test_what_colleagues_and_platforms_do_shows_at_once(page: Page, run: Running) -> None:
    known = wren(page, run)
    run.do(lambda s: joins(s, s.agents["agent2"], LENA, AMADOU))
    run.do(lambda s: joins(s, s.agents["agent2"], LENA, WREN))
    expect(known).to_contain_text("Joined by Jonas Weber")
    expect(known.get_by_role("list", name="Other conversations").get_by_role("button")).to_have_count(2)
    expect(known.locator(".way", has_text="221771234567")).to_contain_text("Nothing reaches them here")
    expect(known.locator(".way", has_text="4711")).not_to_contain_text("Nothing reaches them here")
    expect(page.locator(".about")).not_to_contain_text("Nothing reaches them here")
    run.do(is_blocked)
    expect(page.locator(".about")).to_contain_text("Nothing reaches them here")
    run.do(begins_again)
    expect(known.get_by_role("list", name="Other conversations").get_by_role("button")).to_have_count(3)
    run.do(lambda s: splits(s, s.agents["agent2"], WREN))
    expect(known.get_by_role("list", name="Other conversations")).to_have_count(0)
    expect(known).not_to_contain_text("Joined by")


def is_blocked(s: ScriptedService) -> None:
    """Wren wants no more messages."""
    talk = s.talks["c-wren"]
    talk.customer = talk.customer.model_copy(update={"blocked": True})
    s.changed(talk)


def begins_again(s: ScriptedService) -> None:
    """Lena writes on the website, too."""
    before = s.talks["c-telegram"]
    again = type(before)(id="c-again", customer=before.customer)
    s.talks["c-again"] = again
    s.customer(again, "Hello from the website")


def test_what_is_refused_is_said_in_the_dialog_and_the_words_stay(page: Page, run: Running) -> None:
    known = wren(page, run)
    known.get_by_role("button", name="Join with another customer…").click()
    page.get_by_label("Look for a customer").fill("nobody of this name")
    expect(dialog(page)).to_contain_text("Nobody else is known by “nobody of this name”.")
    page.get_by_label("Look for a customer").fill("Wren")
    expect(dialog(page)).to_contain_text("Nobody else is known by “Wren”.")
    page.get_by_label("Look for a customer").fill("Lena")
    dialog(page).get_by_role("radio", name="Lena Brandt").check()
    page.get_by_label("Look for a customer").fill("Amadou")
    expect(dialog(page).get_by_role("radio", name="Amadou Diallo")).to_be_visible()
    expect(dialog(page).get_by_role("radio", name="Lena Brandt")).to_be_checked()
    run.do(lambda s: setattr(s.contacts, "refusing", AlreadyThere("These two are joined already.")))
    dialog(page).get_by_role("button", name="Join").click()
    expect(dialog(page).get_by_role("alert")).to_contain_text("These two are joined already.")
    assert run.do(lambda s: s.contacts.deeds) == []
    dialog(page).get_by_role("button", name="Join").click()
    expect(dialog(page)).to_have_count(0)
    expect(known).to_contain_text("Lena Brandt")


def test_names_and_ids_of_strangers_are_words_and_nothing_else(page: Page, run: Running) -> None:
    known = wren(page, run)

    def hostile(s: ScriptedService) -> None:
        for number, payload in enumerate(payloads()):
            s.contacts.identity(LENA, "telegram.4f2a9c01", f"{number}", payload[:200])
        s.talks["c-telegram"].customer = s.talks["c-telegram"].customer.model_copy(update={"name": payloads()[0]})
        joins(s, s.agents["agent2"], WREN, LENA)

    run.do(hostile)
    expect(known.get_by_role("list", name="Other conversations").get_by_role("button")).to_have_count(1)
    assert known.locator("script, img, iframe, a, svg[onload]").count() == 0
    assert known.evaluate("node => node.scrollWidth <= node.clientWidth")
    known.get_by_role("button", name="Split off…").click()
    assert dialog(page).locator("script, img, iframe, a").count() == 0


@pytest.mark.parametrize(("theme", "phone"), [("light", False), ("dark", False), ("light", True)])
def test_every_state_can_be_used_by_everybody(browser: Browser, run: Running, theme: str, phone: bool) -> None:
    only = theme == "dark"
    with OpenPage(browser, theme=theme, phone=phone) as page:
        run.do(on_platforms)
        run.do(lambda s: joins(s, s.agents["agent2"], WREN, LENA))
        run.do(lambda s: s.moved(s.talks["c-whatsapp"], Control.BOT))
        signed_in(page, run)
        view(page, "Mine")
        opens(page, "Wren Calloway")
        if phone:
            page.get_by_role("button", name="Details", exact=True).click()
        known = panel(page)
        expect(known).to_contain_text("Joined by")
        assert_accessible(page, "joined", colours_only=only)
        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
        known.get_by_role("button", name="Join with another customer…").click()
        page.get_by_label("Look for a customer").fill("a")
        dialog(page).get_by_role("radio", name="Amadou Diallo").check()
        expect(dialog(page)).to_contain_text("joined with already")
        assert_accessible(page, "choosing", colours_only=only)
        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
        page.keyboard.press("Escape")
        known.get_by_role("button", name="Split off…").click()
        assert_accessible(page, "splitting", colours_only=only)
