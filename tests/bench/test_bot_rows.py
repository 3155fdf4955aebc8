"""What the bot's rows compute: from frames, from the record and from `/metrics` to what they report."""

from __future__ import annotations

import json
import math
import sqlite3
from pathlib import Path

import pytest

from bench.controls.stock_rasa import is_answer, message
from bench.customers import Customer, Words
from bench.flood import Flood, answered, in_time
from bench.p06_burst import answered_ranges, once_and_in_order
from bench.p07_long_conversation import Turn, around
from bench.plain_http import read_head
from bench.turn_stages import means, read_sums
from bench.wire import Wire


def frame(**parts: object) -> bytes:
    return json.dumps(parts, separators=(",", ":")).encode()


def entry(offset: int, kind: str, **more: object) -> bytes:
    return frame(type="entry", offset=offset, author={"kind": kind, "name": "x"}, kind="text", text="t", **more)


def test_a_customer_tells_what_was_kept_refused_and_answered() -> None:
    customer = Customer(Wire(), "c1", since=1)
    kept, refused = customer.say("one", intended=5.0), customer.say("two")
    for payload in (
        entry(1, "bot"),  # the greeting, which came before
        entry(2, "customer", client_id=kept.key),
        frame(type="error", code="busy", message="later", client_id=refused.key, retry_after=2.5),
        frame(type="typing", author={"kind": "bot", "name": "x"}),
        entry(3, "bot"),
        frame(type="control", control="offered", epoch=2),
    ):
        customer.hear(payload)
    assert (kept.intended, kept.offset, kept.refused) == (5.0, 2, None)
    assert (refused.kept, refused.wait) == (None, 2.5)
    assert [offset for offset, _ in customer.answers] == [3]
    assert customer.control == "offered"


def test_an_answer_is_as_late_as_the_first_of_the_words_it_answers() -> None:
    words = [
        Words("a", 10.0, 10.1, offset=2),
        Words("b", 11.0, 11.1, offset=3),
        Words("c", 12.0),
        Words("d", 13.0, 13, 6),
    ]
    assert answered(words, [(4, 14.0), (5, 15.0), (7, 13.5)]) == [(14.0, 4.0), (13.5, 0.5)]


def test_goodput_counts_answers_in_the_window_and_in_time() -> None:
    assert in_time([(1.0, 0.5), (2.0, 3.0), (9.0, 0.1)], began=0.0, ended=4.0, patience=2.0) == 0.25
    flood = Flood(0.0, 2.0, 3, [(1.0, 20.0)], [Words("a", 1.0, refused=1.05, wait=2.0), Words("b", 1.0, refused=1.5)])
    assert flood.per_second() == 0.0
    assert flood.per_second(math.inf) == 0.5
    assert flood.refused == pytest.approx([50.0])  # without a hint it is none
    assert flood.kept == 0


@pytest.mark.parametrize(
    ("said", "covered", "holds"),
    [
        ([2, 3, 4], [(2, 4)], True),
        ([2, 3, 5], [(2, 3), (5, 5)], True),
        ([2, 3, 4], [(2, 3)], False),
        ([2, 3, 4], [(2, 3), (3, 4)], False),
        ([3, 2, 4], [(2, 4)], False),
    ],
)
def test_a_burst_is_answered_once_and_in_order(said: list[int], covered: list[tuple[int, int]], holds: bool) -> None:
    assert once_and_in_order(said, covered) is holds


def test_committed_turns_are_read_from_the_record(tmp_path: Path) -> None:
    record = tmp_path / "record.db"
    with sqlite3.connect(record) as made:
        made.execute("CREATE TABLE turns (conversation, first_offset, last_offset, state)")
        rows = [("c", 5, 6, "committed"), ("c", 2, 4, "committed"), ("c", 2, 2, "superseded"), ("d", 1, 1, "committed")]
        made.executemany("INSERT INTO turns VALUES (?, ?, ?, ?)", rows)
    assert answered_ranges(record, "c") == [(2, 4), (5, 6)]


def test_turns_around_one() -> None:
    turns = [Turn(number, took, 10.0 * number) for number, took in ((1, 99.0), (2, 5.0), (3, 7.0), (4, 6.0))]
    assert around(turns, 2, 4) == (6.0, 30.0)


def test_stages_between_two_looks_at_the_metrics() -> None:
    text = (
        'switchboard_turn_seconds_sum{stage="wait"} 0.5\nswitchboard_turn_seconds_count{stage="wait"} 10.0\n'
        'switchboard_turn_seconds_bucket{le="1.0",stage="wait"} 10.0\nswitchboard_turn_seconds_sum{stage="weigh"} 1.0\n'
    )
    before = read_sums(text)
    assert before == {"wait": (0.5, 10.0)}
    assert means(before, {"wait": (0.8, 12.0), "record": (1.0, 4.0)}) == {"wait": pytest.approx(150), "record": 250}
    assert means(before, before) == {}


def test_http_answers_name_their_length() -> None:
    assert read_head(b"HTTP/1.1 503 Busy\r\ncontent-length: 12\r\nX: y\r\n\r\n") == (503, 12)
    with pytest.raises(ValueError, match="without a length"):
        read_head(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")


def test_rasa_says_200_and_nothing_when_it_has_failed() -> None:
    assert is_answer(200, b'[{"recipient_id":"a","text":"b"}]')
    assert not is_answer(200, b"[]")
    assert not is_answer(500, b'{"reason": "x"}')
    assert json.loads(message("a", "b")) == {"sender": "a", "message": "b"}
