"""Keeping inboxes beside the API: keys that change, and two admins at the same inbox."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.channels.inbox_keeping import InboxKeeping
from bot.channels.inbox_wishes import Wish
from bot.channels.registry import CHANNELS
from handover.backends import Backends, open_backends
from handover.errors import BadInput, NotFound
from handover.inbox_book import InboxBook
from handover.inbox_cipher import Cipher, new_key
from tests.support.distributed import Database
from tests.support.hand_clock import HandClock
from tests.support.inbox_house import NEEDED, OURS, ScriptedCalls

WISH = Wish("Shop bot", "4711", {}, NEEDED["telegram"])


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.servers)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'record.db'}"
    database: Database = request.getfixturevalue("postgres")
    return database.url


def keeping_over(backends: Backends, *keys: str) -> InboxKeeping:
    clock, cipher = HandClock(), Cipher(keys)
    book = InboxBook(backends.records, clock, cipher)
    return InboxKeeping(backends.records, book, cipher, CHANNELS, ScriptedCalls(), OURS, clock)


async def test_a_key_goes_when_everything_was_sealed_anew_with_another(url: str) -> None:
    old, new = new_key(), new_key()
    async with open_backends(url) as backends:
        inbox = await keeping_over(backends, old).add("telegram", WISH, "ann")
        gone = await keeping_over(backends, old).add("telegram", Wish("Other", "2", {}, NEEDED["telegram"]), "ann")
        await keeping_over(backends, old).remove(gone.id, "ann")
        with pytest.raises(BadInput):
            await keeping_over(backends, new).seal_anew()
        assert await keeping_over(backends, new, old).seal_anew() == 1
        assert (await keeping_over(backends, new).one(inbox.id)).secrets == NEEDED["telegram"]
        with pytest.raises(BadInput):
            await keeping_over(backends, old).seal_anew()


async def test_who_changes_an_inbox_that_is_being_removed_does_not_bring_it_back(url: str) -> None:
    async with open_backends(url) as backends:
        keeping = keeping_over(backends, new_key())
        for n in range(5):
            inbox = await keeping.add("telegram", Wish(f"Bot {n}", str(n), {}, NEEDED["telegram"]), "ann")
            changes = [keeping.change(inbox.id, Wish(name=f"New {m}"), "bea") for m in range(3)]
            done = await asyncio.gather(*changes, keeping.remove(inbox.id, "ann"), return_exceptions=True)
            assert done[-1] is None
            assert all(isinstance(one, NotFound) for one in done if isinstance(one, BaseException))
            with pytest.raises(NotFound):
                await keeping.one(inbox.id)
            async with backends.records.reading() as view:
                assert (await view.inboxes.get(inbox.id)).sealed is None


async def test_without_a_key_nothing_is_kept(url: str) -> None:
    async with open_backends(url) as backends:
        keeping = keeping_over(backends)
        with pytest.raises(BadInput, match="SECRETS_KEYS"):
            await keeping.add("telegram", WISH, "ann")
        assert await keeping.listed() == []
