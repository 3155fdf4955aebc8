"""Text stays text: what customers, agents and models write never runs and never fetches, on either page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.support.browser import visitor, watched
from tests.support.hostile_payloads import AWAY, HIT, payloads
from tests.support.people import Customer
from tests.support.people_at_the_desk import Agent, hired
from tests.support.record import call_customer
from tests.support.scripted_llm import NEEDS_NOTHING, Say
from tests.support.stack import PASSWORD, Stack

pytestmark = [pytest.mark.stack, pytest.mark.browser, pytest.mark.timeout(300)]

SLOW = 30_000  # milliseconds
# A frame with NUL is refused: no customer types one and PostgreSQL stores none.
CORPUS = [text for text in payloads() if "\0" not in text]
# What may stand in an e-mail address as the desk understands one: no space, no second @.
ADDRESSES = [f"{text}@x.example" for text in CORPUS if not re.search(r"[\s@]", text) and len(text) < 200]
# One for each answer of the model; asked twice, a question would go to a person the third time.
QUESTIONS = (
    "How long do I have to return boots that do not fit?",
    "How much is delivery to Austria?",
    "Which payment methods do you take?",
    "How do I wash a down jacket?",
    "Do you repair torn tents?",
    "How long is the warranty on backpacks?",
    "Are your sleeping bags made from recycled materials?",
    "How can I use a gift card?",
    "When is the store open on Saturdays?",
    "What are loyalty points worth?",
    "Do you match prices of other shops?",
    "Can I pick up my parcel in the store?",
    "Which size of boots should I take?",
    "How do I unsubscribe from the newsletter?",
)


def restless(page: Page) -> None:
    """Do what a person might do without meaning to: tab through it, move over everything."""
    for _ in range(40):
        page.keyboard.press("Tab")
    for x in range(40, 1240, 120):
        for y in range(60, 780, 60):
            page.mouse.move(x, y)


def open_widget(page: Page, stack: Stack, customer: Customer) -> Locator:
    """The customer's conversation in the widget; returns its lines."""
    page.goto(stack.url)
    page.evaluate(
        "(kept) => localStorage.setItem('switchboard:' + location.origin, JSON.stringify(kept))",
        {"token": customer.welcome["token"], "conversation": customer.conversation},
    )
    page.reload()
    page.get_by_role("button", name="Get help").click()
    return page.get_by_role("log", name="Conversation").locator(".line")


def sign_in(console: Page, stack: Stack, email: str) -> None:
    console.goto(f"{stack.url}/console")
    console.get_by_label("E-mail").fill(email)
    console.get_by_label("Password").fill(PASSWORD)
    console.get_by_role("button", name="Sign in").click()
    expect(console.get_by_role("navigation", name="Lists")).to_be_visible(timeout=SLOW)


def open_first(console: Page, view: str) -> Locator:
    """The first conversation of a list in the console; returns its lines."""
    console.get_by_role("navigation", name="Lists").get_by_role("button", name=view).click()
    console.locator(".row").first.click(timeout=SLOW)
    return console.get_by_role("log", name="Conversation")


def test_the_corpus_is_large() -> None:
    assert len(payloads()) >= 100
    assert len(ADDRESSES) >= 30


@pytest.mark.parametrize("path", ["/", "/console"])
@pytest.mark.parametrize(
    "markup", [f"<img src={AWAY}>", f"<img src=x onerror={HIT}>", f"<iframe src={AWAY}></iframe>"], ids=str
)
def test_the_watch_notices_markup_that_a_page_takes_for_its_own(
    stack: Stack, browser: Browser, path: str, markup: str
) -> None:
    with visitor(browser) as page:
        watch = watched(page, stack.url)
        page.goto(stack.url + path)
        watch.nothing_happened()
        page.evaluate("(markup) => { document.body.innerHTML = markup }", markup)
        page.wait_for_function("() => window.violated", timeout=SLOW)
        with pytest.raises(AssertionError):
            watch.nothing_happened()
        assert page.evaluate("() => window.__hit") is None, "the policy lets inline scripts run"


