"""What several tests of the bot share: one small real Rasa, trained once for all of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import tiny_rasa


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The trained project."""
    folder = tmp_path_factory.mktemp("rasa")
    tiny_rasa.train(folder)
    return folder


@pytest.fixture(scope="session")
def tiny(tiny_folder: Path) -> Iterator[tiny_rasa.Addresses]:
    """It runs."""
    with tiny_rasa.running(tiny_folder) as addresses:
        yield addresses
