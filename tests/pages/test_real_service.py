"""The pages before the real service: answers cut in the middle, several tabs, a service that dies and comes back."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from bot.channels.telegram import SECRET_HEADER
from tests.pages.conftest import ROOT, OpenPage
from tests.support.processes import Child, free_port
from tests.support.slow_answers import SlowService

pytestmark = pytest.mark.browser

PASSWORD = "correct horse battery"
BACK = 25_000  # milliseconds until a page has noticed a loss and is back; its longest pause between tries is in there


@pytest.fixture(scope="module")
def one_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SlowService]:
    with SlowService.running(tmp_path_factory.mktemp("slow")) as service:
        yield service


@pytest.fixture
def slow(one_service: SlowService) -> SlowService:
    """The one service, which stops in the middle of its answers; every test comes as a new customer."""
    one_service.hold()
    return one_service


def opened(page: Page, url: str) -> None:
    page.goto(url)
    page.get_by_role("button", name="Get help").click()
    expect(page.get_by_role("log")).to_contain_text("I'm an AI")


def says(page: Page, text: str) -> None:
    page.get_by_label("Your message").fill(text)
    page.get_by_label("Your message").press("Enter")


def test_an_answer_that_is_being_written_survives_a_page_change(page: Page, slow: SlowService) -> None:
    opened(page, slow.url)
    says(page, "boots")
    expect(page.locator(".writing")).to_contain_text("First half of: boots")
    page.goto(slow.url + "/?another-page")
    expect(page.get_by_role("log")).to_contain_text("boots")
    expect(page.locator(".writing")).to_have_count(0)
    slow.go_on()
    expect(page.locator(".line.bot").last).to_contain_text("First half of: boots. Second half.")
    expect(page.locator(".line.bot")).to_have_count(2)


def test_pieces_of_an_overtaken_answer_vanish_and_the_newer_answer_stands_alone(page: Page, slow: SlowService) -> None:
    opened(page, slow.url)
    says(page, "boots")
    expect(page.locator(".writing")).to_contain_text("First half of: boots")
    says(page, "no, tents")
    expect(page.locator(".writing")).to_contain_text("no, tents")  # both are answered now, by one turn
    expect(page.locator(".writing")).to_have_count(1)
    slow.go_on()
    expect(page.locator(".line.bot").last).to_contain_text("no, tents. Second half.")
    expect(page.locator(".line.bot")).to_have_count(2)


def test_tabs_of_one_customer_show_the_same_and_count_what_was_read_together(page: Page, slow: SlowService) -> None:
    slow.go_on()
    opened(page, slow.url)
    other = page.context.new_page()
    other.goto(slow.url)
    expect(other.get_by_role("button", name="Get help")).to_be_visible()
    page.bring_to_front()
    says(page, "boots")
    expect(page.locator(".line.bot").last).to_contain_text("Second half")
    other.get_by_role("button", name="Get help").click()
    expect(other.locator(".line.bot").last).to_contain_text("Second half")
    says(other, "tents")
    expect(page.locator(".line.customer").last).to_contain_text("tents")
    expect(page.locator(".line.customer")).to_have_count(2)


def test_unread_answers_are_counted_in_the_pages_title_until_they_are_read(page: Page, slow: SlowService) -> None:
    opened(page, slow.url)
    own = page.title()
    says(page, "boots")
    expect(page.locator(".writing")).to_be_visible()
    page.keyboard.press("Escape")
    slow.go_on()
    expect(page).to_have_title(f"(1) {own}")
    page.get_by_role("button", name="Get help, 1 unread message").click()
    expect(page).to_have_title(own)


def service_process(folder: Path, port: int) -> Child:
    url = f"http://127.0.0.1:{port}"
    environment = {
        "HOST": "127.0.0.1", "PORT": str(port), "PUBLIC_ORIGINS": url, "SERVICE_URL": url,
        "SECRET_KEY": "k" * 40, "INTERNAL_TOKEN": "t" * 40, "DEMO": "true", "DEMO_PASSWORD": PASSWORD,
        "RASA_URL": f"http://127.0.0.1:{free_port()}", "ACTIONS_URL": f"http://127.0.0.1:{free_port()}",
        "DATABASE_URL": f"sqlite+aiosqlite:///{folder}/record.db", "EMBEDDER_DIR": "none",
    }  # fmt: skip
    return Child("service", [sys.executable, "-m", "bot"], ROOT, environment, folder / "service.log")


def test_both_pages_come_back_after_a_restart_of_the_service_and_nothing_is_lost_or_said_twice(
    browser: Browser, tmp_path: Path
) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    service = service_process(tmp_path, port)
    service.start()
    try:
        service.wait_for(f"{url}/healthz")
        with OpenPage(browser) as customer, OpenPage(browser) as agent:
            with_a_person(customer, agent, url)
            service.kill()
            expect(agent.get_by_text("Connection lost")).to_be_visible(timeout=BACK)
            expect(customer.get_by_text("Connection lost")).to_be_visible(timeout=BACK)
            says(customer, "written while you were away")
            expect(customer.get_by_text("Will be sent when the connection is back")).to_be_visible()
            service.start()
            for page in (customer, agent):
                expect(page.get_by_text("Connection lost")).to_have_count(0, timeout=BACK)
            expect(agent.get_by_role("log")).to_contain_text("written while you were away")
            agent.locator("#composer").fill("and answered after")
            agent.locator("#composer").press("Enter")
            expect(customer.get_by_role("log")).to_contain_text("and answered after")
            expect(customer.locator(".line.customer", has_text="written while you were away")).to_have_count(1)
            expect(customer.locator(".unsent")).to_have_count(0)
    finally:
        service.stop()


def with_a_person(customer: Page, agent: Page, url: str) -> None:
    agent.goto(url + "/console")
    agent.get_by_label("E-mail").fill("agent1@example.com")
    agent.get_by_label("Password").fill(PASSWORD)
    agent.get_by_role("button", name="Sign in").click()
    expect(agent.get_by_role("navigation", name="Lists")).to_be_visible()
    opened(customer, url)
    customer.get_by_role("button", name="Talk to a person").click()
    agent.get_by_role("article").get_by_role("button", name="Accept").click()
    expect(agent.locator("#composer")).to_be_focused()
    agent.keyboard.type("Hello, this is Ada.")
    agent.keyboard.press("Enter")
    expect(customer.locator(".line.agent")).to_contain_text("Hello, this is Ada.")


def test_an_admin_makes_an_inbox_and_sees_the_platforms_first_webhook_arrive(page: Page, slow: SlowService) -> None:
    page.goto(f"{slow.url}/console#inboxes")
    page.get_by_label("E-mail").fill("admin@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Password").press("Enter")
    page.get_by_role("button", name="Telegram").click()
    dialog = page.get_by_role("dialog", name="New inbox: Telegram")
    secret = "a-secret-of-the-webhook"
    for label, value in (("Name", "Shop bot"), ("Bot id", "1"), ("Bot token", "1:a-token"), ("Webhook secret", secret)):
        dialog.get_by_label(label).fill(value)
    dialog.get_by_role("button", name="Add").click()
    inbox = page.get_by_role("article", name="Shop bot")
    expect(inbox).to_contain_text("Nothing has arrived yet.")
    place = urlsplit(inbox.locator("code").first.inner_text()).path
    update = {"update_id": 1, "something_new": {}}
    forged = page.request.post(slow.url + place, data=update, headers={SECRET_HEADER: "another"})
    assert forged.status == 401
    taken = page.request.post(slow.url + place, data=update, headers={SECRET_HEADER: secret})
    assert taken.status == 200
    expect(inbox).to_contain_text("We received your webhook")
    expect(inbox.get_by_role("status").first).to_have_text("Live")
    assert secret not in page.content()
