"""What a console has been sent of the list rows, and what is left of a gathered frame."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from handover.gathered_rows import ROWS
from handover.known_rows import KnownRows
from handover.ports import Told


def known(upto: int, *early: int) -> KnownRows:
    rows = KnownRows()
    rows.begin(upto)
    for feed in early:
        rows.add((feed,))
    return rows


def frame(*feeds: int) -> str:
    return json.dumps({"type": "conversations", "rows": [{"feed": feed, "text": "größer"} for feed in feeds]})


def test_numbers_that_follow_move_the_whole_and_others_wait_for_those_between() -> None:
    rows = known(3)
    rows.add((4, 5))
    assert rows.upto == 5
    rows.add((8,))
    rows.add((7, 10))
    assert (rows.upto, rows.has(7), rows.has(6)) == (5, True, False)
    rows.add((6,))
    assert (rows.upto, rows.has(9), rows.has(10)) == (8, False, True)
    rows.read(10)
    assert rows.upto == 10
    rows.add((11,))
    assert rows.upto == 11


@given(st.permutations(range(1, 30)), st.lists(st.integers(1, 5), min_size=30, max_size=30))
def test_whatever_the_order_all_is_known_in_the_end_and_nothing_before_it_came(
    order: list[int], sizes: list[int]
) -> None:
    rows, came = KnownRows(), set[int]()
    while order:
        size = sizes.pop()
        some, order = sorted(order[:size]), order[size:]
        rows.add(some)
        came.update(some)
        assert {feed for feed in range(1, 40) if rows.has(feed)} == came
        assert set(range(1, rows.upto + 1)) <= came
    assert rows.upto == 29


def test_a_frame_loses_the_rows_that_were_sent_and_nothing_else() -> None:
    assert known(3).left_of(frame(4, 5), (4, 5)) == frame(4, 5)
    assert json.loads(known(3, 7).left_of(frame(2, 5, 7, 8), (2, 5, 6, 7, 8))) == json.loads(frame(5, 8))
    assert known(9).left_of(frame(4, 5), (4, 5)) == ""
    assert known(3).left_of("", (2, 4)) == ""


def test_too_many_beyond_a_gap_are_not_remembered() -> None:
    rows = known(0)
    rows.add(tuple(range(2, 3_000)))
    assert rows.has(2)
    assert not rows.has(2_999)


def test_what_is_new_in_a_row_or_several_and_what_is_no_row() -> None:
    rows = known(3, 6)
    assert rows.new_in(Told("agents", "conversation", "{}", 5)) == ("{}", (5,))
    assert rows.new_in(Told("agents", "conversation", "{}", 6)) == ("", ())
    assert rows.new_in(Told("agents", ROWS, frame(7), covers=(7,))) == (frame(7), (7,))
    assert rows.new_in(Told("agents", ROWS, frame(6), covers=(6,))) == ("", (6,))
    assert rows.new_in(Told("agent:mia", "conversation", "{}")) is None, "an agent's own copy has no number"
    assert rows.new_in(Told("agents", "offer", "{}", 9)) is None
    rows.add(())
    assert rows.upto == 3


def test_numbers_that_were_read_already_take_no_room() -> None:
    known = KnownRows()
    known.begin(5_000)
    known.add(tuple(range(1, 4_001)))
    known.add((5_002,))
    assert known.has(5_002)
    known.add((5_001,))
    assert known.upto == 5_002
