"""What tests of several folders share: one browser, because two sync playwrights cannot live in one process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.support.browser import chromium


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, started once for all pages and journeys."""
    with chromium() as running:
        yield running


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests with the browser come last: playwright's loop stays on the main thread, and asyncio wants that thread."""
    items.sort(key=lambda item: "browser" in getattr(item, "fixturenames", ()))
