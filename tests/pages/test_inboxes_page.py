"""The page of the inboxes: made, heard, checked, changed, paused, removed by admins; no secret is shown again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from bot.channels.inbox_parts import SaidPart
from handover.errors import Unavailable
from tests.pages.conftest import OpenPage, assert_accessible
from tests.pages.console_steps import signed_in
from tests.support.hostile_payloads import payloads
from tests.support.scripted_inboxes import Inboxes
from tests.support.scripted_running import Running
from tests.support.scripted_service import ScriptedService

pytestmark = pytest.mark.browser

BAD = SaidPart(ok=False, what="Check access", words="Telegram answered: Unauthorized", todo="Put in a new token.")
GOOD = SaidPart(ok=True, what="Check access", words="Telegram accepts our access as tarn_bot.")


def an_admin(s: ScriptedService) -> None:
    s.agents["agent1"] = s.agents["agent1"].model_copy(update={"role": "admin"})


def inboxes(page: Page, run: Running) -> Inboxes:
    """The open page, seen by an admin; what the service knows of inboxes."""
    run.do(an_admin)
    signed_in(page, run)
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Inboxes").click()
    expect(page.get_by_role("heading", name="Inboxes")).to_be_focused()
    expect(page.get_by_role("heading", name="Add an inbox")).to_be_visible()
    return run.service.inboxes


def card(page: Page, name: str) -> Locator:
    return page.get_by_role("article", name=name)


def test_an_inbox_is_made_from_what_its_channel_declares_and_the_live_check_hears_it(page: Page, run: Running) -> None:
    kept = inboxes(page, run)
    expect(page.get_by_text("No inbox yet")).to_be_visible()
    page.get_by_role("button", name="Telegram").click()
    dialog = page.get_by_role("dialog", name="New inbox: Telegram")
    expect(dialog.get_by_label("Name")).to_be_focused()
    expect(dialog.get_by_text("What @BotFather gave you")).to_be_visible()
    expect(dialog.get_by_label("Bot token")).to_have_attribute("type", "password")
    dialog.get_by_label("Name").fill("Shop bot")
    dialog.get_by_label("Bot id").fill("110201543")
    dialog.get_by_label("Bot token").fill("110201543:AAHdqTcvCH1vGWJx")
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    shop = card(page, "Shop bot")
    expect(shop.get_by_role("heading")).to_be_focused()
    expect(shop).to_contain_text("Waiting for the first webhook")
    expect(shop).to_contain_text("Nothing has arrived yet.")
    expect(shop).to_contain_text("https://help.example/webhooks/telegram/00000000")
    assert "AAHdqTcvCH1vGWJx" not in page.content()
    (made,) = run.do(lambda s: list(kept.rows.values()))
    assert (made.name, made.account, made.secrets) == (
        "Shop bot",
        "110201543",
        {"bot_token": "110201543:AAHdqTcvCH1vGWJx"},
    )
    run.do(lambda s: kept.heard(made.id, seconds_ago=2))
    expect(shop.get_by_text("We received your webhook")).to_be_visible()
    expect(shop.get_by_role("status").first).to_have_text("Live")


def test_what_is_wrong_is_said_at_its_field_and_nothing_typed_is_lost(page: Page, run: Running) -> None:
    kept = inboxes(page, run)
    run.do(lambda s: kept.put("telegram", "Old bot", "110201543"))
    page.get_by_role("button", name="Telegram", exact=True).click()
    dialog = page.get_by_role("dialog")
    for label, value in (("Name", "Shop bot"), ("Bot id", "110201543"), ("Bot token", "short")):
        dialog.get_by_label(label).fill(value)
    for label, words, right in (
        ("Bot token", "fewer than 8 characters", "110201543:AAHdq"),
        ("Bot id", "Another inbox answers", "2"),
    ):
        dialog.get_by_role("button", name="Add").click()
        field = dialog.get_by_label(label)
        expect(field).to_be_focused()
        expect(field).to_have_attribute("aria-invalid", "true")
        expect(dialog.get_by_role("alert").filter(has_text=words)).to_be_visible()
        expect(dialog.get_by_label("Name")).to_have_value("Shop bot")
        field.fill(right)
    dialog.get_by_role("button", name="Add").click()
    expect(card(page, "Shop bot")).to_be_visible()


def test_a_change_shows_no_secret_and_keeps_what_is_left_empty(page: Page, run: Running) -> None:
    kept = inboxes(page, run)
    key = run.do(lambda s: kept.put("x", "Our X", settings={"webhook_id": "99"}))
    run.do(lambda s: kept.change_row(key, secrets={**kept.rows[key].secrets, "app_token": "an app's token"}))
    ours = card(page, "Our X")
    expect(ours).to_contain_text("experimental")
    ours.get_by_role("button", name="Change: Our X").click()
    dialog = page.get_by_role("dialog", name="Change Our X")
    expect(dialog.get_by_label("Webhook id")).to_have_value("99")
    expect(dialog.get_by_label("API key secret")).to_have_value("")
    expect(dialog.get_by_label("API key secret")).to_have_attribute("placeholder", "set")
    dialog.get_by_label("Name").fill("X, worldwide")
    dialog.get_by_label("Webhook id").fill("")
    dialog.get_by_label("Access token of the account").fill("a new access token")
    dialog.get_by_label("Erase: Bearer token of the app").check()
    dialog.get_by_role("button", name="Save").click()
    expect(card(page, "X, worldwide").get_by_role("button", name="Change: X, worldwide")).to_be_focused()
    row = run.do(lambda s: kept.rows[key])
    assert (row.name, row.account, row.settings) == ("X, worldwide", "4711", {})
    assert row.secrets == {"consumer_secret": "the secret itself", "access_token": "a new access token"}


def test_a_check_and_a_set_up_say_what_the_platform_said_and_what_to_do(page: Page, run: Running) -> None:
    kept = inboxes(page, run)
    run.do(lambda s: (kept.put("telegram", "Shop bot"), kept.put("x", "Our X")))
    steps = [
        GOOD.model_copy(update={"what": "Have webhooks sent to us"}),
        BAD.model_copy(update={"what": "Show a menu"}),
    ]
    run.do(lambda s: kept.said.extend([[BAD], [GOOD], steps, []]))
    shop = card(page, "Shop bot")
    shop.get_by_role("button", name="Check access").click()
    expect(shop).to_contain_text("Did not work: Check access. Telegram answered: Unauthorized")
    expect(shop).to_contain_text("What to do: Put in a new token.")
    shop.get_by_role("button", name="Check access").click()
    expect(shop).to_contain_text("Worked: Check access. Telegram accepts our access as tarn_bot.")
    shop.get_by_role("button", name="Set up Telegram").click()
    expect(shop.get_by_role("list").get_by_role("listitem")).to_have_count(2)
    expect(shop).to_contain_text("Worked: Have webhooks sent to us.")
    expect(shop).to_contain_text("Did not work: Show a menu.")
    ours = card(page, "Our X")
    ours.get_by_role("button", name="Set up X").click()
    expect(ours).to_contain_text("There is nothing to set up at X from here")
    assert run.do(lambda s: kept.said) == []


def test_an_inbox_is_paused_resumed_and_removed_when_somebody_is_sure(page: Page, run: Running) -> None:
    kept = inboxes(page, run)
    key = run.do(lambda s: kept.put("whatsapp", "Our number"))
    run.do(lambda s: kept.lines.update({key: {"queued": 3, "failed": 1}}))
    page.reload()
    number = card(page, "Our number")
    expect(number).to_contain_text("3 lines on the way.")
    expect(number.get_by_role("link", name="1 line not delivered")).to_have_attribute("href", "#undelivered")
    number.get_by_role("button", name="Pause").focus()
    page.keyboard.press("Enter")
    expect(number.get_by_role("button", name="Resume")).to_be_focused()
    expect(number).to_contain_text("Paused by Amina Farouk. Nothing is sent; what arrives is kept.")
    expect(number.get_by_role("status").first).to_have_text("Paused")
    page.keyboard.press("Enter")
    expect(number.get_by_role("button", name="Pause")).to_be_focused()
    expect(number).not_to_contain_text("Paused by")
    number.get_by_role("button", name="Remove").click()
    dialog = page.get_by_role("dialog", name="Remove Our number?")
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    expect(dialog).to_contain_text("will not be delivered")
    page.keyboard.press("Escape")
    expect(number.get_by_role("button", name="Remove")).to_be_focused()
    number.get_by_role("button", name="Remove").click()
    dialog.get_by_role("button", name="Remove").click()
    expect(number).to_have_count(0)
    expect(page.get_by_role("heading", name="Inboxes")).to_be_focused()
    assert run.do(lambda s: kept.rows) == {}


def test_address_and_token_are_copied(page: Page, run: Running) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    kept = inboxes(page, run)
    run.do(lambda s: kept.put("messenger", "Our page"))
    for name, value in (
        ("webhook address", "https://help.example/webhooks/messenger/00000000"),
        ("verify token", "verify-messenger.00000000"),
    ):
        button = page.get_by_role("button", name=f"Copy the {name} of Our page")
        button.click()
        expect(button).to_have_text("Copied")
        assert page.evaluate("() => navigator.clipboard.readText()") == value


def test_without_https_the_page_says_what_to_set(page: Page, run: Running) -> None:
    kept = inboxes(page, run)
    run.do(lambda s: (setattr(kept, "address", "http://127.0.0.1:8000"), kept.put("line", "Our account")))
    expect(card(page, "Our account")).to_contain_text("set PUBLIC_URL")


def test_agents_have_no_such_page(page: Page, run: Running) -> None:
    signed_in(page, run, "agent2")
    expect(page.get_by_role("link", name="Inboxes")).to_have_count(0)
    page.goto(f"{run.url}/console#inboxes")
    expect(page.get_by_text("Only an admin sees the inboxes")).to_be_visible()


def test_a_service_that_cannot_answer_is_asked_again(page: Page, run: Running) -> None:
    kept = inboxes(page, run)
    run.do(lambda s: (kept.put("line", "Our account"), setattr(kept, "refusing", Unavailable("The record is away."))))
    alert = page.get_by_role("alert").filter(has_text="The record is away.")
    expect(alert).to_be_visible()
    run.do(lambda s: setattr(kept, "refusing", None))
    expect(alert).to_have_count(0)
    expect(card(page, "Our account")).to_be_visible()


def test_hostile_names_and_answers_are_only_ever_text(page: Page, run: Running) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    kept = inboxes(page, run)

    def flood(s: ScriptedService) -> None:
        for number, payload in enumerate(payloads()[:30]):
            kept.put(
                "x", payload[:100], payload[:100] + str(number), paused_why=payload, settings={"webhook_id": payload}
            )

    run.do(flood)
    expect(page.get_by_role("article")).to_have_count(30)
    hostile = SaidPart(ok=False, what=payloads()[0], words=payloads()[1], todo=payloads()[2])
    run.do(lambda s: kept.said.append([hostile]))
    page.get_by_role("article").first.get_by_role("button", name="Check access").click()
    expect(page.get_by_role("article").first).to_contain_text("What to do:")
    assert page.evaluate("() => window.__hit") is None
    assert {url.removeprefix(run.url)[:1] for url in asked} <= {"/"}


def all_states(s: ScriptedService) -> None:
    """One inbox of each channel and each state."""
    kept, now = s.inboxes, datetime.now(UTC)
    kept.heard(kept.put("messenger", "Tarn & Trail", "104729182736455"), seconds_ago=12)
    kept.put("instagram", "tarnandtrail", "17841400000000001", handshake_at=now - timedelta(minutes=3))
    key = kept.put("whatsapp", "Orders, Germany: +49 30 901820", "106540352242922")
    kept.change_row(key, paused_at=now, paused_why="Our access token is no longer good. (Meta error 190)")
    kept.lines[key] = {"queued": 14, "failed": 2}
    kept.put("x", "@tarnandtrail", settings={"webhook_id": "1146654567674912769"})
    kept.change_row(kept.put("line", "Tarn & Trail Thailand", "U" + "0a" * 16), secrets={})


def every_state(page: Page, run: Running) -> Locator:
    kept = inboxes(page, run)
    run.do(all_states)
    steps = [GOOD.model_copy(update={"what": "Ask Meta to tell us what happens", "words": "Done."}), BAD]
    run.do(lambda s: kept.said.extend([steps]))
    expect(page.get_by_role("article")).to_have_count(5)
    page.get_by_role("button", name="Set up Instagram").click()
    expect(page.get_by_text("What to do: Put in a new token.")).to_be_visible()
    return page.get_by_role("article")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_page_breaks_no_rule_of_accessibility_and_fits_a_small_phone(
    browser: Browser, run: Running, theme: str
) -> None:
    with OpenPage(browser, theme=theme) as page:
        every_state(page, run)
        assert_accessible(page, f"inboxes, {theme}", colours_only=theme == "dark")
        page.set_viewport_size({"width": 320, "height": 640})
        assert_fits(page)
        page.get_by_role("button", name="Instagram", exact=True).click()
        assert_accessible(page, f"form, {theme}", colours_only=theme == "dark")
        assert_fits(page)


def assert_fits(page: Page) -> None:
    wide: list[Any] = page.evaluate(
        """() => [...document.querySelectorAll('main.page *, dialog *')]
        .filter((one) => one.getBoundingClientRect().right > innerWidth && !one.closest('.unseen'))
        .map((one) => one.outerHTML.slice(0, 200))"""
    )
    assert wide == []
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 320


def test_the_page_is_worked_with_the_keyboard_alone(page: Page, run: Running) -> None:
    kept = inboxes(page, run)
    run.do(lambda s: kept.put("line", "Our account"))
    expect(card(page, "Our account")).to_be_visible()
    names = []
    for _ in range(6 + 2 + 5):  # channels, copies, deeds
        page.keyboard.press("Tab")
        names.append(page.evaluate("() => document.activeElement.textContent"))
    assert names[:6] == ["Facebook Messenger", "Instagram", "WhatsApp", "Telegram", "Xexperimental", "LINE"]
    assert names[6:] == ["Copy", "Copy", "Check access", "Set up LINE", "Change", "Pause", "Remove"]
