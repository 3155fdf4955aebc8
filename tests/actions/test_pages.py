"""The help pages keep one shape, and their key facts never contradict each other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from actions.facts import facts
from actions.pages import BadPage, Page, passages, read_pages
from actions.shop.fiction import _GOODS
from tests.support.reply_parts import PAGES

# What is said in more than one page: a pattern, and the only value it may have.
KEY_FACTS = [
    (r"express (?:delivery )?costs (€[\d.]+)", "€12.90"),
    (r"pickup point[^.]*? costs? (€[\d.]+)", "€3.90"),
    (r"order(?:ed|s)? (?:placed )?before (\d\d:\d\d)", "14:00"),
    (r"return any item within (\d+) days", "30"),
    (r"legal warranty of (\d+) years", "2"),
    (r"own brand carry a warranty of (\d+) years", "5"),
    (r"gift cards are valid for (\d+) years", "5"),
    (r"(\d+)% off a first order", "10"),
    (r"first order of (€\d+)", "€50"),
    (r"a review earns (\d+)", "20"),
    (r"repairs? takes? (?:about|at most) (\d+) working days", "15"),
    (r"own brand, for at least (\d+) years", "10"),
    (r"price match|within (\d+) days after your order", "14"),
]


@pytest.fixture(scope="module")
def pages() -> list[Page]:
    return read_pages(PAGES)


def test_there_are_enough_pages_and_each_has_its_own_title_and_address(pages: list[Page]) -> None:
    assert len(pages) >= 45
    assert len({p.title for p in pages}) == len({p.url for p in pages}) == len(pages)
    assert all(p.url == f"https://shop.example/help/{p.id}" for p in pages)


def test_each_page_says_that_it_is_fiction() -> None:
    assert all("\nfiction: true" in path.read_text(encoding="utf-8") for path in PAGES.glob("*.md"))


def test_links_between_pages_lead_somewhere(pages: list[Page]) -> None:
    known = {p.url for p in pages}
    linked = {u.rstrip(".,") for p in pages for u in re.findall(r"https://\S+", p.body)}
    assert linked <= known


def test_key_facts_have_one_value_wherever_they_are_told(pages: list[Page]) -> None:
    for pattern, value in KEY_FACTS:
        told = [
            m
            for p in pages
            for m in re.findall(pattern, " ".join(re.sub(r"^#.*", "", p.body, flags=re.M).split()), re.I)
            if m
        ]
        assert told, pattern
        assert set(told) == {value}, (pattern, told)


def test_prices_on_the_pages_are_those_of_the_shop(pages: list[Page]) -> None:
    whole = " ".join(" ".join(p.body.split()) for p in pages)
    for _, name, cents, _, _ in _GOODS:
        said = re.findall(rf"{re.escape(name)}[^.]*?(?:costs?|cost) (€\d+(?:\.\d\d)?)", whole, re.I)
        assert {f for s in said for f in facts(s)} <= {f"€{cents / 100:g}"}, name


def test_passages_are_short_enough_to_be_about_one_thing(pages: list[Page]) -> None:
    cut = passages(pages)
    lengths = [len(p.text.split()) for p in cut]
    assert max(lengths) <= 200
    assert all(p.text and p.title and p.url for p in cut)
    assert {p.page for p in cut} == {p.id for p in pages}


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("a.md", "no front matter", "front matter"),
        ("a.md", "---\ntitle: [\n---\nx", "not YAML"),
        ("a.md", "---\ntitle: A\nupdated: 2026-01-01\ntopics: [x]\n---\nx", "lacks 'url'"),
        ("a.md", "---\ntitle: A\nurl: javascript:x\nupdated: 2026-01-01\ntopics: [x]\n---\nx", "https"),
        ("a.md", "---\ntitle: A\nurl: https://x\nupdated: 2026-01-01\n---\nx", "topics"),
        ("a.md", "---\ntitle: A\nurl: https://x\nupdated: 2026-01-01\ntopics: [x]\n---\n", "no text"),
        ("A Page.md", "---\ntitle: A\nurl: https://x\nupdated: 2026-01-01\ntopics: [x]\n---\nx", "file name"),
    ],
)
def test_a_bad_page_is_named_with_what_to_change(tmp_path: Path, name: str, text: str, says: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(BadPage, match=says):
        read_pages(tmp_path)


def test_an_empty_folder_and_a_doubled_title_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadPage, match="no help pages"):
        read_pages(tmp_path)
    for name in ("a", "b"):
        text = f"---\ntitle: Same\nurl: https://x/{name}\nupdated: 2026-01-01\ntopics: [x]\n---\nText."
        (tmp_path / f"{name}.md").write_text(text, encoding="utf-8")
    with pytest.raises(BadPage, match="title is also that of"):
        read_pages(tmp_path)


def test_invisible_characters_do_not_get_into_passages(tmp_path: Path) -> None:
    hidden = "Re\u200bturns\u202e are \U000e0041free\u2066."
    text = f"---\ntitle: A\nurl: https://x\nupdated: 2026-01-01\ntopics: [x]\n---\n{hidden}"
    (tmp_path / "a.md").write_text(text, encoding="utf-8")
    assert passages(read_pages(tmp_path))[0].text == "Returns are free."
