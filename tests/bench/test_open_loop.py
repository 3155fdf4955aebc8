"""The open loop: everything is sent at its time, counted once, and what never comes is lost."""

from __future__ import annotations

import asyncio

import pytest

from bench.ends import WORDS, number_in, words
from bench.open_loop import Heard, OpenLoop


async def test_everything_is_sent_in_turn_and_what_comes_is_timed() -> None:
    loop = OpenLoop()
    sent: list[tuple[int, int]] = []

    def end(which: int, number: int) -> None:
        sent.append((which, number))
        loop.acknowledged(number)
        loop.arrived(number)
        loop.arrived(number)  # a second coming counts nothing

    heard = await loop.run([lambda n: end(0, n), lambda n: end(1, n)], rate=1_000, seconds=0.05, patience=20)
    assert sent == [(number % 2, number) for number in range(50)]
    assert (heard.sent, heard.lost, len(heard.arrived), len(heard.acknowledged)) == (50, 0, 50, 50)
    assert all(late >= 0 for late in heard.late)


async def test_latency_counts_from_when_it_was_due_also_when_the_load_is_held_up() -> None:
    loop = OpenLoop()
    held = asyncio.get_running_loop()

    def end(number: int) -> None:
        if number == 0:
            wait = held.time() + 0.1
            while held.time() < wait:
                pass  # the whole process stands still: what was due meanwhile is late
        loop.arrived(number)

    heard = await loop.run([end], rate=1_000, seconds=0.05, patience=20)
    assert heard.lost == 0
    assert max(heard.arrived) >= 100
    assert min(heard.arrived[1:40]) >= 50


async def test_what_never_comes_is_lost_and_stragglers_are_not_counted_later() -> None:
    loop = OpenLoop()
    late: list[int] = []

    def every_other(number: int) -> None:
        if number % 2:
            late.append(number)
        else:
            loop.arrived(number)

    first = await loop.run([every_other], rate=1_000, seconds=0.02, patience=0.01)
    assert (first.sent, first.lost) == (20, 10)

    def stragglers(number: int) -> None:
        for old in late:
            loop.arrived(old)
        loop.arrived(number)

    second = await loop.run([stragglers], rate=1_000, seconds=0.02, patience=20)
    assert (second.sent, second.lost, len(second.arrived)) == (20, 0, 20)


def test_a_run_survives_the_way_between_processes() -> None:
    heard = Heard(10, 1, 3, [1.0, 2.0], [1.5], [0.1, 0.1, 0.2], [4408])
    assert Heard.of_json(heard.as_json()) == heard


@pytest.mark.parametrize("number", [0, 7, 999_999_999])
def test_words_carry_their_number(number: int) -> None:
    assert len(words(number)) == WORDS
    assert number_in(f'{{"text":"{words(number)}","client_id":"{number}"}}'.encode()) == number


@pytest.mark.parametrize("payload", [b"", b'{"type":"heartbeat"}', b'"#"', b'"#12'])
def test_other_frames_carry_none(payload: bytes) -> None:
    assert number_in(payload) is None
