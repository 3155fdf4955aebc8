"""Passing a conversation on: to everybody, a team or a colleague, with how each stands; by keyboard alone."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from handover.errors import Unavailable
from tests.pages.console_steps import frame_sent, opens, signed_in, view
from tests.support.scripted_running import Running

pytestmark = pytest.mark.browser


def asked(page: Page, run: Running) -> Locator:
    signed_in(page, run)
    view(page, "Mine")
    opens(page, "Wren Calloway")
    page.locator(".verbs").get_by_role("button", name="Transfer").click()
    expect(page.get_by_role("group", name="A team").get_by_role("radio")).to_have_count(3)
    return page.get_by_role("dialog")


def sent(run: Running) -> dict[str, Any]:
    found = frame_sent(run, "transfer")
    return {key: found[key] for key in ("to", "team") if key in found}


def test_colleagues_are_named_with_how_they_stand_the_free_ones_first(page: Page, run: Running) -> None:
    dialog = asked(page, run)
    group = dialog.get_by_role("group", name="A colleague")
    names = group.locator("label")
    expect(names).to_have_count(2)
    expect(names.nth(0)).to_contain_text("Jonas WeberOnline · 4 of 4 slots · products")
    expect(names.nth(1)).to_contain_text("Priya NairOnline, but no console open · 0 of 6 slots")
    expect(dialog.get_by_text("Amina")).to_have_count(0)
    expect(dialog.get_by_role("radio", name="Everybody who suits")).to_be_checked()


def test_a_colleague_is_chosen_by_keyboard_and_the_focus_comes_back(page: Page, run: Running) -> None:
    dialog = asked(page, run)
    expect(dialog.get_by_role("radio", name="Everybody who suits")).to_be_focused()
    for _ in range(5):
        page.keyboard.press("ArrowDown")
    expect(dialog.get_by_role("radio", name="Priya Nair")).to_be_checked()
    expect(dialog.get_by_role("status")).to_contain_text("Priya Nair is not at the desk now")
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    expect(page.get_by_role("heading", name="Wren Calloway")).to_be_focused()
    assert sent(run) == {"to": "agent3"}


def test_escape_leaves_everything_as_it_was(page: Page, run: Running) -> None:
    asked(page, run)
    page.keyboard.press("Escape")
    expect(page.locator(".verbs").get_by_role("button", name="Transfer")).to_be_focused()
    assert run.do(lambda s: [f for f in s.received if f["type"] == "transfer"]) == []


def test_a_team_is_named_with_who_is_there_and_an_empty_one_with_a_warning(page: Page, run: Running) -> None:
    run.do(lambda s: s.people.waiting.update(service=2))
    dialog = asked(page, run)
    expect(dialog.get_by_text("1 of 2 here, 2 waiting")).to_be_visible()
    dialog.get_by_role("radio", name="office").check()
    expect(dialog.get_by_role("status")).to_contain_text("Nobody of this team is at the desk now")
    dialog.get_by_role("radio", name="service").check()
    expect(dialog.get_by_role("status")).to_have_text("")
    dialog.get_by_role("button", name="Transfer").click()
    expect(dialog).to_have_count(0)
    assert sent(run) == {"team": "service"}


def test_among_many_colleagues_one_is_found_by_what_they_can_do(page: Page, run: Running) -> None:
    one = run.do(lambda s: s.agents["agent3"])
    many = {f"a{i}": one.model_copy(update={"id": f"a{i}", "name": f"Agent {i}", "skills": ()}) for i in range(20)}
    run.do(lambda s: s.agents.update(many))
    dialog = asked(page, run)
    dialog.get_by_label("Find a colleague").fill("pay priya")
    group = dialog.get_by_role("group", name="A colleague")
    expect(group.get_by_role("radio")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(dialog).to_be_visible()
    group.get_by_role("radio", name="Priya Nair").check()
    dialog.get_by_label("Find a colleague").fill("nobody like that")
    expect(group.get_by_role("radio", name="Priya Nair")).to_be_checked()


def test_everybody_can_still_be_chosen_when_teams_cannot_be_asked_for(page: Page, run: Running) -> None:
    signed_in(page, run)
    view(page, "Mine")
    opens(page, "Wren Calloway")
    run.do(lambda s: setattr(s.people, "no_teams", Unavailable("The record cannot be read.")))
    page.locator(".verbs").get_by_role("button", name="Transfer").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("alert")).to_contain_text("as last known. The record cannot be read.")
    dialog.get_by_role("button", name="Transfer").click()
    expect(dialog).to_have_count(0)
    assert sent(run) == {}
