"""Quiet rows are gathered, loud ones are not, and no conversation goes backwards."""

from __future__ import annotations

import asyncio
import json
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from handover.agent_frames import ConversationFrame, ConversationsFrame
from handover.agent_parts import CustomerPart
from handover.agents import OUTSIDE
from handover.backends.live_in_process import InProcessFeed
from handover.conversation import Control, Lifecycle
from handover.gathered_rows import ROOM, GatheredRows
from handover.ports import Told
from handover.screens import AGENTS, conversation_frame, is_quiet
from handover.stored import ConversationRow
from tests.support.desk_world import open_world
from tests.support.hand_peer import eventually

_AT = datetime(2026, 11, 21, 10, tzinfo=UTC)
# What a quiet change may change of a list row. A field that is in neither set has to be thought of first.
QUIET = {"type", "conversation", "feed", "changed_at", "last_entry", "customer_at"}


def row(conversation: str, feed: int, *, waits: bool = True, name: str = "Ann") -> Told:
    frame = ConversationFrame(
        conversation=conversation, inbox="web", lifecycle=Lifecycle.ACTIVE, control=Control.BOT, epoch=1,
        customer=CustomerPart(id="k", name=name), feed=feed, changed_at=_AT,
    )  # fmt: skip
    return Told(AGENTS, "conversation", frame.model_dump_json(exclude_none=True), feed, conversation, waits)


async def told_of(*rows: Told) -> list[Told]:
    """What is told of these rows in the end."""
    told: list[Told] = []
    here = GatheredRows(told.append, 0.001)
    for one in rows:
        here.hear(one)
    missing = {one.offset for one in rows}
    await eventually(lambda: not missing - {each for one in told for each in (one.offset, *one.covers)})
    return told


def rows_in(told: Told) -> list[int]:
    return [each["feed"] for each in json.loads(told.text)["rows"]] if told.text else []


async def test_the_first_goes_at_once_and_those_that_follow_as_one_frame_with_the_newest_of_each() -> None:
    first, told = await told_of(row("a", 1), row("b", 2), row("a", 3), row("c", 4), row("b", 5))
    assert first == row("a", 1)
    assert (told.kind, rows_in(told), told.covers) == ("conversations", [3, 4, 5], (2, 3, 4, 5))
    frame = ConversationsFrame.model_validate_json(told.text)
    assert frame.model_dump_json(exclude_none=True) == told.text
    assert [each.model_dump_json(exclude_none=True) for each in frame.rows] == [
        row(*one).text for one in (("a", 3), ("c", 4), ("b", 5))
    ]


async def test_a_row_that_may_not_wait_goes_at_once_and_stands_for_the_older_one_that_waits() -> None:
    loud = row("b", 4, waits=False)
    first, second, *more = await told_of(row("a", 1), row("b", 2), row("c", 3), loud)
    assert (first, second) == (row("a", 1), loud)
    assert [(rows_in(each), each.covers) for each in more] == [([3], (2, 3))]


async def test_an_older_row_that_comes_late_from_another_process_never_takes_a_list_back() -> None:
    told = await told_of(row("a", 5), row("a", 4), row("b", 7), row("b", 6), row("c", 9, waits=False), row("c", 8))
    assert [rows_in(each) for each in told[2:]] == [[7]]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), min_size=1, max_size=12).flatmap(
    lambda changes: st.permutations([(at, *change) for at, change in enumerate(changes, 1)])
))  # fmt: skip
def test_whatever_comes_in_whatever_order_no_list_goes_backwards_and_the_newest_is_shown(
    changes: list[tuple[int, str, bool]],
) -> None:
    # The first waits: a window is open while all others come.
    rows = [row("first", 0), *(row(conversation, at, waits=waits) for at, conversation, waits in changes)]
    told = asyncio.run(told_of(*rows))
    shown: dict[str, int] = {"first": -1}
    for one in told:
        for conversation, feed in _shown(one):
            assert feed > shown.get(conversation, 0)
            shown[conversation] = feed
    assert shown == {"first": 0, **{conversation: at for at, conversation, _ in sorted(changes)}}
    assert sorted(
        each for one in told for each in (*one.covers, *([one.offset] if one.offset is not None else []))
    ) == (list(range(len(rows))))


