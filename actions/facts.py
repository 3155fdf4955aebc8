"""The hard facts in a sentence (prices, percentages, numbers with their unit, times, addresses), in one spelling.

A fact is a short text such as ``€4.9``, ``10%``, ``30 day`` or ``14:00``; equal facts are equal texts.
"""

from __future__ import annotations

import re

_URL = re.compile(r"https?://[^\s<>()\"']+|\bwww\.[^\s<>()\"']+", re.I)
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_CODE = re.compile(r"\b[A-Z]{2,}-?\d{3,}\b")
_NUMBER = r"\d{1,3}(?:[ ,]\d{3})+(?:\.\d+)?|\d+(?:[.,]\d{1,2})?"
_MONEY = re.compile(
    rf"(?:€|\$|£|\bEUR\s?)\s?({_NUMBER})|({_NUMBER})\s?(?:€|\$|£|euros?\b|EUR\b|dollars?\b|pounds?\b)", re.I
)
_PERCENT = re.compile(rf"({_NUMBER})\s?(?:%|per\s?cent\b)", re.I)
_TIME = re.compile(r"\b(\d{1,2})(?:[:.](\d{2}))?\s?(am|pm)\b|\b(\d{1,2}):(\d{2})\b", re.I)
_UNIT = (
    r"(?:working|business|calendar)?\s?(days?|hours?|hrs?|minutes?|mins?|seconds?|weeks?|months?|years?|km/h|kg|g|km|cm|mm|m|"
    r"ml|l|litres?|liters?|lumens?|points?|people|persons?|°\s?c|degrees?|times?|pieces?|percent)\b"
)
_RANGE = re.compile(
    rf"({_NUMBER})\s?(?:to|-|–|and|or|until|by)\s?(?:({_NUMBER})\s?(?:to|by)\s?)?({_NUMBER})\s?{_UNIT}", re.I
)
_WITH_UNIT = re.compile(rf"(-?(?:{_NUMBER}))[\s-]?{_UNIT}", re.I)
_BARE = re.compile(rf"(?<![\w.,/-])(-?(?:{_NUMBER}))(?![\w])")
_IN_WORDS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10}
_IN_WORDS |= {"eleven": 11, "twelve": 12, "fourteen": 14, "fifteen": 15, "twenty": 20, "thirty": 30, "sixty": 60}
_WORD_NUMBER = re.compile(rf"\b({'|'.join(_IN_WORDS)})\b", re.I)
_SAME_UNIT = {
    "hr": "hour",
    "min": "minute",
    "liter": "litre",
    "l": "litre",
    "person": "people",
    "degree": "°c",
    "° c": "°c",
}


def facts(text: str) -> frozenset[str]:
    """All hard facts of a text."""
    found: set[str] = set()

    def take(pattern: re.Pattern[str], kind: str, within: str) -> str:
        def keep(match: re.Match[str]) -> str:
            found.update(_spelled(kind, match))
            return " ; "

        return pattern.sub(keep, within)

    rest = take(_URL, "url", text)
    rest = take(_EMAIL, "email", rest)
    rest = take(_CODE, "code", rest)
    rest = _WORD_NUMBER.sub(lambda m: str(_IN_WORDS[m[1].lower()]), rest)
    for pattern, kind in (
        (_MONEY, "money"),
        (_PERCENT, "percent"),
        (_TIME, "time"),
        (_RANGE, "range"),
        (_WITH_UNIT, "unit"),
        (_BARE, "bare"),
    ):
        rest = take(pattern, kind, rest)
    return frozenset(found)


def kind_of(fact: str) -> str:
    """What a fact counts: "€", "%", or its unit; "" for a bare number or an address."""
    if fact.startswith("€"):
        return "€"
    if fact.endswith("%"):
        return "%"
    return fact.partition(" ")[2]


def carried(fact: str, by: frozenset[str]) -> bool:
    """Whether facts hold this one; a bare number is also carried by the same number with a unit."""
    if fact in by:
        return True
    number = fact.lstrip("€").partition(" ")[0].rstrip("%")
    if kind_of(fact):
        return number in by and kind_of(fact) not in ("€", "%")
    return any(other.lstrip("€").partition(" ")[0] == number for other in by)


def _spelled(kind: str, match: re.Match[str]) -> list[str]:
    groups = [g for g in match.groups() if g]
    if kind in ("url", "email", "code"):
        return [match[0].rstrip(".,;:!?").lower().removesuffix("/")]
    if kind == "money":
        return [f"€{_plain(groups[0])}"]
    if kind == "percent":
        return [f"{_plain(groups[0])}%"]
    if kind == "time":
        return [_clock(match)]
    if kind == "bare":
        return [_plain(groups[0])]
    unit = groups[-1].lower()
    unit = unit.rstrip("s") if len(unit) > 2 else unit
    unit = _SAME_UNIT.get(unit, unit)
    return [f"{_plain(number)} {unit}" for number in groups[:-1]]


def _plain(number: str) -> str:
    """4,90 and 4.90 are 4.9; 1,000 and 1 000 are 1000."""
    number = re.sub(r"[ ,](?=\d{3}\b)", "", number).replace(",", ".")
    return number.rstrip("0").rstrip(".") if "." in number else number


def _clock(match: re.Match[str]) -> str:
    hour, minute, half, hour24, minute24 = match.groups()
    if hour24:
        return f"{int(hour24)}:{minute24}"
    number = int(hour) % 12 + (12 if half.lower() == "pm" else 0)
    return f"{number}:{minute or '00'}"
