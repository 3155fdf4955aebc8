"""What to search for: the customer's words, and when these are only a fragment, what they hang on."""

from __future__ import annotations

import re

from actions.briefing import Briefing
from actions.sentences import content_words

_HANGS = re.compile(
    r"^(and|but|or|so|then|also|what about|how about|ok|okay|yes|no|why|really|in that case)\b|"
    r"\b(it|this|that|them|these|those|they|one)\b",
    re.I,
)
_FEW_WORDS = 3


def is_fragment(text: str) -> bool:
    """Whether the words mean little on their own: "and to Norway?", "how heavy is it?"."""
    return len(content_words(text)) < _FEW_WORDS or (_HANGS.search(text) is not None and len(content_words(text)) <= 4)


def question_of(briefing: Briefing) -> str:
    """The search text: newest words last. Never longer than 600 characters, the newest are kept."""
    parts = [briefing.text]
    if is_fragment(briefing.text):
        earlier = [line.text for line in briefing.history if line.speaker == "customer"]
        parts = [p for p in (earlier[-1:] or [""])[0].splitlines()[-1:] if p] + parts
        product, topic = briefing.slots.get("product"), briefing.slots.get("last_topic")
        known = " ".join(parts).lower()
        parts = [p.replace("_", " ") for p in (topic, product) if p and p.lower() not in known] + parts
    return " ".join(" ".join(parts).split())[-600:]
