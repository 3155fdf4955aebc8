"""The files customers sent, told through the port, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.channels.channel import Attachment
from handover.conversation import Conversation
from handover.errors import NotFound
from handover.record_ports_media import MediaState, StoredMedia
from tests.support.desk_world import World, open_world

LEASE = timedelta(seconds=60)
PICTURE = Attachment("image", url="https://cdn.example.invalid/1.jpg", name="cat.jpg", media_type="image/jpeg")


@pytest.fixture
async def world(any_record: str, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path) as opened:
        yield opened


async def wanted(world: World, conversation: Conversation, *attachments: Attachment) -> list[StoredMedia]:
    async with world.backends.records.transaction() as tx:
        return list(await tx.media.add(conversation.id, 1, attachments, world.clock.now()))


async def claimed(world: World, limit: int = 10) -> list[StoredMedia]:
    now = world.clock.now()
    async with world.backends.records.transaction() as tx:
        return list(await tx.media.claim(now, now + LEASE, limit))


async def test_a_file_is_wanted_once_however_often_its_entry_is_recorded(world: World) -> None:
    conversation = await world.conversation("look")
    place = Attachment("location", text="52.37,4.89")
    once = await wanted(world, conversation, place, PICTURE, Attachment("audio", ref="f1"))
    assert await wanted(world, conversation, place, PICTURE, Attachment("audio", ref="f1")) == once
    assert [(file.number, file.kind, file.url, file.ref, file.state) for file in once] == [
        (0, "image", PICTURE.url, None, MediaState.WAITING),
        (1, "audio", None, "f1", MediaState.WAITING),
    ]
    assert once[0].inbox == conversation.inbox
    assert (once[0].name, once[0].media_type) == ("cat.jpg", "image/jpeg")


async def test_what_may_not_be_kept_is_never_wanted(world: World) -> None:
    conversation = await world.conversation("look")
    [file] = await wanted(world, conversation, Attachment("story", url="https://x.invalid/1", keep=False))
    assert (file.state, file.url, file.ref) == (MediaState.REFUSED, None, None)
    assert "does not allow" in (file.why or "")
    assert await claimed(world) == []


async def test_a_claim_holds_until_its_lease_ends_and_the_next_one_takes_its_place(world: World) -> None:
    await wanted(world, await world.conversation("look"), PICTURE)
    [first] = await claimed(world)
    assert first.attempts == 1
    assert await claimed(world) == []
    world.clock.advance(61)
    [second] = await claimed(world)
    assert second.attempts == 2
    async with world.backends.records.transaction() as tx:
        assert not await tx.media.settle(first.id, first.attempts, MediaState.HERE, content=b"old")
        assert not await tx.media.again(first.id, first.attempts, world.clock.now())
        assert await tx.media.settle(second.id, 2, MediaState.HERE, media_type="image/jpeg", content=b"\x00\xff")
        file, content = await tx.media.get(first.id)
    assert (file.state, file.size, file.media_type, content) == (MediaState.HERE, 2, "image/jpeg", b"\x00\xff")
    assert (file.url, file.ref, file.why) == (None, None, None)


async def test_later_is_later(world: World) -> None:
    await wanted(world, await world.conversation("look"), PICTURE)
    [file] = await claimed(world)
    async with world.backends.records.transaction() as tx:
        assert await tx.media.again(file.id, 1, world.clock.now() + timedelta(seconds=10))
    assert await claimed(world) == []
    world.clock.advance(10)
    assert [again.attempts for again in await claimed(world)] == [2]


async def test_of_many_who_claim_at_once_each_file_has_one(world: World) -> None:
    await wanted(world, await world.conversation("look"), *[PICTURE] * 8)
    found = await asyncio.gather(*(claimed(world, 3) for _ in range(6)))
    ids = [file.id for some in found for file in some]
    assert len(ids) == len(set(ids)) == 8


async def test_what_was_refused_keeps_its_reason_and_no_bytes(world: World) -> None:
    await wanted(world, await world.conversation("look"), PICTURE)
    [file] = await claimed(world)
    async with world.backends.records.transaction() as tx:
        await tx.media.settle(file.id, 1, MediaState.REFUSED, why="x" * 400)
        stored, content = await tx.media.get(file.id)
    assert (stored.state, stored.why, content) == (MediaState.REFUSED, "x" * 300, None)


async def test_what_the_customer_deletes_is_gone_also_while_it_is_being_fetched(world: World) -> None:
    conversation = await world.conversation("look")
    here, fetching = await wanted(world, conversation, PICTURE, PICTURE)
    assert len(await claimed(world)) == 2
    async with world.backends.records.transaction() as tx:
        await tx.media.settle(here.id, 1, MediaState.HERE, content=b"bytes")
    async with world.backends.records.transaction() as tx:
        await tx.media.forget(conversation.id, 1)
        assert not await tx.media.settle(fetching.id, 1, MediaState.HERE, content=b"late")
        assert await tx.media.of_entry(conversation.id, 1) == []
        for file in (here, fetching):
            with pytest.raises(NotFound):
                await tx.media.get(file.id)


async def test_the_desk_is_told_of_every_change_and_of_none_twice(world: World) -> None:
    conversation = await world.conversation("look")
    files = await wanted(world, conversation, PICTURE, PICTURE)
    assert await untold(world) == [(conversation.id, 1)]
    [first, _] = await claimed(world)
    async with world.backends.records.transaction() as tx:
        await tx.media.settle(first.id, 1, MediaState.FAILED, why="gone")
        await tx.media.told(files)  # as they were before
    assert await untold(world) == [(conversation.id, 1)]
    async with world.backends.records.transaction() as tx:
        await tx.media.told(await tx.media.of_entry(conversation.id, 1))
    assert await untold(world) == []


async def untold(world: World) -> list[tuple[str, int]]:
    async with world.backends.records.reading() as tx:
        return [(str(conversation), offset) for conversation, offset in await tx.media.untold(10)]


async def test_what_screens_hold_of_a_file_has_no_address(world: World) -> None:
    conversation = await world.conversation("look")
    [file] = await wanted(world, conversation, PICTURE)
    assert file.part() == {
        "id": file.id,
        "kind": "image",
        "name": "cat.jpg",
        "media_type": "image/jpeg",
        "size": 0,
        "state": "waiting",
    }
    [refused] = await wanted(world, await world.conversation("x"), Attachment("story", url="https://x", keep=False))
    assert refused.part()["why"]
