"""Two replicas behind nginx, on PostgreSQL and Redis, in a real browser: one is killed and both people go on."""

from __future__ import annotations

import re
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browser import visitor
from tests.support.up_distributed import PASSWORD, UpDistributed, up_distributed

pytestmark = [pytest.mark.stack, pytest.mark.browser, pytest.mark.timeout(900)]

SLOW = 60_000  # milliseconds; two cores run PostgreSQL, Redis, nginx, Rasa, Chromium and four Pythons

DRIVER = """
import pathlib, sys
from tools.trouble import explained
from tools.up_distributed import main, prepare
folder = pathlib.Path(sys.argv[1])
sys.exit(explained(lambda: main(prepared=lambda places, settings: prepare(places, settings, folder))))
"""


@pytest.fixture(scope="module")
def distributed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[UpDistributed]:
    """Two services, two action servers and one Rasa, as `make up-distributed RASA_REPLICAS=1` starts them."""
    folder = tmp_path_factory.mktemp("distributed")
    with up_distributed(DRIVER, folder, RASA_REPLICAS="1", LLM_PROVIDER="offline", DEMO="true") as running:
        running.hear("Ctrl-C stops everything")
        yield running


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return bool(response.status == 200)
    except (OSError, urllib.error.HTTPError):
        return False


def back_again(running: UpDistributed, number: int) -> None:
    """Wait until the killed replica has been started again and is ready."""
    address = f"{running.addresses['services'][number - 1]}/readyz"
    until = time.monotonic() + 90
    while not answers(address):
        assert time.monotonic() < until, running.logs()
        time.sleep(0.2)


def restart_the_record(running: UpDistributed) -> None:
    """Kill PostgreSQL and wait until it runs again and both services have found it."""
    before = running.kill("postgres")
    until = time.monotonic() + 90
    while running.pid("postgres") == before:
        assert time.monotonic() < until, running.logs()
        time.sleep(0.2)
    back_again(running, 1)
    back_again(running, 2)


def customer_says(page: Page, words: str) -> None:
    field = page.get_by_role("textbox", name="Your message")
    field.fill(words)
    field.press("Enter")


def agent_says(desk: Page, words: str) -> None:
    field = desk.locator("#composer")
    field.fill(words)
    field.press("Enter")


def sign_in(desk: Page, url: str) -> None:
    desk.goto(f"{url}/console")
    desk.get_by_label("E-mail").fill("agent1@example.com")
    desk.get_by_label("Password").fill(PASSWORD)
    desk.get_by_role("button", name="Sign in").click()
    available = desk.get_by_role("combobox", name="Availability")
    expect(available).to_be_visible(timeout=SLOW)
    expect(desk.get_by_text("Nobody needs a person right now")).to_be_visible(timeout=SLOW)
    available.select_option("online")


def the_bot_knows_the_order(page: Page, url: str) -> None:
    page.goto(url)
    page.get_by_role("button", name="Get help").click()
    expect(page.get_by_text(re.compile("I'm an AI, not a person")).first).to_be_visible(timeout=SLOW)
    customer_says(page, "hi, where is my order TT-482913?")
    expect(page.locator(".line.bot").filter(has_text=re.compile("e-?mail", re.I)).last).to_be_visible(timeout=SLOW)
    customer_says(page, "anna.berg@example.com")
    told = re.compile("on its way|sent|dispatched|shipped|under way", re.I)
    expect(page.locator(".line.bot").filter(has_text=told).last).to_be_visible(timeout=SLOW)


def the_agent_takes_over(page: Page, desk: Page) -> None:
    customer_says(page, "I want to talk to a human please")
    offer = desk.get_by_role("article", name=re.compile("^Offer")).filter(has_text="TT-482913").first
    expect(offer).to_be_visible(timeout=SLOW)
    offer.get_by_role("button").first.click()
    offer.get_by_role("button", name="Accept").click()
    expect(desk.locator("#composer")).to_be_visible(timeout=SLOW)


def both_go_on(page: Page, desk: Page, words: str) -> None:
    """Each says something new and the other reads it, once."""
    customer_says(page, f"{words}, asks the customer")
    expect(desk.locator("[id^=line-]").filter(has_text=f"{words}, asks")).to_have_count(1, timeout=SLOW)
    agent_says(desk, f"{words}, says the agent")
    expect(page.locator(".line").filter(has_text=f"{words}, says")).to_have_count(1, timeout=SLOW)


def test_a_replica_is_killed_under_a_customer_and_an_agent_and_both_go_on(
    distributed: UpDistributed, browser: Browser
) -> None:
    with visitor(browser) as page, visitor(browser) as desk:
        sign_in(desk, distributed.url)
        the_bot_knows_the_order(page, distributed.url)
        the_agent_takes_over(page, desk)
        both_go_on(page, desk, "Before anything breaks")
        distributed.kill("service-1")
        both_go_on(page, desk, "With the first replica killed")
        back_again(distributed, 1)
        distributed.kill("service-2")
        both_go_on(page, desk, "With the second replica killed")
        back_again(distributed, 2)
        distributed.kill("nginx")
        both_go_on(page, desk, "With a new door")
        distributed.kill("redis")
        both_go_on(page, desk, "With an empty Redis")
        # Nothing is accepted while the record is away, and both are told so; it is back in a moment.
        restart_the_record(distributed)
        both_go_on(page, desk, "With the record back")
        for words in ("Before anything breaks", "With the first replica killed", "With a new door"):
            expect(page.locator(".line").filter(has_text=f"{words}, asks")).to_have_count(1)
