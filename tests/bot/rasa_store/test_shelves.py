"""What lies on a shelf is put there whole, and never put over what was not taken: in memory, SQLite and PostgreSQL."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bot.rasa_store.shelves import MemoryShelf, Shelf, SqlShelf
from tests.support.distributed import Database


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgresql", marks=pytest.mark.servers)])
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shelf]:
    if request.param == "memory":
        yield MemoryShelf()
        return
    database: Database | None = request.getfixturevalue("postgres") if request.param == "postgresql" else None
    with closing(SqlShelf(database.url if database else f"sqlite:///{tmp_path / 'trackers.db'}")) as opened:
        yield opened


def test_nothing_lies_there_at_first(shelf: Shelf) -> None:
    assert shelf.take("c") is None
    assert shelf.names() == []


def test_what_was_taken_can_be_put_back_changed(shelf: Shelf) -> None:
    shelf.put("c", "[1]")
    held = shelf.take("c")
    assert held is not None
    version = shelf.put("c", "[1, 2]", held.version)
    assert shelf.take("c") == ("[1, 2]", version)
    assert shelf.put("c", "[1, 2, 3]", version) is not None


def test_what_a_turn_left_that_was_given_up_meanwhile_is_not_put_over_what_the_next_was_given(shelf: Shelf) -> None:
    shelf.put("c", "[1]")
    held = shelf.take("c")
    assert held is not None
    shelf.put("c", "[5]")
    assert shelf.put("c", "[1, 2]", held.version) is None
    now = shelf.take("c")
    assert now is not None
    assert now.events == "[5]"


def test_what_was_taken_is_put_back_also_when_everything_was_lost_meanwhile(shelf: Shelf) -> None:
    assert shelf.put("c", "[1]", "taken before the loss") is not None
    assert shelf.names() == ["c"]


def test_conversations_do_not_touch_each_other(shelf: Shelf) -> None:
    shelf.put("c", "[1]")
    shelf.put("d", "[2]")
    held = shelf.take("c")
    assert held is not None
    assert held.events == "[1]"


def test_memory_keeps_the_newest() -> None:
    shelf = MemoryShelf(room=2)
    for name in ("a", "b", "a", "c"):
        shelf.put(name, "[]")
    assert shelf.names() == ["a", "c"]


@pytest.mark.servers
def test_two_processes_share_a_shelf(postgres: Database) -> None:
    with closing(SqlShelf(postgres.url)) as one, closing(SqlShelf(postgres.url)) as other:
        one.put("c", "[1]")
        held = other.take("c")
        assert held is not None
        assert other.put("c", "[2]", held.version) is not None
        assert one.put("c", "[3]", held.version) is None


def test_what_is_older_than_a_day_goes(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'trackers.db'}"
    day = 24 * 3600.0
    with closing(SqlShelf(address, now=lambda: day)) as shelf:
        shelf.put("old", "[]")
    with closing(SqlShelf(address, now=lambda: 2.1 * day)) as shelf:
        shelf.put("new", "[]")
        assert shelf.names() == ["new"]
