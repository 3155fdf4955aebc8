"""A line in pieces that a platform takes: at most so long in the platform's own unit, and cut where nobody minds.

Never inside a grapheme, an address, or an entity of Markdown, unless one of these alone is longer than a piece may be;
a grapheme is never cut where the limit can hold it. Graphemes are the `regex` package's ``\\X`` (Unicode, UAX 29).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import regex

from bot.channels.channel import Ability
from handover.entries import Button

_MEASURES: dict[str, Callable[[str], int]] = {
    "characters": len,
    "utf16": lambda text: len(text.encode("utf-16-le", errors="surrogatepass")) // 2,
    "bytes": lambda text: len(text.encode("utf-8", errors="surrogatepass")),
}
# What stays whole: code, links, emphasis, addresses of the web and of mail. None of them spans a blank line. Every
# repetition is bounded or possessive, so that no text takes long.
_WHOLE = regex.compile(
    r"""```(?:[^`]|`(?!``)){0,4000}+```
      | `[^`\n]{1,500}+`
      | !?\[[^\]\[\n]{0,300}+\]\([^()\s]{1,2000}+\)
      | \*\*(?=\S)[^*\n]{1,300}+\*\*
      | __(?=\S)[^_\n]{1,300}+__
      | (?<!\w)[*_](?=\S)[^*_\n]{1,300}+[*_](?!\w)
      | https?://[^\s<>"]++
      | mailto:[^\s<>"]++
      | (?<![\w.+-])[\w.+-]{1,64}+@[\w.-]{1,255}+
    """,
    regex.VERBOSE,
)
_GRAPHEME = regex.compile(r"\X")
_PARAGRAPH, _LINE, _SENTENCE, _SPACE, _ANYWHERE = range(5)
_SENTENCE_END = regex.compile(r"[.!?…。！？]['\"”’)\]]*$")
_LEAST_FILLED = 2  # a better place to cut counts only in the later half of a piece


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of a line; the buttons stand under the last one."""

    text: str
    buttons: tuple[Button, ...] = ()


def parts(text: str, buttons: Sequence[Button], ability: Ability) -> list[Piece]:
    """``text`` in pieces of at most ``ability.limit``, the one with the buttons of at most ``ability.button_limit``.

    [] when there is nothing to say. A platform without buttons gets their titles as lines of the text, numbered when
    there is a choice. Joined, the pieces are the text but for the white space at the cuts.
    """
    shown = tuple(buttons[: ability.buttons])
    if not ability.buttons and buttons:
        text = "\n".join([text.rstrip(), "", *_lines(buttons)]).lstrip("\n")
    pieces = list(cut(text, ability.limit, ability.unit))
    if pieces and shown and ability.button_limit is not None:
        pieces[-1:] = _with_room(pieces[-1], ability.button_limit, ability.unit)
    return [*(Piece(piece) for piece in pieces[:-1]), *(Piece(piece, shown) for piece in pieces[-1:])]


def _lines(buttons: Sequence[Button]) -> list[str]:
    if len(buttons) == 1:
        return [f"• {buttons[0].title}"]
    return [f"{number}. {button.title}" for number, button in enumerate(buttons, 1)]


def _with_room(piece: str, limit: int, unit: str) -> list[str]:
    """``piece`` in two when it is too long to stand over buttons: what goes before, and an end that is not."""
    if length(piece, unit) <= limit:
        return [piece]
    end = list(cut(piece, limit, unit))[-1]
    before = piece[: piece.rindex(end)].rstrip()
    return [before, end] if before else [end]  # white space before it is none


def length(text: str, unit: str) -> int:
    """How long ``text`` is in ``unit``: characters (code points), utf16 or bytes."""
    return _MEASURES[unit](text)


def cut(text: str, limit: int, unit: str) -> Iterator[str]:
    """``text`` in pieces of at most ``limit`` in ``unit``, none of them blank."""
    measure = _MEASURES[unit]
    if measure(text) <= limit:  # what fits goes out as it was written
        if text.strip():
            yield text
        return
    atoms = _sized(_atoms(text.strip()), limit, measure)
    start = 0
    while start < len(atoms):
        end = _reach(atoms, start, limit, measure)
        end = end if end == len(atoms) else _best_cut(atoms, start, end)
        piece = "".join(atoms[start:end]).strip()
        if piece:
            yield piece
        start = end


def _atoms(text: str) -> list[str]:
    """What is not cut when it can be helped: entities of Markdown and addresses, and graphemes between them."""
    atoms: list[str] = []
    graphemes = [found.span() for found in _GRAPHEME.finditer(text)]
    borders = {start for start, _ in graphemes} | {len(text)}
    at = 0
    for found in _WHOLE.finditer(text):
        start, end = found.span()
        end = next((border for border in range(end, len(text) + 1) if border in borders), len(text))
        if start < at or start not in borders:
            continue  # an entity that begins inside a grapheme is none
        atoms.extend(_GRAPHEME.findall(text[at:start]))
        atoms.append(text[start:end])
        at = end
    atoms.extend(_GRAPHEME.findall(text[at:]))
    return atoms


def _sized(atoms: Sequence[str], limit: int, measure: Callable[[str], int]) -> list[str]:
    """The atoms, those too long for any piece broken into graphemes, and those into characters."""
    sized: list[str] = []
    for atom in atoms:
        if measure(atom) <= limit:
            sized.append(atom)
            continue
        for grapheme in _GRAPHEME.findall(atom):
            sized.extend([grapheme] if measure(grapheme) <= limit else list(grapheme))
    return sized


def _reach(atoms: Sequence[str], start: int, limit: int, measure: Callable[[str], int]) -> int:
    """Where a piece that begins at ``start`` must end at the latest."""
    filled, end = 0, start
    while end < len(atoms) and (filled := filled + measure(atoms[end])) <= limit:
        end += 1
    return max(end, start + 1)


def _best_cut(atoms: Sequence[str], start: int, end: int) -> int:
    """The last of the best places to cut in the later half: between paragraphs, lines, sentences, words."""
    earliest = start + (end - start) // _LEAST_FILLED
    best, rank = end, _rank(atoms, end)
    for place in range(end - 1, earliest, -1):
        if (found := _rank(atoms, place)) < rank:
            best, rank = place, found
        if rank == _PARAGRAPH:
            break
    return best


def _rank(atoms: Sequence[str], place: int) -> int:
    """How good a cut before ``place`` is; small is good."""
    before, after = atoms[place - 1], atoms[place]
    if not (before.isspace() or after.isspace()):
        return _ANYWHERE
    around = "".join(atoms[max(place - 3, 0) : place + 2])
    if regex.search(r"\n\s*\n", around):
        return _PARAGRAPH
    if "\n" in before or "\n" in after or "\r" in before + after:
        return _LINE
    words = before if not before.isspace() else (atoms[place - 2] if place > 1 else "")
    return _SENTENCE if _SENTENCE_END.search(words) else _SPACE
