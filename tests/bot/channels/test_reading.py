"""Reading what may be anything: JSON with and without sense, ids, moments, and keys that fit an index."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels import reading
from bot.channels.channel import Event, EventKind
from bot.channels.reading import Broken, bounded, digest_of, id_in, kept, key_of, moment, read_json, text_in
from handover.errors import BadInput
from tests.support.spoilt_json import WRONG, nested, patient

NOON = datetime(2026, 7, 25, 12, 0, tzinfo=UTC)


def test_numbers_that_no_record_keeps_spoil_only_their_own_place() -> None:
    body = b'{"a": NaN, "b": 1e999, "c": %s, "d": -Infinity, "e": 1.5}' % (b"9" * 5000)
    assert read_json(body) == {"a": None, "b": None, "c": "9" * 5000, "d": None, "e": 1.5}


def test_bytes_that_are_no_text_spoil_only_their_own_place() -> None:
    assert read_json(b'\xef\xbb\xbf{"a": "\xff", "b": "ok"}') == {"a": "\ufffd", "b": "ok"}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"5", b'"x"', b"null", b"[" * 200_000, b'{"a":' * 200_000])
def test_what_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(BadInput):
        read_json(body)


def test_a_webhook_without_end_is_refused_before_it_holds_anybody_up() -> None:
    events = (Event(EventKind.UNKNOWN, str(number)) for number in count())
    with pytest.raises(BadInput):
        bounded(events)
    assert next(events).key == str(reading.MOST_EVENTS + 1)
    assert len(bounded([Event(EventKind.UNKNOWN, "1")] * reading.MOST_EVENTS)) == reading.MOST_EVENTS


def test_what_is_kept_can_be_written_by_every_database() -> None:
    value = kept({"a\x00": "\x00\ud800😀", "deep": nested(100)})
    assert value["a\ufffd"] == "\ufffd\ufffd😀"
    written = json.dumps(value, ensure_ascii=False).encode()
    assert written.count(b"[") == reading.DEEPEST - 1


@pytest.mark.parametrize(
    "told",
    [
        *(1784980800, 1784980800000, "1784980800", "1784980800000", 1784980800.0),
        *("2026-07-25T12:00:00+0000", "2026-07-25T12:00:00Z", "2026-07-25T14:00:00+02:00", "2026-07-25T12:00:00"),
    ],
)
def test_a_moment_is_read_in_all_the_ways_platforms_write_it(told: Any) -> None:
    assert moment(told) == NOON


@patient
@given(st.sampled_from(WRONG) | st.integers() | st.floats() | st.text() | st.text("0123456789.-T:+Z"))
def test_a_moment_is_in_our_time_or_none(told: Any) -> None:
    at = moment(told)
    assert at is None or (at.tzinfo is UTC and 1970 <= at.year <= 2200)


def test_an_id_is_text_whether_it_comes_as_text_or_as_a_number() -> None:
    assert [id_in({"id": told}, "id") for told in ("7", 7, None, "")] == ["7", "7", None, None]
    for wrong in (True, [], {}, 1.5, "9" * 501):
        with pytest.raises(Broken):
            id_in({"id": wrong}, "id")


def test_words_of_a_wrong_type_are_broken_and_not_forgotten() -> None:
    with pytest.raises(Broken):
        text_in({"text": 5}, "text")
    assert text_in({"text": ""}, "text") is None


@patient
@given(st.lists(st.text() | st.integers() | st.none(), min_size=1))
def test_a_key_fits_an_index_and_is_the_same_again(parts: list[Any]) -> None:
    assert key_of(*parts) == key_of(*parts)
    assert len(key_of(*parts)) <= reading.LONGEST_KEY


def test_different_events_have_different_keys() -> None:
    assert digest_of({"a": 1, "b": 2}) == digest_of({"b": 2, "a": 1})
    assert digest_of({"a": 1}) != digest_of({"a": "1"})
