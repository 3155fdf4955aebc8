"""Lines that were not delivered: counted on every page, tried again, given up only when somebody is sure."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from handover.errors import NotFound
from tests.pages.console_steps import signed_in
from tests.support.scripted_people import letter
from tests.support.scripted_running import Running

pytestmark = pytest.mark.browser


def two_lines(page: Page, run: Running) -> Locator:
    lines = [letter(4, "c-ines", "A new pole is on its way."), letter(9, "c-mara", "It was found.", overtaken=True)]
    run.do(lambda s: s.people.letters.extend(lines))
    signed_in(page, run)
    link = page.get_by_role("navigation", name="Pages").get_by_role("link", name="Not delivered")
    expect(link).to_contain_text("2")
    link.click()
    expect(page.get_by_role("heading", name="Not delivered")).to_be_focused()
    expect(page.get_by_role("article")).to_have_count(2)
    return link


def test_nothing_undelivered_is_said_and_not_counted(page: Page, run: Running) -> None:
    signed_in(page, run)
    link = page.get_by_role("link", name="Not delivered")
    expect(link).to_have_text("Not delivered")
    link.click()
    expect(page.get_by_text("Everything that was said has been delivered.")).to_be_visible()


def test_a_line_says_to_whom_why_and_whether_others_overtook_it(page: Page, run: Running) -> None:
    two_lines(page, run)
    newest, older = page.get_by_role("article").all()
    expect(newest).to_contain_text("To Mara Lindqvist")
    expect(newest).to_contain_text("It was found.")
    expect(newest).to_contain_text("6 tries: The mail server refused the address.")
    expect(newest).to_contain_text("this one arrives out of order")
    expect(older).not_to_contain_text("out of order")


def test_a_line_is_tried_again_and_leaves_the_list(page: Page, run: Running) -> None:
    link = two_lines(page, run)
    page.get_by_role("article").first.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("article")).to_have_count(1)
    expect(page.get_by_text("It is being sent again")).to_be_visible()
    expect(link).to_contain_text("1")
    expect(page.get_by_role("heading", name="Not delivered")).to_be_focused()
    assert run.do(lambda s: s.people.settled) == [("retry", 9)]


def test_a_line_is_given_up_only_when_somebody_is_sure(page: Page, run: Running) -> None:
    two_lines(page, run)
    give_up = page.get_by_role("article").first.get_by_role("button", name="Give up")
    give_up.click()
    dialog = page.get_by_role("dialog", name="Give this line up?")
    expect(dialog).to_contain_text("It was found.")
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    page.keyboard.press("Enter")
    expect(give_up).to_be_focused()
    assert run.do(lambda s: s.people.settled) == []
    give_up.click()
    dialog.get_by_role("button", name="Give up").click()
    expect(page.get_by_role("article")).to_have_count(1)
    assert run.do(lambda s: s.people.settled) == [("drop", 9)]


def test_a_line_that_a_colleague_settled_first_says_so(page: Page, run: Running) -> None:
    two_lines(page, run)
    run.do(lambda s: setattr(s.people, "refusing", NotFound("There is no such line.")))
    page.get_by_role("article").first.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("alert").filter(has_text="There is no such line.")).to_be_visible()


def test_the_conversation_of_a_line_opens_from_it(page: Page, run: Running) -> None:
    two_lines(page, run)
    page.get_by_role("link", name="To Inês Carvalho").click()
    expect(page.get_by_role("heading", name="Inês Carvalho")).to_be_visible()
    expect(page.get_by_role("log", name="Conversation")).to_contain_text("tent pole")


def test_the_list_is_asked_for_again_while_it_is_open(page: Page, run: Running) -> None:
    page.clock.install()
    two_lines(page, run)
    run.do(lambda s: s.people.letters.append(letter(11, "c-wren", "Done.")))
    page.clock.fast_forward("00:31")
    expect(page.get_by_role("article")).to_have_count(3)


def test_older_lines_come_on_demand(page: Page, run: Running) -> None:
    run.do(lambda s: setattr(s.people, "page", 1))
    run.do(lambda s: s.people.letters.extend([letter(4, "c-ines", "First."), letter(9, "c-mara", "Second.")]))
    signed_in(page, run)
    page.get_by_role("link", name="Not delivered").click()
    expect(page.get_by_role("article")).to_have_count(1)
    page.get_by_role("button", name="Show older").click()
    expect(page.get_by_role("article")).to_have_count(2)
