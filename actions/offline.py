"""Writes replies without any model: the sentences of the help pages that fit, cited; or plainly that it does not know.

Deterministic. After a hand-back it repeats what the person said when the customer asks about it.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Callable

import numpy as np

from actions.brand import Brand
from actions.briefing import Briefing
from actions.embedder import Embedder
from actions.knowledge import Found
from actions.question import question_of
from actions.sentences import content_words, plain, sentences
from actions.writers import Asked

_MOST_SENTENCES = 3
_ABOUT_A_PERSON = re.compile(
    r"\b(colleague|agent|person|human|she|he|they|team( member)?|someone|somebody|supervisor|lady|guy)\b.{0,40}"
    r"\b(say|said|tell|told|promise[ds]?|mean|meant|decide[ds]?|agree[ds]?|offer(ed)?|do|did|write|wrote|mention(ed)?)\b|"
    r"\bwhat (was|were|did) .{0,30}\b(said|agreed|promised|decided|say|told|outcome)\b|"
    r"\bremind me\b|\bas (agreed|promised)\b",
    re.I,
)
_A_ROBOT = re.compile(
    r"\b(are|r) (you|u)\b.{0,25}\b(robot|bot|human|person|machine|ai|real|automated|computer)\b", re.I
)
# How near a question must be to a person's line before that line answers it (share of its words, or cosine).
_NEAR_WORDS, _NEAR_MEANING = 0.4, 0.45


class OfflineWriter:
    """See the module. ``weight`` says how telling a word is among the help pages."""

    name = "offline"
    model: str | None = None

    def __init__(self, embedder: Embedder | None, weight: Callable[[str], float]) -> None:
        self._embedder = embedder
        self._weight = weight

    async def write(self, asked: Asked, *, seconds: float) -> AsyncGenerator[str, None]:
        answer = self.answer(asked.briefing, asked.found, asked.brand)
        for word in re.findall(r"\S+\s*", answer):
            yield word

    def answer(self, briefing: Briefing, found: tuple[Found, ...], brand: Brand) -> str:
        """The raw answer: marks and machine line included."""
        if _A_ROBOT.search(briefing.text):
            return f'{brand.disclosure}\n@@{{"needs": "nothing"}}'
        said = self._said_by_a_person(briefing)
        if said:
            return f'{said}\n@@{{"needs": "nothing"}}'
        relevant = [f for f in found if f.relevant]
        if not relevant:
            words = content_words(briefing.text)
            text = brand.unsure if words else brand.nothing_found
            return f'{text}\n@@{{"needs": "knowledge"}}'
        passage = relevant[0].passage
        picked = self._pick(question_of(briefing), passage.text)
        return " ".join(f"{s} [{passage.page}]" for s in picked) + '\n@@{"needs": "nothing"}'

    def _pick(self, question: str, text: str) -> list[str]:
        """The sentences that answer, in the order of the page: the best one with those around it that fit best."""
        parts = sentences(text)
        if len(parts) <= _MOST_SENTENCES:
            return parts
        scores = self._scores(question, parts)
        best = max(range(len(parts)), key=lambda i: (scores[i], -i))
        starts = [s for s in range(len(parts) - _MOST_SENTENCES + 1) if s <= best < s + _MOST_SENTENCES]
        start = max(starts, key=lambda s: (not _reads_on(parts[s]), sum(scores[s : s + _MOST_SENTENCES]), -s))
        return parts[start : start + _MOST_SENTENCES]

    def _scores(self, question: str, parts: list[str]) -> list[float]:
        wanted = set(content_words(question))
        whole = sum(map(self._weight, wanted)) or 1.0
        shared = [sum(self._weight(w) for w in wanted & set(content_words(p))) / whole for p in parts]
        if self._embedder is None:
            return shared
        vectors = self._embedder.encode([question, *parts])
        meaning = vectors[1:] @ vectors[0]
        return [float(0.5 * s + 0.5 * m) for s, m in zip(shared, np.asarray(meaning), strict=True)]

    def _said_by_a_person(self, briefing: Briefing) -> str | None:
        """What a person left behind, when the customer asks for it or asks about the same thing."""
        lines = [(line.name, line.text) for line in briefing.history if line.speaker == "agent"]
        brief = briefing.hand_back
        if not lines and brief is None:
            return None
        asks = _ABOUT_A_PERSON.search(briefing.text) is not None
        if brief is not None and (asks or self._near(briefing.text, brief.outcome)):
            parts = [f"{brief.agent} from our team settled this: {_sentence(brief.outcome)}"]
            parts += [f"Still open: {_sentence(promise)}" for promise in brief.open_promises]
            return "\n".join(map(_quotable, parts))
        said = [(n, t) for n, t in lines if asks or self._near(briefing.text, t)]
        if not said:
            return None
        name, text = said[-1]
        return _quotable(f"{name} from our team wrote: {_sentence(text)}")

    def _near(self, question: str, text: str) -> bool:
        wanted = set(content_words(question))
        if len(wanted) < 2:
            return False
        whole = sum(map(self._weight, wanted)) or 1.0
        shared = sum(self._weight(w) for w in wanted & set(content_words(text))) / whole
        if self._embedder is None:
            return shared >= _NEAR_WORDS
        one, other = self._embedder.encode([question, text])
        return shared >= _NEAR_WORDS and float(one @ other) >= _NEAR_MEANING


def _reads_on(sentence: str) -> bool:
    return (
        re.match(r"(it|they|this|that|these|those|he|she|then|also|below|above|after that)\b", sentence, re.I)
        is not None
    )


def _sentence(text: str) -> str:
    text = " ".join(plain(text).split())
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _quotable(text: str) -> str:
    """A person's words without signs that our own marks use."""
    return text.replace("[", "(").replace("]", ")").replace("@@", "@ @").replace("```", "'''")
