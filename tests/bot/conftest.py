"""What several tests of the bot share: one small real Rasa, trained once for all of them, and an empty record."""

import fcntl
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from handover.backends import Backends
from tests.support import tiny_rasa
from tests.support.relay_world import backends_in


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The trained project: one for all workers of a run, trained by the first that wants it."""
    own = tmp_path_factory.getbasetemp()
    folder = (own if worker_id == "master" else own.parent) / "tiny_rasa"
    folder.mkdir(exist_ok=True)
    with (folder / "trains").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)  # let go when the file is closed
        if not tiny_rasa.trained(folder):
            tiny_rasa.train(folder)
    return folder


@pytest.fixture(scope="session")
def tiny(tiny_folder: Path) -> Iterator[tiny_rasa.Addresses]:
    """It runs."""
    with tiny_rasa.running(tiny_folder) as addresses:
        yield addresses


@pytest.fixture
async def backends(tmp_path: Path) -> AsyncIterator[Backends]:
    async with backends_in(tmp_path) as opened:
        yield opened
