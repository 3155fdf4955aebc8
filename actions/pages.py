"""The help pages the bot may answer from: reading them, checking them, cutting them into passages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from actions.sentences import plain, sentences

_FRONT = re.compile(r"\A---\n(.*?)\n---\n(.*)\Z", re.S)
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
# Long enough to carry an answer, short enough that its embedding is about one thing.
_FEWEST_WORDS, _MOST_WORDS = 30, 180


class BadPage(Exception):
    """A help page cannot be used; the message names the file and what to change."""


@dataclass(frozen=True, slots=True)
class Page:
    id: str
    title: str
    url: str
    topics: tuple[str, ...]
    body: str
    also: str = ""  # other words customers use for it; searched, never shown


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a page; ``id`` is the page's id, ``heading`` the nearest one above it (may be empty)."""

    page: str
    number: int
    title: str
    heading: str
    url: str
    text: str
    also: str = ""

    @property
    def searched(self) -> str:
        """What the search looks at: the passage with its headings, for a bare "it takes 3 days" means nothing."""
        return ". ".join(part for part in (self.title, self.also, self.heading, self.text) if part)


def read_pages(folder: Path) -> list[Page]:
    """All pages of a folder, by file name. Raises BadPage for a bad or doubled page and for a folder without any."""
    pages = [_read_page(path) for path in sorted(folder.glob("*.md"))]
    if not pages:
        raise BadPage(f"{folder}: no help pages (*.md) here")
    for name in ("title", "url"):
        seen: dict[str, str] = {}
        for page in pages:
            value = getattr(page, name)
            if value in seen:
                raise BadPage(f"{page.id}.md: its {name} is also that of {seen[value]}.md")
            seen[value] = page.id
    return pages


def _read_page(path: Path) -> Page:
    found = _FRONT.match(path.read_text(encoding="utf-8").replace("\r\n", "\n"))
    if not found:
        raise BadPage(f"{path.name}: starts with no front matter between two lines of ---")
    if not _SLUG.fullmatch(path.stem):
        raise BadPage(f"{path.name}: a page's file name is small letters, digits and single hyphens")
    try:
        front = yaml.safe_load(found[1])
    except yaml.YAMLError as error:
        raise BadPage(f"{path.name}: the front matter is not YAML: {error}") from error
    if not isinstance(front, dict):
        raise BadPage(f"{path.name}: the front matter holds no fields")
    for name in ("title", "url", "updated"):
        if not front.get(name):
            raise BadPage(f"{path.name}: the front matter lacks '{name}'")
    if not str(front["url"]).startswith("https://"):
        raise BadPage(f"{path.name}: the url must start with https://")
    topics = front.get("topics")
    if not isinstance(topics, list) or not topics:
        raise BadPage(f"{path.name}: 'topics' must be a list with at least one topic")
    body = plain(found[2]).strip()
    if not body:
        raise BadPage(f"{path.name}: the page has no text")
    also = front.get("also") or []
    if not isinstance(also, list):
        raise BadPage(f"{path.name}: 'also' must be a list of other words for the page's subject")
    words = plain(", ".join(map(str, also)))
    return Page(path.stem, plain(str(front["title"])), str(front["url"]), tuple(map(str, topics)), body, words)


def passages(pages: list[Page]) -> list[Passage]:
    """The pages cut by heading; short sections join the next one, long ones are cut between sentences."""
    return [
        Passage(page.id, number, page.title, heading, page.url, text, page.also)
        for page in pages
        for number, (heading, text) in enumerate(_cut(page.body))
    ]


def _cut(body: str) -> Iterator[tuple[str, str]]:
    heading, held = "", ""
    for section in re.split(r"^(?=#{1,6} )", body, flags=re.M):
        first, _, rest = section.partition("\n")
        if first.startswith("#"):
            name, text = first.lstrip("#").strip(), rest
        else:
            name, text = "", section
        text = " ".join(text.split())
        heading = heading or name
        held = f"{held} {text}".strip()
        if len(held.split()) >= _FEWEST_WORDS:
            for piece in _short_enough(held):
                yield heading, piece
            heading, held = "", ""
    if held:
        yield heading, held


def _short_enough(text: str) -> Iterator[str]:
    piece: list[str] = []
    count = 0
    for sentence in sentences(text):
        words = len(sentence.split())
        if piece and count + words > _MOST_WORDS:
            yield " ".join(piece)
            piece, count = [], 0
        piece.append(sentence)
        count += words
    if piece:
        yield " ".join(piece)
