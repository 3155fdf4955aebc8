"""What platforms tell of lines: how far ours have come, edits, deletions, reactions, and the files customers sent."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from handover.entries import AuthorKind
from handover.mark_frames import MediaPart
from handover.outcomes import DeliveryState
from tests.pages.console_steps import line, mine_on, opens, signed_in, thread, view
from tests.support.hostile_payloads import payloads
from tests.support.scripted_platforms import NAMES, deliveries, marks, on_platform
from tests.support.scripted_running import Running
from tests.support.scripted_service import ScriptedService

pytestmark = pytest.mark.browser


def test_how_far_each_line_has_come_is_shown_and_said_in_words(page: Page, run: Running) -> None:
    mine_on(page, run, "messenger")
    run.do(lambda s: deliveries(s, s.talks["c-messenger"]))
    words = ("On its way", "Sent", "It may have arrived", "Delivered", "Read", "Not delivered")
    for offset, said_of_it in enumerate(words, 2):
        expect(line(page, offset).locator(".delivery")).to_have_text(said_of_it)
    expect(line(page, 7)).to_contain_text("The customer has blocked the page. Answer by e-mail.")
    expect(line(page, 4)).to_contain_text("The platform did not answer.")
    expect(line(page, 3)).not_to_contain_text("The platform")
    run.do(lambda s: s.mark(s.talks["c-messenger"], 2, delivery=DeliveryState.READ))
    expect(line(page, 2).locator(".delivery")).to_have_text("Read")
    expect(page.get_by_role("img", name="Sent", exact=True)).to_have_count(0)


def test_marks_of_lines_are_shown_with_the_files_that_came(page: Page, run: Running) -> None:
    run.do(lambda s: marks(s, on_platform(s, "telegram")))
    signed_in(page, run)
    view(page, "Mine")
    opens(page, NAMES["telegram"])
    expect(line(page, 2)).to_contain_text("I meant the green one, in size L")
    expect(line(page, 2)).to_contain_text("edited at")
    expect(line(page, 3)).to_contain_text("Deleted by the customer")
    expect(page.locator("body")).not_to_contain_text("4111")
    picture = line(page, 4).get_by_role("img", name="A picture from the customer")
    expect(picture).to_have_js_property("naturalWidth", 240)
    expect(line(page, 4)).not_to_contain_text("[picture]")
    expect(line(page, 4).get_by_role("list", name="Reactions")).to_have_text("👍 by us")
    files = line(page, 5)
    expect(files.get_by_role("link", name="invoice.pdf 48 kB")).to_have_attribute("href", "/api/v1/media/f1")
    expect(files).to_contain_text("The video is not shown. The file is larger than 16 MiB.")
    expect(files).to_contain_text("The voice message is being fetched…")
    expect(line(page, 6)).to_contain_text("arrived later")
    quoted = line(page, 4).get_by_role("button", name="Answers Lena Brandt Is the blue tent back in stock?")
    quoted.focus()
    page.keyboard.press("Enter")
    expect(line(page, 1)).to_be_focused()


def test_what_to_hear_and_to_see_has_controls_and_no_policy_stops_it(page: Page, run: Running) -> None:
    stopped: list[str] = []
    page.on("console", lambda message: stopped.append(message.text))
    mine_on(page, run, "telegram")
    parts = (
        MediaPart(id="a1", kind="audio", state="here", name="note.ogg", media_type="audio/ogg", size=900),
        MediaPart(id="v1", kind="video", state="here", media_type="video/mp4", size=900),
    )
    run.do(lambda s: s.mark(s.talks["c-telegram"], 1, media=parts))
    expect(page.locator("audio[controls]")).to_have_attribute("aria-label", "note.ogg")
    expect(page.locator("video[controls]")).to_have_attribute("aria-label", "video")
    page.wait_for_function("() => [...document.querySelectorAll('audio, video')].every(one => one.error)")
    assert [text for text in stopped if "Content Security Policy" in text] == []


def test_words_that_the_customer_takes_back_leave_an_open_page_at_once(page: Page, run: Running) -> None:
    mine_on(page, run, "whatsapp")
    run.do(lambda s: s.customer(s.talks["c-whatsapp"], "my card is 4111 1111"))
    expect(thread(page)).to_contain_text("4111")
    run.do(lambda s: s.mark(s.talks["c-whatsapp"], 2, deleted=True, text=""))
    expect(thread(page)).to_contain_text("Deleted by the customer")
    expect(page.locator(".conversation")).not_to_contain_text("4111")
    run.do(lambda s: s.mark(s.talks["c-whatsapp"], 1, edited_at=s.talks["c-whatsapp"].customer_at, text="And the red?"))
    expect(line(page, 1)).to_contain_text("And the red?")


def test_hostile_words_from_a_platform_are_only_ever_text(page: Page, run: Running) -> None:
    asked: list[str] = []
    mine_on(page, run, "telegram")
    page.on("request", lambda request: asked.append(request.url))
    hostile = payloads()

    def flood(s: ScriptedService) -> None:
        talk = s.talks["c-telegram"]
        for payload in hostile:
            entry = s.say(talk, AuthorKind.CUSTOMER, payload)
            part = MediaPart(id="f1", kind="file", state="failed", name=payload, why=payload)
            s.mark(talk, entry.offset, note=payload, todo=payload, delivery=DeliveryState.FAILED, media=(part,))
            s.mark(talk, entry.offset, reactions=((payload, payload[:20]),), reply_to=entry.offset, text=payload)
        s.inboxes.at(talk.inbox, hostile[0], hostile[1])

    run.do(flood)
    expect(thread(page).locator(".trouble")).to_have_count(len(hostile), timeout=30_000)
    page.wait_for_timeout(300)
    assert page.evaluate("() => window.__hit") is None
    assert [url for url in asked if not url.startswith((run.url, "data:"))] == []
