"""The page of the team, and the waits: leads change what an agent takes, agents read; errors stand at their field."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from handover.errors import Unavailable
from tests.pages.console_steps import signed_in
from tests.support.scripted_running import Running

pytestmark = pytest.mark.browser


def team(page: Page, run: Running, agent: str = "agent1") -> Locator:
    signed_in(page, run, agent)
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Team").click()
    expect(page.get_by_role("heading", name="Team")).to_be_focused()
    return page.get_by_role("table", name="People at the desk")


def test_everybody_is_shown_with_what_they_chose_and_whether_they_can_be_reached(page: Page, run: Running) -> None:
    people = team(page, run)
    expect(page.get_by_text("2 of 3 at the desk")).to_be_visible()
    jonas = people.get_by_role("row", name="Jonas Weber")
    for words in ("Online", "4 of 4 slots", "products", "Any", "workshop"):
        expect(jonas).to_contain_text(words)
    expect(people.get_by_role("row", name="Priya Nair")).to_contain_text("Online, but no console open")
    expect(page.get_by_role("list", name="Teams")).to_contain_text("service 1 of 2 here")


def test_a_lead_changes_what_an_agent_takes(page: Page, run: Running) -> None:
    people = team(page, run)
    people.get_by_role("button", name="Change Priya Nair").click()
    dialog = page.get_by_role("dialog", name="What Priya Nair takes")
    expect(dialog.get_by_label("Skills")).to_be_focused()
    dialog.get_by_label("Skills").fill("orders, payments, safety")
    dialog.get_by_label("Languages").fill("EN, fr")
    dialog.get_by_role("checkbox", name="office").check()
    dialog.get_by_role("checkbox", name="workshop").uncheck()
    dialog.get_by_label("Capacity").fill("10")
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    expect(people.get_by_role("button", name="Change Priya Nair")).to_be_focused()
    expect(people.get_by_role("row", name="Priya Nair")).to_contain_text("0 of 10 slots")
    expect(people.get_by_role("row", name="Priya Nair")).to_contain_text("service, office")
    (change,) = run.do(lambda s: s.people.changes)
    expected = {"skills": ["orders", "payments", "safety"], "languages": ["en", "fr"], "capacity": 10}
    assert change == ("agent3", {**expected, "teams": ["service", "office"]})


@pytest.mark.parametrize(
    ("label", "typed", "words"), [("Skills", "magic", "no skill called magic"), ("Languages", "english!", "pattern")]
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_typed_is_lost(
    page: Page, run: Running, label: str, typed: str, words: str
) -> None:
    people = team(page, run)
    people.get_by_role("button", name="Change Jonas Weber").click()
    field = page.get_by_role("dialog").get_by_label(label)
    field.fill(typed)
    page.get_by_role("button", name="Save").click()
    expect(field).to_be_focused()
    expect(field).to_have_attribute("aria-invalid", "true")
    described = field.get_attribute("aria-describedby")
    expect(page.locator(f"#{described}")).to_contain_text(words)
    expect(field).to_have_value(typed)
    assert run.do(lambda s: s.people.changes) == []


def test_an_agent_reads_the_team_and_changes_nothing(page: Page, run: Running) -> None:
    people = team(page, run, "agent2")
    expect(people.get_by_role("row", name="Jonas Weber")).to_contain_text("(you)")
    expect(page.get_by_role("button", name=re.compile("Change"))).to_have_count(0)
    expect(page.get_by_role("link", name="Waits")).to_have_count(0)


def test_a_team_that_cannot_be_asked_for_says_so_and_can_be_asked_again(page: Page, run: Running) -> None:
    signed_in(page, run)
    run.do(lambda s: setattr(s.people, "no_teams", Unavailable("The record cannot be read.")))
    page.get_by_role("link", name="Team").click()
    expect(page.get_by_role("alert").filter(has_text="The record cannot be read.")).to_be_visible()
    run.do(lambda s: setattr(s.people, "no_teams", None))
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("The record cannot be read.")).to_have_count(0)
    expect(page.get_by_role("list", name="Teams")).to_be_visible()


def test_leads_read_how_long_customers_waited(page: Page, run: Running) -> None:
    signed_in(page, run)
    page.get_by_role("link", name="Waits").click()
    expect(page.get_by_role("heading", name="Waits")).to_be_focused()
    expect(page.get_by_text("83 % of")).to_be_visible()
    hours = page.get_by_role("table", name="Waits by hour of the day")
    expect(hours.get_by_role("row", name="08:00")).to_contain_text("1 min 35 s")
    before = hours.inner_text()
    page.get_by_label("Look at").select_option("30")
    expect(hours).not_to_have_text(before)


def test_an_offer_is_seen_from_every_page(page: Page, run: Running) -> None:
    team(page, run)
    desk = page.get_by_role("navigation", name="Pages").get_by_role("link", name="Desk")
    expect(desk).to_contain_text("1 offer")
    run.do(lambda s: s.offer(s.talks["c-theo"], {"reason": "asked"}))
    expect(desk).to_contain_text("2 offers")
    page.go_back()
    expect(page.get_by_role("article")).to_have_count(2)
