"""Every state of the console is accessible in both themes, and no text in it is ever taken for markup."""

from __future__ import annotations

from functools import partial

import pytest
from playwright.sync_api import Browser, Page, expect

from handover.conversation import Control
from handover.entries import AuthorKind
from handover.frames import ErrorFrame
from tests.pages.conftest import OpenPage, assert_accessible
from tests.pages.console_steps import opens, signed_in, talk_of, thread, view
from tests.support.hostile_payloads import payloads
from tests.support.scripted_people import letter
from tests.support.scripted_running import Running
from tests.support.scripted_service import ScriptedService

pytestmark = pytest.mark.browser

PAYLOADS = payloads()


@pytest.mark.parametrize("place", ["team", "undelivered", "desk"])
def test_hostile_names_skills_and_undelivered_words_are_only_ever_text(page: Page, run: Running, place: str) -> None:
    asked: list[str] = []
    signed_in(page, run)
    page.on("request", lambda request: asked.append(request.url))
    talk = talk_of(run, "c-mara")

    def flood(s: ScriptedService) -> None:
        s.people.page = len(PAYLOADS) + 1
        for i, payload in enumerate(PAYLOADS):
            one = s.agents["agent2"].model_copy(
                update={
                    "id": f"h{i}",
                    "name": payload,
                    "skills": (payload,),
                    "languages": (payload,),
                    "teams": (payload,),
                }
            )
            s.agents[one.id] = one
            s.people.waiting[payload] = 1
            s.people.letters.append(letter(i + 1, talk.id, payload, why=payload, inbox=payload, retried_by=one.id))
        s.people.teams_too = tuple(PAYLOADS[:20])
        talk.customer = talk.customer.model_copy(update={"name": PAYLOADS[0]})
        s.offer(talk, {"reason": "asked"}, needs=tuple(PAYLOADS), language=PAYLOADS[1], team=PAYLOADS[2])

    run.do(flood)
    page.goto(f"{run.url}/console#{place}")
    page.reload()
    if place == "desk":
        expect(page.locator(".asks").first).to_contain_text(PAYLOADS[-1].split("\n")[0][:20])
        view(page, "Mine")
        opens(page, "Wren Calloway")
        page.locator(".verbs").get_by_role("button", name="Transfer").click()
        expect(page.get_by_role("radio")).to_have_count(len(PAYLOADS) + 3 + 3 + 20, timeout=30_000)
    elif place == "team":
        expect(page.get_by_role("row")).to_have_count(len(PAYLOADS) + 4, timeout=30_000)
        page.get_by_role("button", name="Change").nth(5).click()
        expect(page.get_by_role("dialog")).to_be_visible()
    else:
        expect(page.get_by_role("article")).to_have_count(len(PAYLOADS), timeout=30_000)
        page.get_by_role("button", name="Give up").first.click()
        expect(page.get_by_role("dialog")).to_be_visible()
    page.wait_for_timeout(300)
    assert page.evaluate("() => window.__hit") is None
    assert [url for url in asked if not url.startswith((run.url, "data:"))] == []


def test_hostile_markup_is_only_ever_text(page: Page, run: Running) -> None:
    asked: list[str] = []
    signed_in(page, run)
    page.on("request", lambda request: asked.append(request.url))
    talk = talk_of(run, "c-mara")
    opens(page, "Mara Lindqvist")

    def flood(s: ScriptedService) -> None:
        for payload in PAYLOADS:
            link = (payload, f"javascript:{payload}")
            s.say(talk, AuthorKind.BOT, payload, name=payload, html=payload, citations=[link])
            s.note(talk, s.agents["agent2"], payload)
        s.draft(talk, PAYLOADS[0])
        facts = [{"name": p, "value": p, "said_by": p, "offset": 1} for p in PAYLOADS]
        found = [{"title": PAYLOADS[0], "url": "javascript:1"}]
        s.offer(talk, {"reason": PAYLOADS[0], "because": PAYLOADS[4], "facts": facts, "retrieved": found})

    run.do(flood)
    expect(thread(page).locator(".note")).to_have_count(len(PAYLOADS), timeout=30_000)
    page.wait_for_timeout(300)
    assert page.evaluate("() => window.__hit") is None
    assert [url for url in asked if not url.startswith((run.url, "data:"))] == []


@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_state_of_the_console_has_an_accessibility_violation(
    browser: Browser, run: Running, theme: str, phone: bool
) -> None:
    check = partial(assert_accessible, colours_only=theme == "dark")
    with OpenPage(browser, theme=theme, phone=phone) as page:
        page.goto(run.url + "/console")
        page.get_by_role("button", name="Sign in").wait_for()
        check(page, "the door")
        signed_in(page, run)
        page.get_by_role("article").wait_for()
        check(page, "offers")
        run.do(lambda s: s.offer(s.talks["c-theo"], {"reason": "asked"}, target=5, escalated=True, to="agent1"))
        page.get_by_text("Leads asked too").wait_for()
        check(page, "an urgent offer")
        opens(page, "Mara Lindqvist")
        page.locator("#line-6").wait_for()
        check(page, "an offer open")
        if phone:
            page.get_by_role("button", name="Details", exact=True).click()
            check(page, "the details")
            page.get_by_role("button", name="Hide details").click()
        page.locator(".verbs").get_by_role("button", name="Accept").click()
        page.get_by_role("button", name="Suggest a reply").click()
        page.locator(".draft").wait_for()
        check(page, "mine, with a draft")
        run.do(lambda s: setattr(s, "refuse_say", ErrorFrame(code="stale_view", message="Stale.")))
        page.locator("#composer").press("Enter")
        page.locator(".bounced").wait_for()
        check(page, "a bounced reply")
        page.get_by_role("button", name="Private note", exact=True).click()
        page.get_by_label("Private note, for colleagues only").fill("a note")
        check(page, "writing a note")
        page.get_by_label("Private note, for colleagues only").press("Enter")
        page.locator(".thread .note").wait_for()
        for verb in ("Hand back", "Transfer", "Snooze"):
            page.locator(".verbs").get_by_role("button", name=verb).click()
            page.get_by_role("dialog").wait_for()
            check(page, f"the dialog of {verb}")
            page.keyboard.press("Escape")
        for place in ("Team", "Waits", "Not delivered", "Desk"):
            page.get_by_role("navigation", name="Pages").get_by_role("link", name=place).click()
            run.do(lambda s: s.people.letters.append(letter(len(s.people.letters) + 1, "c-mara", "w", overtaken=True)))
            page.get_by_role("status").filter(has_text="…").wait_for(state="detached")
            check(page, f"the page {place}")
        run.do(lambda s: (s.moved(s.talks["c-mara"], Control.BOT), setattr(s, "accepting", False), s.cut()))
        page.get_by_text("Connection lost").wait_for()
        check(page, "connection lost")
