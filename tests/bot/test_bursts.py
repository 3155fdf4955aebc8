"""When the bot waits for more words, and when it answers at once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.bursts import BurstSettings, Shape, answer_at, shape, window

SETTINGS = BurstSettings()
TIMES = st.floats(min_value=0, max_value=1_000, allow_nan=False)


@pytest.mark.parametrize(
    "text",
    [
        "Where is my order?",
        "where is my order",
        "I want to send it back.",
        "That is great!",
        "TT-482913",
        "anna@example.com",
        "75011",
        "yes",
        "no thanks",
        "SW1A 1AA",
        'He said "tomorrow."',
        "I bought the jacket in the shop last week and it already lost two of the buttons at the front you see",
    ],
)
def test_a_message_that_looks_finished_is_answered_at_once(text: str) -> None:
    assert window(text, settings=SETTINGS) == 0.0


@pytest.mark.parametrize(
    "text",
    ["I bought a tent and", "my order,", "so I thought...", "wait…", "I would like to", "these items:", "and the"],
)
def test_a_message_that_looks_cut_waits_longest(text: str) -> None:
    assert shape(text) is Shape.CUT
    assert window(text, settings=SETTINGS) == SETTINGS.cut


@pytest.mark.parametrize("text", ["hi", "hello there", "my tent"])
def test_a_greeting_or_a_single_fragment_waits_for_what_follows(text: str) -> None:
    assert shape(text) is Shape.FRAGMENT


def test_a_plain_statement_waits_a_little() -> None:
    assert shape("the zip of my jacket broke") is Shape.USUAL
    assert 0 < window("the zip of my jacket broke", settings=SETTINGS) < SETTINGS.fragment


def test_a_pressed_button_is_answered_at_once_whatever_its_title() -> None:
    assert window("Something else and", button=True, settings=SETTINGS) == 0.0


def test_typing_makes_the_bot_wait_for_the_rest() -> None:
    quiet = answer_at(first=10, last=10, text="Hello.", button=False, typed=None, settings=SETTINGS)
    typing = answer_at(first=10, last=10, text="Hello.", button=False, typed=10.5, settings=SETTINGS)
    assert quiet == 10
    assert typing == 10.5 + SETTINGS.typing


def test_typing_before_the_last_message_says_nothing_about_the_next() -> None:
    at = answer_at(first=10, last=12, text="Where is it?", button=False, typed=11, settings=SETTINGS)
    assert at == 12


@given(text=st.text(max_size=200), button=st.booleans())
def test_any_text_has_a_window_between_zero_and_the_cap(text: str, button: bool) -> None:
    assert 0.0 <= window(text, button=button, settings=SETTINGS) <= SETTINGS.cap


@given(text=st.text(max_size=100).filter(lambda text: not text.rstrip().endswith((".", "…"))))
def test_a_full_stop_never_makes_the_bot_wait_longer(text: str) -> None:
    assert window(text.rstrip() + " now.", settings=SETTINGS) <= window(text, settings=SETTINGS)


@given(first=TIMES, gap=st.floats(0, 30), text=st.text(max_size=60), typed=st.none() | TIMES, button=st.booleans())
def test_a_customer_who_keeps_typing_is_answered_by_the_cap(
    first: float, gap: float, text: str, typed: float | None, button: bool
) -> None:
    last = first + gap
    at = answer_at(first=first, last=last, text=text, button=button, typed=typed, settings=SETTINGS)
    quiet = answer_at(first=first, last=last, text=text, button=button, typed=None, settings=SETTINGS)
    assert last <= at <= max(last, first + SETTINGS.cap)
    assert at >= quiet
