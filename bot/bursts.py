"""How long to wait for the rest of a burst before the bot answers. Pure: words and times in, seconds out.

People send one thought in several messages. The bot waits a little when the words look unfinished, not at all
when they look finished, longer while the customer types, and never longer than the cap after the first message.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True)
class BurstSettings:
    """Seconds. ``typing`` counts from the last sign of typing, ``cap`` from the first unanswered message."""

    usual: float = 0.7
    fragment: float = 1.6
    cut: float = 2.5
    typing: float = 2.5
    cap: float = 6.0


class Shape(Enum):
    """What the last message of a burst looks like."""

    FINISHED = "finished"
    USUAL = "usual"
    FRAGMENT = "fragment"
    CUT = "cut"


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


# Words that an English sentence does not end with.
_DANGLING = _words(
    "a about also an and as at because but by for from if in into is my of on or our plus since so than that the "
    "their then to when where which while who with your"
)
_QUESTION_WORDS = _words(
    "are can could did do does has have how is may should was were what when where which who why will would"
)
# Whole answers, however short: a form or a button question is waiting for them.
_ANSWERS = _words(
    "yes no yep yeah yup nope ok okay sure correct right wrong thanks thank bye goodbye stop cancel help agent human "
    "person none nothing please fine great"
)
_WORD = re.compile(r"[^\W_]+(?:['’\-][^\W_]+)*")
_CUT_ENDS = (",", ":", ";", "-", "–", "—", "...", "…", "(", "&", "+", "/")
_ENDS = (".", "!", "?", "。", "！", "？", ")", "😊", "🙏", "👍")
_LONG = 90  # characters: people who write this much in one message have usually said it all


def shape(text: str, *, button: bool = False) -> Shape:
    """What ``text``, the last message of a burst, looks like."""
    words = [word.lower() for word in _WORD.findall(text)]
    end = text.rstrip().rstrip("\"'”’*_")
    if button:
        return Shape.FINISHED
    if end.endswith(_CUT_ENDS) or (words and words[-1] in _DANGLING and not end.endswith(_ENDS)):
        return Shape.CUT
    if not words or end.endswith(_ENDS) or len(end) >= _LONG or _is_answer(end, words) or _is_question(words):
        return Shape.FINISHED
    return Shape.FRAGMENT if len(words) <= 2 else Shape.USUAL


def window(text: str, *, button: bool = False, settings: BurstSettings) -> float:
    """Seconds to wait after the last message, between zero and the cap."""
    waits = {
        Shape.FINISHED: 0.0,
        Shape.USUAL: settings.usual,
        Shape.FRAGMENT: settings.fragment,
        Shape.CUT: settings.cut,
    }
    return min(waits[shape(text, button=button)], settings.cap)


def answer_at(
    *, first: float, last: float, text: str, button: bool, typed: float | None, settings: BurstSettings
) -> float:
    """The moment to answer, on the same clock as ``first`` and ``last`` message and the last sign of typing.

    A sign of typing counts when it came after the last message; the cap after the first message always holds,
    except that the answer is never before the last message.
    """
    at = last + window(text, button=button, settings=settings)
    if typed is not None and typed > last:
        at = max(at, typed + settings.typing)
    return max(last, min(at, first + settings.cap))


def _is_question(words: list[str]) -> bool:
    """ "where is my order", without its mark; "what" alone is a fragment."""
    return len(words) >= 4 and words[0] in _QUESTION_WORDS


def _is_answer(text: str, words: list[str]) -> bool:
    """A short answer, a number, an address or a postcode: nothing more is coming."""
    if len(words) > 3 and "@" not in text:
        return False
    return words[0] in _ANSWERS or "@" in text or any(character.isdigit() for character in text)
