"""Lines in pieces: within the limit, nothing lost, and cut where nobody minds."""

from __future__ import annotations

from dataclasses import replace

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.channel import Ability
from bot.channels.splitting import Piece, cut, length, parts
from handover.entries import Button

UNITS = ("characters", "utf16", "bytes")
FAMILY = "👩‍👩‍👧‍👦"
FLAG = "🇳🇱"
ACCENTED = "é"
WORDS = st.sampled_from(
    [
        *(
            "a",
            "parcel",
            "Größe",
            "日本語",
            FAMILY,
            FLAG,
            ACCENTED,
            "👍🏽",
            "Hello.",
            "How?",
            "\n",
            "\n\n",
            "  ",
            "\r\n",
        ),
        *("https://shop.example/orders/1042?x=1&y=2", "**bold words**", "[a link](https://shop.example/a)", "`code`"),
        *("anna@shop.example", "*", "_", "`", "```\ncode here\n```", "\u200d", "\u0301", "[", "]("),
    ]
)
TEXTS = st.lists(WORDS, max_size=40).map("".join) | st.lists(WORDS, max_size=40).map(" ".join) | st.text(max_size=200)


def ability(limit: int = 20, unit: str = "characters", buttons: int = 3) -> Ability:
    return Ability(title="Any", limit=limit, unit=unit, fields=(), buttons=buttons)


def graphemes(text: str) -> list[str]:
    """Those of the words: white space goes at a cut, and a mark that stood on it stands alone then."""
    return [one for one in regex.findall(r"\X", text) if regex.sub(r"[\p{M}\p{Cf}]", "", one).strip()]


def bare(text: str) -> str:
    return "".join(text.split())


@given(text=TEXTS, unit=st.sampled_from(UNITS), limit=st.integers(30, 120))
def test_every_piece_fits_and_nothing_is_lost(text: str, unit: str, limit: int) -> None:
    pieces = list(cut(text, limit, unit))
    assert all(0 < length(piece, unit) <= limit for piece in pieces)
    assert all(piece.strip() for piece in pieces)
    assert bare("".join(pieces)) == bare(text)


@given(text=TEXTS, unit=st.sampled_from(UNITS), limit=st.integers(30, 120))
def test_no_grapheme_that_fits_is_cut(text: str, unit: str, limit: int) -> None:
    whole = graphemes(text.strip())
    if all(length(one, unit) <= limit for one in regex.findall(r"\X", text)):
        assert [one for piece in cut(text, limit, unit) for one in graphemes(piece)] == whole


@pytest.mark.parametrize(
    "entity",
    [
        *("https://shop.example/orders/1042?x=1", "[your order](https://shop.example/1)", "**very bold words**"),
        *("`a piece of code`", "anna.smith@shop.example", "_emphasised words_", "```\na\nb\n```", "mailto:a@b.example"),
    ],
)
@given(before=st.integers(1, 80), unit=st.sampled_from(UNITS))
def test_no_address_and_no_entity_that_fits_is_cut(entity: str, before: int, unit: str) -> None:
    text = "word " * (before // 5) + "x" * (before % 5) + " " + entity + " and some more words after it, so it is long"
    assert sum(entity in piece for piece in cut(text, 45, unit)) == 1


def test_units_are_the_platforms_own() -> None:
    assert [length(FAMILY, unit) for unit in UNITS] == [7, 11, 25]
    assert list(cut("ab" * 10, 20, "characters")) == ["ab" * 10]
    assert list(cut("é" * 10, 10, "bytes")) == ["é" * 5, "é" * 5]
    assert list(cut("😀" * 10, 10, "utf16")) == ["😀" * 5, "😀" * 5]


def test_what_alone_is_too_long_is_cut_all_the_same() -> None:
    address = "https://shop.example/" + "a" * 100
    assert "".join(cut(address, 30, "characters")) == address
    assert "".join(cut(FAMILY * 3, 5, "bytes")) == FAMILY * 3


def test_paragraphs_are_cut_before_lines_before_sentences_before_words() -> None:
    assert list(cut("First thing here.\n\nSecond one. And it is longer.", 35, "characters")) == [
        *("First thing here.", "Second one. And it is longer.")
    ]
    assert list(cut("First line is here\nsecond. And it is longer.", 35, "characters")) == [
        *("First line is here", "second. And it is longer.")
    ]
    assert list(cut("It left our depot. It will be there tomorrow", 35, "characters")) == [
        *("It left our depot.", "It will be there tomorrow")
    ]
    assert list(cut("one two three four five six", 10, "characters")) == ["one two", "three four", "five six"]


def test_what_fits_goes_out_as_it_was_written_and_nothing_is_no_piece() -> None:
    assert list(cut("  two  spaces\n", 20, "characters")) == ["  two  spaces\n"]
    assert list(cut(" \n ", 20, "characters")) == []
    assert list(cut(" " * 50, 20, "characters")) == []


def test_buttons_stand_under_the_last_piece() -> None:
    choice = Button("Talk to a person", "ask_for_human")
    assert parts("one two three four five six", [choice], ability(10)) == [
        *(Piece("one two"), Piece("three four"), Piece("five six", (choice,)))
    ]
    assert parts("Hi", [choice] * 5, ability()) == [Piece("Hi", (choice,) * 3)]
    assert parts("", [], ability()) == []


def test_a_platform_without_buttons_gets_their_titles_as_words() -> None:
    choices = [Button("Yes", "yes"), Button("No", "no")]
    assert parts("Is that so?", choices, ability(100, buttons=0)) == [Piece("Is that so?\n\n1. Yes\n2. No")]
    assert parts("Or", choices[:1], ability(100, buttons=0)) == [Piece("Or\n\n• Yes")]


@given(text=TEXTS, limit=st.integers(60, 120), over=st.integers(30, 60), unit=st.sampled_from(UNITS))
def test_what_stands_over_buttons_may_have_to_be_shorter(text: str, limit: int, over: int, unit: str) -> None:
    able = replace(ability(limit, unit), button_limit=over)
    choice = Button("Talk to a person", "ask_for_human")
    pieces = parts(text, [choice], able)
    assert bare("".join(piece.text for piece in pieces)) == bare(text)
    assert all(piece.text.strip() and length(piece.text, unit) <= limit for piece in pieces)
    assert [piece.buttons for piece in pieces] == [()] * (len(pieces) - 1) + [(choice,)] * bool(pieces)
    assert all(length(piece.text, unit) <= over for piece in pieces[-1:])
    assert len(pieces) <= len(list(cut(text, limit, unit))) + 1


@pytest.mark.parametrize("text", ["*", "`", "[", "a@", "[a](", "_a"])
def test_no_text_takes_long(text: str) -> None:
    """The limit is the runner's: a pattern that tries everything would take hours."""
    assert bare("".join(cut(text * 25_000, 2000, "characters"))) == text * 25_000
