"""A record file whose commits can be made to fail, and that can be left lying as after a kill."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import sqlalchemy as sa

# In memory where the system has such a place: thousands of commits need not wait for a disk here.
_IN_MEMORY = Path("/dev/shm")


def new_folder() -> Path:
    """A fresh folder for a record that is written very often."""
    return Path(tempfile.mkdtemp(dir=_IN_MEMORY if _IN_MEMORY.is_dir() else None))


def as_after_a_kill(folder: Path) -> Path:
    """A copy of database and log as they lie there while the first process still has them open."""
    crashed = new_folder()
    for part in folder.glob("record.db*"):
        shutil.copy(part, crashed / part.name)
    return crashed


class CommitFails(Exception):
    """What a disk does in the middle of things."""


class FailingDisk:
    """Fails the next commit of a writing transaction when ``fail_next`` is set."""

    def __init__(self) -> None:
        self.fail_next = False

    def put_under(self, engine: sa.Engine) -> None:
        sa.event.listen(engine, "commit", self._on_commit)

    def _on_commit(self, connection: sa.Connection) -> None:
        if self.fail_next and connection.get_execution_options()["writes"]:
            self.fail_next = False
            raise CommitFails
