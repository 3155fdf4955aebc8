"""However a model's stream is cut into pieces, the customer sees the same text and never a mark or the machine line."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.answer_parser import Answer, AnswerParser

_PARTS = st.sampled_from(
    [
        "Hello",
        " ",
        "\n",
        "\n\n",
        ".",
        "[",
        "]",
        "[delivery-costs]",
        "[a, b-c]",
        "[link](x)",
        "@",
        "@@",
        '{"needs": "human"}',
        '@@{"needs": "knowledge"}',
        "```json",
        "`",
        "{",
        '{"needs',
        "needs:",
        "[Not A Mark]",
        "help@shop.example",
        "€4.90",
    ]
)
TEXTS = st.lists(st.one_of(_PARTS, st.text(max_size=6)), max_size=14).map("".join)


def parsed(pieces: list[str]) -> tuple[str, Answer]:
    parser = AnswerParser()
    shown = "".join([*(parser.feed(piece) for piece in pieces), parser.close()])
    return shown, parser.answer()


@given(TEXTS, st.data())
def test_the_cutting_of_the_stream_changes_nothing(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=8)))
    edges = [0, *cuts, len(text)]
    pieces = [text[a:b] for a, b in pairwise(edges)]
    whole, by_letter = parsed([text]), parsed(list(text))
    assert parsed(pieces) == whole == by_letter


@given(TEXTS)
def test_the_customer_never_sees_a_mark_or_the_machine_line(text: str) -> None:
    shown, answer = parsed(list(text))
    assert "@@" not in shown
    assert "\n```" not in f"\n{shown}"
    assert '\n{"needs' not in f"\n{shown}"
    assert answer.text == shown.strip()
    assert answer.needs in ("nothing", "knowledge", "human")


@given(st.lists(st.sampled_from("abc .€9"), max_size=30).map("".join))
def test_plain_words_pass_unchanged(text: str) -> None:
    assert parsed(list(text))[0].strip() == text.strip()


@pytest.mark.parametrize(
    ("raw", "text", "cited", "needs"),
    [
        ('It is €4.90 [delivery-costs].\n@@{"needs": "nothing"}', "It is €4.90.", ("delivery-costs",), "nothing"),
        ('Sure [a-b, c-d].\n@@{"needs":"human"}', "Sure.", ("a-b", "c-d"), "human"),
        ('I do not know.\n```json\n{"needs": "knowledge"}\n```', "I do not know.", (), "knowledge"),
        ('Hm.\n{"needs": "human"}', "Hm.", (), "human"),
        ("See [our page](https://shop.example).", "See [our page](https://shop.example).", (), "nothing"),
        ("Write to help@shop.example", "Write to help@shop.example", (), "nothing"),
        ("Half a mark [deliv", "Half a mark", (), "nothing"),
        ('@@{"needs": "human"}', "", (), "human"),
        ("Fine. @@ rubbish", "Fine.", (), "nothing"),
    ],
)
def test_an_answer_is_read_as_meant(raw: str, text: str, cited: tuple[str, ...], needs: str) -> None:
    _, answer = parsed(list(raw))
    assert (answer.text, answer.cited, answer.needs) == (text, cited, needs)


@pytest.mark.parametrize(
    ("pieces", "ended"),
    [
        (["It is here.\n"], True),
        (["It is here.", " \n "], True),
        (["It is here. "], False),
        (["It is here.\n", "And"], False),
        (["It is here.\n", "@@"], False),
        (["It is here [deliv"], False),
        ([], False),
    ],
)
def test_a_line_is_over_before_it_is_known_what_follows(pieces: list[str], ended: bool) -> None:
    parser = AnswerParser()
    for piece in pieces:
        parser.feed(piece)
    assert parser.line_ended is ended
