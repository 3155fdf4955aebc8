"""Debian's Chromium under playwright: one browser, fresh contexts, and a record of what a page asked for."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

# Chromium takes the last --disable-features only, so what Playwright puts there itself is repeated first. Ours: each
# new context opens a window of a whole browser, which loads two pages of its own address bar (0.6 s of processor time,
# more than most of our pages), and keeps a process ready for a next page that never comes.
_OFF = (
    *("AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "HttpsUpgrades", "LensOverlay"),
    *("HttpsFirstBalancedModeAutoEnable", "MediaRouter", "PaintHolding", "ThirdPartyStoragePartitioning", "AimEnabled"),
    *("AvoidCorsURLLoaderRestartOnRedirect", "TcpPortRandomizationWin", "OptimizationHints", "PreconnectToSearch"),
    *("NetworkTimeServiceQuerying", "WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "WebUIOmniboxFullPopup"),
    *("PreloadTopChromeWebUI", "SpareRendererForSitePerProcess"),
)
# Without these Chromium looks up its maker's hosts at every start.
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--disable-features={','.join(_OFF)}",
]
DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}


def chromium_path() -> str:
    """Where Debian put it; AssertionError says what to install."""
    path = shutil.which("chromium")
    assert path, "Chromium is missing: apt-get install chromium"
    return path


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium_path(), args=QUIET)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def visitor(browser: Browser, *, phone: bool = False, dark: bool = False) -> Iterator[Page]:
    """A page of somebody who was never here; errors the page throws fail the test."""
    context: BrowserContext = browser.new_context(
        viewport=PHONE if phone else DESKTOP, color_scheme="dark" if dark else "light", reduced_motion="reduce"
    )
    page = context.new_page()
    thrown: list[str] = []
    page.on("pageerror", lambda error: thrown.append(str(error)))
    try:
        yield page
    finally:
        context.close()
    assert not thrown, thrown


@dataclass
class Watch:
    """What a page must never do: ask others, break its policy, open something, or run a payload."""

    page: Page
    asked: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)

    def violated(self, policy: str) -> None:
        self.violations.append(policy)

    def nothing_happened(self) -> None:
        """AssertionError says what did."""
        self.page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
        assert self.page.evaluate("() => window.__hit") is None, "a payload ran"
        assert self.asked == []
        assert self.violations == []
        assert self.opened == []


def watched(page: Page, own: str) -> Watch:
    """Watch ``page`` from before it loads anything; ``own`` is the only address it may talk to."""
    watch = Watch(page, foreign_requests(page, own))
    page.expose_function("noteViolation", watch.violated)
    page.add_init_script(
        "document.addEventListener('securitypolicyviolation',"
        " (e) => { window.violated = true;"
        " window.noteViolation(`${e.violatedDirective} ${e.blockedURI} ${e.sample}`) })"
    )
    page.on("popup", lambda popup: watch.opened.append(popup.url))
    page.on("dialog", lambda dialog: (watch.opened.append(dialog.message), dialog.dismiss()))
    return watch


def foreign_requests(page: Page, own: str) -> list[str]:
    """A list that fills with every address outside ``own`` that the page asks for."""
    asked: list[str] = []

    def note(address: str) -> None:
        ours = (own, own.replace("http", "ws", 1), "data:", "blob:", "about:")
        if not address.startswith(ours):
            asked.append(address)

    page.on("request", lambda request: note(request.url))
    page.on("websocket", lambda socket: note(socket.url))
    return asked
