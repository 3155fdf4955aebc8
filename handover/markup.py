"""Markdown to the small, safe HTML our pages show: a fixed list of tags, links to the web and to mail, no pictures."""

from __future__ import annotations

import nh3
from markdown_it import MarkdownIt

TAGS = {"p", "br", "strong", "em", "code", "pre", "ul", "ol", "li", "a", "blockquote"}

# Two locks: the parser writes no HTML it was given, and the sanitiser lets through nothing else than TAGS.
_markdown = MarkdownIt("commonmark", {"html": False, "breaks": True}).disable(["image", "heading", "lheading", "hr"])


def to_html(text: str) -> str:
    """``text`` (Markdown) as sanitised HTML; anything outside the small subset is shown as text or dropped."""
    return nh3.clean(
        _markdown.render(text),
        tags=TAGS,
        attributes={"a": {"href"}, "*": set()},
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener nofollow",
    ).strip()
