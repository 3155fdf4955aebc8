"""Cutting text into sentences and words, the same way for retrieval, offline answers and the support check."""

from __future__ import annotations

import re
import unicodedata

_END = re.compile(r"(?<=[.!?…])[\"'”’)]*\s+(?=[\"'“‘(]*[A-Z0-9€*\-])|\n+")
_SHORT_FORMS = ("e.g.", "i.e.", "approx.", "no.", "incl.", "max.", "min.", "mr.", "mrs.", "dr.", "st.")
_WORD = re.compile(r"[a-z0-9](?:[a-z0-9'’&-]|[.,](?=\d))*")
_STOP = frozenset(
    re.findall(
        r"\S+",
        """
    a about after all also am an and any are as at be been before but by can could did do does for from get had
    has have he her here him his how i i'd i'll i'm i've if in into is it it's its just let like me more most much
    my no not of on one or our out please she so some than that that's the their them then there these they this
    those to too up us was we we'll what when where which while who why will with would you you'll your yours
    """,
    )
)


def plain(text: str) -> str:
    """The text without invisible characters (zero-width, direction controls, tags): they can hide instructions."""
    kept = (c for c in text if c in "\n\t" or unicodedata.category(c) not in ("Cf", "Cc", "Co", "Cn", "Cs"))
    return unicodedata.normalize("NFC", "".join(kept))


def sentences(text: str) -> list[str]:
    """The sentences of a text in order, stripped, none empty; list lines count as sentences."""
    found: list[str] = []
    for piece in filter(None, map(str.strip, _END.split(text))):
        if found and found[-1].lower().endswith(_SHORT_FORMS):
            found[-1] = f"{found[-1]} {piece}"
        else:
            found.append(piece)
    return found


def stem(word: str) -> str:
    """A crude English stem: plural, -ing, -ed endings off. Good enough to match "returned" with "returns"."""
    word = word.replace("’", "'").removesuffix("'s").strip("'-")
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            word = word[: -len(ending)]
            break
    return word[:-1] if len(word) > 3 and word.endswith("e") else word


def content_words(text: str) -> list[str]:
    """The stems that carry meaning, in order, repeats kept."""
    return [stem(w) for w in _WORD.findall(text.lower()) if w not in _STOP]