def everything_is_hostile(stack: Stack, customer: Customer, agent: Agent, colleague: Agent) -> None:
    """Customer, agent and private notes say the whole corpus; name, outcome and promises are hostile too."""
    call_customer(stack.record, customer.conversation, CORPUS[20])
    customer.asks_for_a_person()
    row = agent.accepts(agent.sees_offer(customer.conversation))
    colleague.opens(customer.conversation)
    for text in CORPUS:  # three sockets take turns: none is faster than the others can follow
        line = customer.says(text)
        agent.hears(customer.conversation, line["offset"])
        agent.says(customer.conversation, text)
        colleague.notes(customer.conversation, text)
    back = agent.hands_back(customer.conversation, row["epoch"], CORPUS[20], tuple(CORPUS[20:40]))
    customer.sees_control("bot")
    customer.asks_for_a_person()  # and a packet that holds it all
    agent.accepts(agent.sees_offer(customer.conversation, after=back["epoch"]))


def test_no_payload_of_a_customer_or_an_agent_runs_or_fetches_on_widget_or_console(
    stack: Stack, browser: Browser, tmp_path: Path
) -> None:
    with visitor(browser) as console, visitor(browser) as page:
        watches = [watched(each, stack.url) for each in (console, page)]
        with (
            Customer(stack.url) as customer,
            hired(stack.url, "Vera", PASSWORD) as vera,
            hired(stack.url, "Xeno", PASSWORD) as xeno,
        ):
            everything_is_hostile(stack, customer, vera, xeno)
            lines = open_widget(page, stack, customer)
            expect(lines.locator("visible=true").filter(has_text="__hit").last).to_be_visible(timeout=SLOW)
            sign_in(console, stack, vera.email)
            thread = open_first(console, "Mine")
            expect(thread.locator(".note")).to_have_count(len(CORPUS), timeout=SLOW)
            expect(console.get_by_label("Details").first).to_contain_text("__hit")
            expect(console.get_by_text("Xeno is looking too", exact=True)).to_be_visible()
            for each, name in ((page, "widget"), (console, "console")):
                each.screenshot(path=tmp_path / f"hostile-{name}.png")
                restless(each)
        for watch in watches:
            watch.nothing_happened()


def spoken(batch: tuple[str, ...]) -> Say:
    """The model asks a question around each payload: a question claims nothing, so nothing holds it back."""
    return Say("\n".join(f"Would you like {' '.join(text.split())} ?" for text in batch) + NEEDS_NOTHING, 64)


def test_no_payload_of_the_model_runs_or_fetches_while_it_streams_or_afterwards(
    stack: Stack, browser: Browser, tmp_path: Path
) -> None:
    batches = [tuple(CORPUS[start : start + 24]) for start in range(0, len(CORPUS), 24)]
    assert len(batches) <= len(QUESTIONS)
    with visitor(browser) as page:
        watch = watched(page, stack.url)
        page.goto(stack.url)
        page.get_by_role("button", name="Get help").click()
        lines = page.get_by_role("log", name="Conversation").locator(".line.bot:not(.writing)")
        field = page.get_by_role("textbox", name="Your message")
        for number, batch in enumerate(batches, start=2):  # line 1 is the greeting
            stack.model.then(spoken(batch))
            field.fill(QUESTIONS[number - 2])
            field.press("Enter")
            expect(lines).to_have_count(number, timeout=SLOW)
        page.screenshot(path=tmp_path / "hostile-model.png")
        shown = "\n".join(lines.all_inner_texts())
        assert sum(" ".join(text.split())[:30] in shown for text in CORPUS) >= 100
        restless(page)
        watch.nothing_happened()


def test_no_name_or_address_of_a_customer_runs_or_fetches_on_the_console(stack: Stack, browser: Browser) -> None:
    with visitor(browser) as console, hired(stack.url, "Wim", PASSWORD) as wim:
        watch = watched(console, stack.url)
        sign_in(console, stack, wim.email)
        for text, address in zip(CORPUS[40:50], ADDRESSES[:10], strict=True):
            with Customer(stack.url) as customer:
                call_customer(stack.record, customer.conversation, text)
                customer.asks_for_a_person()
                customer.wishes("leave_message", email=address, text=text)
                customer.sees_control("nobody")
        console.get_by_role("navigation", name="Lists").get_by_role("button", name="Waiting").click()
        row = console.locator(".row").filter(has_text=CORPUS[40]).first
        expect(row).to_be_visible(timeout=SLOW)
        row.click()
        expect(console.get_by_label("Details").first).to_contain_text(ADDRESSES[0], timeout=SLOW)
        restless(console)
        watch.nothing_happened()
