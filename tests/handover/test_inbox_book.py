"""The inbox book: what it reads, opens, notes and forgets, on the record of both kinds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from handover.backends import open_backends
from handover.errors import NotFound
from handover.inbox_book import FRESH_SECONDS, NOTED_EVERY_SECONDS, InboxBook
from handover.inbox_cipher import Cipher, new_key
from handover.inboxes import Inbox
from handover.ports import Records
from handover.record_ports_inboxes import KeptInbox
from tests.support.distributed import Database
from tests.support.hand_clock import HandClock

SHOP = Inbox("telegram.0a1b2c3d", "telegram", "Shop bot", "4711", settings={"greeting": "yes"})
TOKEN = {"bot_token": "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"}


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.servers)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'record.db'}"
    database: Database = request.getfixturevalue("postgres")
    return database.url


async def _put(records: Records, cipher: Cipher, clock: HandClock, inbox: Inbox = SHOP) -> bool:
    async with records.transaction() as tx:
        return await tx.inboxes.add(KeptInbox(inbox, cipher.seal(inbox.id, TOKEN)), clock.now())


async def test_an_inbox_is_found_with_its_secrets_which_the_record_has_only_sealed(url: str) -> None:
    clock, cipher = HandClock(), Cipher([new_key()])
    async with open_backends(url) as backends:
        assert await _put(backends.records, cipher, clock)
        book = InboxBook(backends.records, clock, cipher)
        found = await book.get(SHOP.id)
        assert found == replace(SHOP, secrets=TOKEN)
        assert list(await book.of_channel("telegram")) == list(await book.all()) == [found]
        assert list(await book.of_channel("line")) == []
        assert TOKEN["bot_token"] not in repr(found)
        async with backends.records.reading() as view:
            kept = await view.inboxes.get(SHOP.id)
            assert await view.inboxes.by_channel("telegram") == [kept]
            assert await view.inboxes.backlog() == {}
        assert TOKEN["bot_token"] not in (kept.sealed or TOKEN["bot_token"])
        assert kept.inbox.secrets == {}
        with pytest.raises(NotFound):
            await book.get("telegram.ffffffff")


async def test_two_inboxes_never_answer_as_one_account_unless_one_was_removed(url: str) -> None:
    clock, cipher = HandClock(), Cipher([new_key()])
    again = replace(SHOP, id="telegram.ffffffff")
    async with open_backends(url) as backends:
        records, book = backends.records, InboxBook(backends.records, clock, cipher)
        assert await _put(records, cipher, clock)
        assert not await _put(records, cipher, clock, again)
        other = replace(again, account="4712")
        assert await _put(records, cipher, clock, other)
        async with records.transaction() as tx:
            assert not await tx.inboxes.change(KeptInbox(replace(other, account="4711")))
            assert await tx.inboxes.change(KeptInbox(replace(SHOP, enabled=False)))
            assert await tx.inboxes.change(KeptInbox(replace(other, account="4711")))
        assert [inbox.id for inbox in await book.of_channel("telegram")] == [again.id]
        assert not (await book.get(SHOP.id)).enabled


async def test_what_others_change_is_seen_when_it_is_old_and_what_we_change_at_once(url: str) -> None:
    clock, cipher = HandClock(), Cipher([new_key()])
    async with open_backends(url) as backends:
        await _put(backends.records, cipher, clock)
        ours, theirs = (InboxBook(backends.records, clock, cipher) for _ in range(2))
        assert (await theirs.get(SHOP.id)).paused_at is None
        assert await ours.pause(SHOP.id, "The token was withdrawn.")
        assert not await ours.pause(SHOP.id, "Another reason.")
        assert (await ours.get(SHOP.id)).paused_why == "The token was withdrawn."
        assert (await theirs.get(SHOP.id)).paused_at is None
        clock.advance(FRESH_SECONDS)
        assert (await theirs.get(SHOP.id)).paused_at is not None
        await theirs.resume(SHOP.id)
        assert (await theirs.get(SHOP.id)).paused_at is None


async def test_when_the_platform_was_heard_is_noted_but_not_a_hundred_times_a_second(url: str) -> None:
    clock, cipher = HandClock(), Cipher([new_key()])
    async with open_backends(url) as backends:
        await _put(backends.records, cipher, clock)
        book = InboxBook(backends.records, clock, cipher)
        first = clock.now()
        await book.saw_handshake(SHOP.id)
        await book.saw_webhook(SHOP.id)
        clock.advance(NOTED_EVERY_SECONDS / 2)
        await book.saw_webhook(SHOP.id)
        assert ((await book.get(SHOP.id)).handshake_at, (await book.get(SHOP.id)).webhook_at) == (first, first)
        clock.advance(NOTED_EVERY_SECONDS)
        await book.saw_webhook(SHOP.id)
        assert (await book.get(SHOP.id)).webhook_at == clock.now()
        async with backends.records.transaction() as tx:
            await tx.inboxes.saw(SHOP.id, webhook_at=first)
        book.forget()
        assert (await book.get(SHOP.id)).webhook_at == clock.now()


async def test_an_inbox_whose_secrets_no_key_opens_is_paused_and_says_why(url: str) -> None:
    clock = HandClock()
    async with open_backends(url) as backends:
        await _put(backends.records, Cipher([new_key()]), clock)
        found = await InboxBook(backends.records, clock, Cipher([new_key()])).get(SHOP.id)
    assert found.secrets == {}
    assert found.paused_at is not None
    assert "SECRETS_KEYS" in (found.paused_why or "")
