"""Is there room for the next big step? Asked before it starts, not found out in the middle."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from tools.trouble import Trouble

# Measured on Linux x86-64: .venv 1.8 GB, .venv-rasa 2.6 GB, a model 0.05 GB while training needs about 0.3 GB,
# the embedder 0.2 GB while it is made. Each with some air.
NEED_SERVICE_GB = 2.5
NEED_RASA_GB = 3.2
NEED_EMBEDDER_GB = 0.5
NEED_TRAINING_GB = 0.5
NEED_RUNNING_GB = 0.2

FreeSpace = Callable[[Path], int]


def free_bytes(folder: Path) -> int:
    """Bytes a person without special rights may still write below `folder`."""
    return shutil.disk_usage(folder).free


def need(gigabytes: float, what_for: str, folder: Path, free: FreeSpace = free_bytes) -> None:
    """Raise Trouble when there is not enough room left for a step."""
    left = free(folder) / 1e9
    if left < gigabytes:
        raise Trouble(
            f"The disk is too full for {what_for}: {left:.1f} GB are free, {gigabytes:.1f} GB are needed;"
            " free some space, then run the same command again."
        )
