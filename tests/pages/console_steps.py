"""What an agent does in the console, in the words of the tests."""

from __future__ import annotations

import time
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.support.scripted_platforms import NAMES, on_platform
from tests.support.scripted_running import Running
from tests.support.scripted_talk import Talk


def signed_in(page: Page, run: Running, agent: str = "agent1") -> None:
    greeted = _hellos(run)
    page.goto(run.url + "/console")
    page.get_by_label("E-mail").fill(f"{agent}@example.com")
    page.get_by_label("Password").fill("demo")
    page.get_by_label("Password").press("Enter")
    expect(page.get_by_role("navigation", name="Lists")).to_be_visible()
    # While the line is not there yet, nobody hears what the service tells its consoles; rows may come by HTTP before.
    for _ in range(600):
        if _hellos(run) > greeted:
            break
        page.wait_for_timeout(50)
    expect(page.locator(".lists ul.rows, .lists p.none:not([role=status])").first).to_be_visible()


def _hellos(run: Running) -> int:
    return int(run.do(lambda s: sum(frame.get("type") == "hello" for frame in s.received)))


def view(page: Page, name: str) -> None:
    page.get_by_role("navigation", name="Lists").get_by_role("button", name=name).click()


def opens(page: Page, name: str) -> None:
    page.locator(".row", has_text=name).first.click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()


def thread(page: Page) -> Locator:
    return page.get_by_role("log", name="Conversation")


def talk_of(run: Running, key: str) -> Talk:
    return run.do(lambda s: s.talks[key])


def mine_on(page: Page, run: Running, channel: str, hours: float = 2) -> None:
    """A conversation on ``channel`` that is the agent's own, open; the customer wrote ``hours`` ago."""
    run.do(lambda s: on_platform(s, channel, hours=hours))
    signed_in(page, run)
    view(page, "Mine")
    opens(page, NAMES[channel])


def line(page: Page, offset: int) -> Locator:
    return page.locator(f"#line-{offset}")


def frame_sent(run: Running, kind: str) -> dict[str, Any]:
    """The first frame of ``kind`` that a page sent; a page may be done before it has arrived."""
    for _ in range(1_000):
        found: list[dict[str, Any]] = run.do(lambda s: [f for f in s.received if f["type"] == kind])
        if found:
            return found[0]
        time.sleep(0.02)
    raise AssertionError(f"no page has sent a {kind} frame")
