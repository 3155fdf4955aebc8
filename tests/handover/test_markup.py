"""Markdown becomes a small, safe subset of HTML, whatever is written in it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handover.markup import TAGS, to_html

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](vbscript:x)",
    "![x](https://evil.example/pixel.png)",
    '[x](https://ok.example "onmouseover=alert(1)")',
    "<a href='javascript:alert(1)'>x</a>",
    "<svg/onload=alert(1)>",
    "<iframe src=//evil.example></iframe>",
    "`<b onclick=x>`",
    "<style>*{background:url(//evil.example)}</style>",
    "# heading\n\n---\n\ntext",
    "[x]: javascript:alert(1)\n\n[x]",
    "<javascript:alert(1)>",
    "[](:)",
    "[x](/console)",
    "[x](//evil.example)",
]


def test_the_small_subset_is_rendered() -> None:
    html = to_html("**bold** *soft* `code`\n\n- one\n- two\n\n[shop](https://shop.example/a)\nnext line")
    assert "<strong>bold</strong> <em>soft</em> <code>code</code>" in html
    assert "<li>one</li>" in html
    assert '<a href="https://shop.example/a" rel="noopener nofollow">shop</a><br>' in html


def test_a_bare_address_can_be_followed_and_a_word_with_a_dot_cannot() -> None:
    html = to_html("Follow it at https://shop.example/track/tt-1, order.no 7, anna@example.com")
    assert (
        '<a href="https://shop.example/track/tt-1" rel="noopener nofollow">https://shop.example/track/tt-1</a>,' in html
    )
    assert html.count("<a ") == 1


def _only_what_is_allowed(html: str) -> None:
    for tag, rest in re.findall(r"</?([a-zA-Z0-9]+)([^>]*)>", html):
        assert tag in TAGS
        assert rest.strip(" /") == "" or tag == "a"
        if tag == "a" and rest.strip():
            target = re.fullmatch(r' (?:href="(https?:|mailto:)[^"]*" )?rel="noopener nofollow"', rest)
            assert target, rest


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_text(text: str) -> None:
    html = to_html(text)
    _only_what_is_allowed(html)
    assert "<img" not in html
    assert "<script" not in html


@given(st.text(alphabet=st.sampled_from("<>[]()!`*_#\"'=:/ \n&;abjsx"), max_size=60))
def test_no_text_becomes_anything_else(text: str) -> None:
    _only_what_is_allowed(to_html(text))
