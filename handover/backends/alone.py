"""Whether this process is the only one that works on a record file, as the system's own file locks tell; its name.

A lock ends with the process that holds it, however it ends: what a killed process left behind is known to be left.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import socket
from collections.abc import Collection
from pathlib import Path
from types import TracebackType
from typing import Self


class RecordLock:
    """A lock beside ``record``. ``alone``: no other process has it open, and none can open it before `share`."""

    def __init__(self, record: Path) -> None:
        self._file = os.open(f"{record}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.alone = True
        except BlockingIOError:
            self.alone = False

    def share(self) -> None:
        """Let others in; they see that this process is there until it ends. Waits for one that is just looking."""
        fcntl.flock(self._file, fcntl.LOCK_SH)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._file)


class EmbeddedLives:
    """Implements `handover.ports.Lives` for a record on this machine's disk: nobody is known to be gone.

    What killed processes left behind is released when the next one opens the record, as `RecordLock` tells.
    """

    def __init__(self) -> None:
        self.owner = new_owner()

    async def gone(self, owners: Collection[str]) -> frozenset[str]:
        return frozenset()


def new_owner() -> str:
    """A name for this process that no other process has or will have: machine, number, something random."""
    return f"{socket.gethostname()[:60]}:{os.getpid()}:{secrets.token_hex(6)}"
