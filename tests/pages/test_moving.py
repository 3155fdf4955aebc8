"""A service is stopped while people talk: their pages go on at another one, and nobody sees that anything happened."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.pages.conftest import OpenPage
from tests.pages.test_real_service import says, service_process, with_a_person
from tests.support.processes import Child, free_port
from tests.support.switch_over import SwitchOver

pytestmark = pytest.mark.browser

SOON = 5_000  # milliseconds within which pages are elsewhere
# Every word that a page may show of a connection. The watch notes each that was ever visible.
TROUBLE = ("Connection lost", "Trying to reconnect", "cannot reach", "Not connected", "Will be sent when", "Not sent")
WATCH = """words => {
  window.__trouble = [];
  const look = (root) => {
    const note = () => { for (const word of words) if (root.textContent.includes(word)) window.__trouble.push(word); };
    new MutationObserver(note).observe(root, {subtree: true, childList: true, characterData: true});
    note();
  };
  look(document.body);
  const widget = document.querySelector("switchboard-widget");
  if (widget) look(widget.shadowRoot);
}"""


class Two:
    """Two services at one record, behind one address."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.ports = (free_port(), free_port())
        self.proxy = stack.enter_context(SwitchOver(*self.ports).running())
        self.services: list[Child] = []
        for port in self.ports:
            service = service_process(folder, port)
            service.env["PUBLIC_ORIGINS"] = self.proxy.url
            service.log = folder / f"service-{port}.log"
            stack.callback(service.stop)
            service.start()
            service.wait_for(f"http://127.0.0.1:{port}/healthz")
            self.services.append(service)


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Two]:
    with ExitStack() as stack:
        yield Two(tmp_path, stack)


def test_people_go_on_at_another_service_when_theirs_is_stopped_and_see_nothing_of_it(
    browser: Browser, two: Two
) -> None:
    url = two.proxy.url
    with OpenPage(browser) as customer, OpenPage(browser) as agent:
        opened = {customer: [0], agent: [0]}
        for page, count in opened.items():
            page.on("websocket", lambda _, count=count: count.__setitem__(0, count[0] + 1))
        with_a_person(customer, agent, url)
        for page in (customer, agent):
            page.evaluate(WATCH, list(TROUBLE))
        before = {page: count[0] for page, count in opened.items()}
        first = two.services[0]
        assert first.process is not None
        first.kill(signal.SIGTERM)
        says(customer, "written while it stops")
        expect(agent.get_by_role("log")).to_contain_text("written while it stops", timeout=SOON)
        agent.locator("#composer").fill("and answered elsewhere")
        agent.locator("#composer").press("Enter")
        expect(customer.get_by_role("log")).to_contain_text("and answered elsewhere", timeout=SOON)
        assert first.process.wait(15) in (0, -signal.SIGTERM)
        says(customer, "still here")
        expect(agent.get_by_role("log")).to_contain_text("still here")
        for page, count in opened.items():
            assert count[0] > before[page], "the page never left the service that stopped"
            assert page.evaluate("() => window.__trouble") == []
        for page in (customer, agent):
            for words in ("written while it stops", "and answered elsewhere", "still here"):
                expect(page.get_by_role("log").get_by_text(words, exact=True)).to_have_count(1)
        expect(customer.locator(".unsent")).to_have_count(0)
