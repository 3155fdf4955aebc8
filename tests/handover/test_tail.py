"""The tail of a conversation on one socket: each entry once, in order, whatever the live feed does."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from handover.entries import Author, AuthorKind, ConversationId, Entry, EntryKind
from handover.tail import Tail

HERE = ConversationId("c")


def _entry(offset: int) -> Entry:
    author = Author(AuthorKind.CUSTOMER, "Customer")
    return Entry(HERE, offset, author, EntryKind.MESSAGE, f"line {offset}", datetime(2026, 1, 5, tzinfo=UTC), 0)


class Scene:
    """A record that grows, a screen, and a tail between them."""

    def __init__(self, written: int, after: int) -> None:
        self.written = written
        self.shown: list[int] = []
        self.reads = 0
        self.tail = Tail(HERE, after, read=self._read, send=self._send, send_text=self._send_text)

    async def _read(self, conversation: ConversationId, after: int, limit: int) -> Sequence[Entry]:
        self.reads += 1
        await asyncio.sleep(0)
        return [_entry(offset) for offset in range(after + 1, min(after + limit, self.written) + 1)]

    async def _send(self, entry: Entry) -> None:
        await asyncio.sleep(0)
        self.shown.append(entry.offset)

    async def _send_text(self, text: str) -> None:
        await asyncio.sleep(0)
        self.shown.append(int(text))


async def test_a_reader_gets_exactly_what_it_missed() -> None:
    scene = Scene(written=450, after=17)
    await scene.tail.catch_up()
    assert scene.shown == list(range(18, 451))


async def test_an_entry_the_feed_lost_is_read_from_the_record_when_the_next_one_comes() -> None:
    scene = Scene(written=3, after=0)
    await scene.tail.hear(1, "1")
    await scene.tail.hear(3, "3")
    assert scene.shown == [1, 2, 3]
    assert scene.reads == 1


async def test_an_entry_told_twice_is_shown_once() -> None:
    scene = Scene(written=2, after=0)
    for offset in (1, 1, 2, 1):
        await scene.tail.hear(offset, str(offset))
    assert scene.shown == [1, 2]
    assert scene.reads == 0


async def test_an_acknowledgement_that_was_told_already_costs_no_query() -> None:
    scene = Scene(written=1, after=0)
    await scene.tail.hear(1, "1")
    await scene.tail.catch_up(upto=1)
    assert scene.reads == 0


@given(st.integers(1, 12), st.integers(0, 12), st.lists(st.integers(1, 12) | st.none(), max_size=20))
async def test_each_entry_is_shown_once_and_in_order_whatever_is_lost_repeated_or_late(
    written: int, after: int, heard: list[int | None]
) -> None:
    after = min(after, written)
    scene = Scene(written, after)
    # All at the same time, as the reader and the follower of one socket are.
    await asyncio.gather(
        *(
            scene.tail.catch_up()
            if offset is None
            else scene.tail.hear(min(offset, written), str(min(offset, written)))
            for offset in heard
        )
    )
    await scene.tail.catch_up()
    assert scene.shown == list(range(after + 1, written + 1))


async def test_what_is_told_at_once_is_the_next_line_and_nothing_else() -> None:
    scene = Scene(written=5, after=2)
    sent: list[str] = []
    tail, may = scene.tail, [True]

    def send_now(text: str) -> bool:
        sent.extend([text] if may[0] else [])
        return may[0]

    assert tail.hear_now(2, "2", send_now), "it was sent"
    assert not tail.hear_now(4, "4", send_now), "one between is read from the record"
    may[0] = False
    assert not tail.hear_now(3, "3", send_now)
    assert (tail.last, sent) == (2, [])
    may[0] = True
    assert tail.hear_now(3, "3", send_now)
    catching_up = asyncio.create_task(tail.catch_up())
    await asyncio.sleep(0)
    assert not tail.hear_now(4, "4", send_now), "the record is being read"
    await catching_up
    assert (tail.last, sent, scene.shown) == (5, ["3"], [4, 5])
