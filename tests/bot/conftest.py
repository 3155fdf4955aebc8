"""What several tests of the bot share: one small real Rasa, trained once for all of them."""

from collections.abc import Iterator

import pytest

from tests.support import tiny_rasa


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tiny_rasa.Addresses]:
    folder = tmp_path_factory.mktemp("rasa")
    tiny_rasa.train(folder)
    with tiny_rasa.running(folder) as addresses:
        yield addresses
