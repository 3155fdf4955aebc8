"""Markdown to the small, safe HTML our pages show: a fixed list of tags, links to the web and to mail, no pictures."""

from __future__ import annotations

import nh3
from markdown_it import MarkdownIt

TAGS = {"p", "br", "strong", "em", "code", "pre", "ul", "ol", "li", "a", "blockquote"}
SCHEMES = {"http", "https", "mailto"}


def _parser() -> MarkdownIt:
    """Two locks: this parser writes no HTML it was given, and the sanitiser lets through nothing else than TAGS."""
    options = {"html": False, "breaks": True, "linkify": True}
    parser = MarkdownIt("commonmark", options).enable("linkify").disable(["image", "heading", "lheading", "hr"])
    if parser.linkify is not None:
        # Only whole addresses become links: "order.no" or "anna@example.com" in a sentence is not something to click.
        parser.linkify.set({"fuzzy_link": False, "fuzzy_email": False, "fuzzy_ip": False})
        parser.linkify.add("//", None)
    return parser


_markdown = _parser()


def _whole_address(tag: str, attribute: str, value: str) -> str | None:
    """``value``, but for a link without a scheme, be it ":": it would lead to somewhere on the page it is shown on."""
    return value if attribute != "href" or value.partition(":")[0].lower() in SCHEMES else None


def to_html(text: str) -> str:
    """``text`` (Markdown) as sanitised HTML; anything outside the small subset is shown as text or dropped."""
    return nh3.clean(
        _markdown.render(text),
        tags=TAGS,
        attributes={"a": {"href"}, "*": set()},
        attribute_filter=_whole_address,
        url_schemes=SCHEMES,
        link_rel="noopener nofollow",
    ).strip()
