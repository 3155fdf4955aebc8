"""Pictures of the pages as the journeys see them: always in the test's folder, and in docs/pictures when asked to.

``python -m tests.journeys.pictures`` runs the journey that shows every page and refreshes docs/pictures.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Locator, Page

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "docs" / "pictures"
REFRESH = "REFRESH_PICTURES"
# What README and the other pages of docs show.
KEPT = ("shop", "widget", "widget-phone-dark", "waiting", "with-a-person", "console", "packet", "hand-back")
LARGEST = 150_000  # bytes


def picture(shown: Page | Locator, name: str, folder: Path) -> None:
    """Keep what is seen as ``folder/name.png``, and in docs when pictures are refreshed."""
    image = shown.screenshot(path=folder / f"{name}.png", animations="disabled")
    if os.environ.get(REFRESH) and name in KEPT:
        assert len(image) <= LARGEST, f"{name}.png has {len(image)} bytes"
        PICTURES.mkdir(parents=True, exist_ok=True)
        (PICTURES / f"{name}.png").write_bytes(image)


def main() -> int:
    journey = [sys.executable, "-m", "pytest", "-q", "tests/journeys/test_the_whole_path.py"]
    return subprocess.run(journey, cwd=ROOT, env={**os.environ, REFRESH: "1"}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
