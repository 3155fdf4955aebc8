"""A disk of a few megabytes that a run may fill: a tmpfs of its own, where that is allowed."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SIZE = "24m"


@contextmanager
def small_disk(folder: Path, wanted: bool) -> Iterator[Path | None]:
    """Mounted at ``folder`` and gone afterwards; None when it is not wanted or not allowed."""
    if not wanted or os.geteuid() != 0:
        yield None
        return
    folder.mkdir(parents=True, exist_ok=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={_SIZE}", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        yield None
        return
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], capture_output=True, check=False)