def _shown(told: Told) -> list[tuple[str, int]]:
    if not told.text:
        return []
    frame = json.loads(told.text)
    return [(each["conversation"], each["feed"]) for each in frame.get("rows", [frame])]


async def test_no_frame_is_larger_than_a_frame_may_be() -> None:
    _, *more = await told_of(*(row(f"c{at}", at, name="ä" * 5_000) for at in range(1, 30)))
    assert [feed for each in more for feed in rows_in(each)] == list(range(2, 30))
    assert len(more) > 2
    assert all(len(each.text.encode()) < 64 * 1024 for each in more)
    assert ROOM < 64 * 1024


async def test_a_feed_that_is_still_has_no_timer_and_one_that_is_not_has_one_for_all_readers() -> None:
    feed = InProcessFeed()
    async with feed.follow(AGENTS) as one, feed.follow(AGENTS) as two:
        for at in range(1, 4):
            await feed.publish(row("a", at))
        for follower in (one, two):
            assert follower.take() == row("a", 1)
            assert follower.take() is None
        heard = [await anext(aiter(follower)) for follower in (one, two)]
        assert heard[0] is heard[1]
        await eventually(lambda: feed.rows.still)
        await feed.publish(row("a", 4))
        assert one.take() == row("a", 4)


async def test_nothing_is_gathered_for_nobody() -> None:
    feed = InProcessFeed()
    for at in range(1, 4):
        await feed.publish(row("a", at))
    async with feed.follow(AGENTS) as follower:
        await feed.publish(row("a", 4))
        assert follower.take() == row("a", 4)


async def test_a_new_line_is_quiet_and_whatever_else_a_row_shows_is_not(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        here = (await world.conversation("hi")).id
        async with world.desk.live.follow(AGENTS) as follower:
            await world.says(here, "one more")
            await world.says(here, "and more")
            first, second = follower.take(), await anext(aiter(follower))
            assert (first.kind if first else "", second.kind) == ("conversation", "conversations")


async def test_only_a_line_and_the_times_are_quiet_of_all_that_a_row_shows(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        here = (await world.conversation("hi")).id
        async with world.backends.records.reading() as tx:
            before = await tx.conversations.get(here)
    for name, after in _one_change_each(before).items():
        then, now = (conversation_frame(one).model_dump() for one in (before, after))
        loud = {field for field in then if then[field] != now[field]} - QUIET
        assert is_quiet(before, after) == (not loud), name


def _one_change_each(row: ConversationRow) -> dict[str, ConversationRow]:
    """The row with each of its fields changed alone; a field without a value here has to be thought of first."""
    later = _AT + timedelta(days=1)
    new: dict[str, Any] = {
        "customer": replace(row.customer, name="Someone else"), "agent": None, "last": None, "reason": "asked",
        "rating": 4, "reply_due": later, "team": "shoes", "needs": frozenset({"shoes"}), "contact": "k9",
        "blocked": True, "customer_at": later, "fallbacks": 9, "lacking": 9, "answered": 9, "stretch_start": 9,
        "told": 9, "seen": 9, "feed": 99, "slots": 9,
    }  # fmt: skip
    state: dict[str, Any] = {
        "id": "c9", "inbox": "telegram", "customer": "k9", "lifecycle": Lifecycle.SNOOZED, "control": Control.HUMAN,
        "epoch": 9, "last_offset": 9, "last_customer_offset": 9, "created_at": later, "changed_at": later,
        "agent": OUTSIDE, "waiting_since": later, "snoozed_until": later,
    }  # fmt: skip
    assert {*new, "conversation"} == {field.name for field in fields(row)}
    assert set(state) == {field.name for field in fields(row.conversation)}
    found = {name: replace(row, **{name: value}) for name, value in new.items()}
    for name, value in state.items():
        found[f"conversation.{name}"] = replace(row, conversation=replace(row.conversation, **{name: value}))
    return found
