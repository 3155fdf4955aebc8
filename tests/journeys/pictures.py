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
_FEWER_COLOURS = """
import sys
from PIL import Image
picture = Image.open(sys.argv[1]).convert("RGB")
picture.quantize(256, dither=Image.Dither.NONE).save(sys.argv[1], optimize=True)
"""


def picture(shown: Page | Locator, name: str, folder: Path) -> None:
    """Keep what is seen as ``folder/name.png``, and in docs when pictures are refreshed."""
    image = shown.screenshot(path=folder / f"{name}.png", animations="disabled")
    if os.environ.get(REFRESH) and name in KEPT:
        PICTURES.mkdir(parents=True, exist_ok=True)
        (PICTURES / f"{name}.png").write_bytes(image)


def shrink(file: Path) -> None:
    """Draw it with 256 colours, which nobody sees in pages like ours. Raises ValueError when it is still too large."""
    with_pillow = ROOT / ".venv-rasa" / "bin" / "python"  # Rasa brings it; the service has no use for it
    subprocess.run([str(with_pillow), "-c", _FEWER_COLOURS, str(file)], check=True)
    if file.stat().st_size > LARGEST:
        raise ValueError(f"{file.name} has {file.stat().st_size} bytes")


def main() -> int:
    journey = [sys.executable, "-m", "pytest", "-q", "tests/journeys/test_the_whole_path.py"]
    failed = subprocess.run(journey, cwd=ROOT, env={**os.environ, REFRESH: "1"}, check=False).returncode
    for name in KEPT if not failed else ():
        shrink(PICTURES / f"{name}.png")
    return failed


if __name__ == "__main__":
    sys.exit(main())
