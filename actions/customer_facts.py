"""Reads order numbers, e-mail addresses, postcodes and streets as people write them. Pure; None means "not one"."""

from __future__ import annotations

import re

_ORDER = re.compile(r"(?:\bt\s*t|#|^|(?<=[\s:.]))[\s.:#–-]*(\d(?:[\s-]?\d){5})(?!\s?\d)", re.I)
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_SPOKEN = (
    (re.compile(r"\s*[\[(]\s*(?:at|@)\s*[\])]\s*|\s+at\s+|\s*@\s*", re.I), "@"),
    (re.compile(r"\s*[\[(]\s*dot\s*[\])]\s*|\s+dot\s+", re.I), "."),
    (re.compile(r"\s+(?:minus|dash|hyphen)\s+", re.I), "-"),
    (re.compile(r"\s+underscore\s+", re.I), "_"),
)
# Postcodes of the countries the shop delivers to, longest shape first. Written without spaces in these patterns.
_POSTCODES = (
    (re.compile(r"[A-Z]{1,2}\d[A-Z\d]?\d[A-Z]{2}"), lambda c: f"{c[:-3]} {c[-3:]}"),  # United Kingdom
    (re.compile(r"[A-Z]\d[\dW][A-Z\d]{4}"), lambda c: f"{c[:3]} {c[3:]}"),  # Ireland
    (re.compile(r"\d{4}[A-Z]{2}"), lambda c: f"{c[:4]} {c[4:]}"),  # Netherlands
    (re.compile(r"\d{4}-\d{3}|\d{2}-\d{3}"), str),  # Portugal, Poland
    (re.compile(r"\d{4,5}"), str),  # most of Europe
)


def order_number(text: str) -> str | None:
    """ "tt 482913", "#482913" or "482913" becomes "TT-482913"."""
    found = _ORDER.search(text.strip())
    return f"TT-{re.sub(r'[^0-9]', '', found[1])}" if found else None


def email(text: str) -> str | None:
    """A lower-case address; "anna dot berg at example dot com" is read too."""
    plain = text.strip()
    if not _EMAIL.search(plain):
        for spoken, sign in _SPOKEN:
            plain = spoken.sub(sign, plain)
    found = _EMAIL.search(plain)
    return found[0].rstrip(".").lower() if found else None


def postcode(text: str) -> str | None:
    """A postcode in its country's usual spelling, found in the text or the whole of it."""
    words = text.upper().replace(",", " ").split()
    pairs = [" ".join(words[n : n + 2]) for n in range(len(words) - 1)]
    for candidate in [" ".join(words), *pairs, *words]:
        code = candidate.replace(" ", "")
        for shape, spelled in _POSTCODES:
            if shape.fullmatch(code):
                return spelled(code)
    return None


def street(text: str) -> str | None:
    """A street with a house number, 4 to 80 characters, and no question. Town and postcode after a comma are cut."""
    plain = " ".join(text.split()).strip(" .,")
    first = plain.partition(",")[0].strip()
    if re.search(r"\d", first) and re.search(r"[^\W\d]{3}", first):
        plain = first
    usable = 4 <= len(plain) <= 80 and "?" not in plain
    return plain if usable and re.search(r"\d", plain) and re.search(r"[^\W\d]{3}", plain) else None


def city(text: str) -> str | None:
    """A place name: letters, 2 to 60 characters. A postcode beside it is left out."""
    plain = " ".join(text.split()).strip(" .,")
    if code := postcode(plain):
        squeezed = code.replace(" ", r"\s*")
        plain = re.sub(squeezed, "", plain, flags=re.I).strip(" .,")
    usable = 2 <= len(plain) <= 60 and "?" not in plain and not re.search(r"\d", plain)
    return plain if usable and len(plain.split()) <= 5 else None
