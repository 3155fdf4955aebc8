"""Checks a reply sentence by sentence against what was retrieved, what tools said and what people of the team wrote.

A sentence is *supported* when one source speaks of it and holds each of its hard facts. It is *refused*, and then never
shown, when it invents a fact or says that something was done which no tool reports.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from actions.embedder import Embedder
from actions.facts import carried, facts, kind_of
from actions.sentences import content_words, sentences

# Least score of a supported sentence; measured on tests/actions/claims.yml, figures in docs/answers.md.
THRESHOLD_HYBRID = 0.45
THRESHOLD_KEYWORDS = 0.40

_NO_CLAIM = re.compile(
    r"^(hi|hello|hey|good (morning|afternoon|evening)|thanks|thank you|you're welcome|sure|"
    r"of course|certainly|great|okay|ok|i see|i understand|got it|no problem|happy to help|sorry|"
    r"i'm sorry|i am sorry|apologies|please|let me know|"
    r"if you|feel free|just (let|tell|ask)|to (help|check|look)|here's what|here is what|in short|have a)\b",
    re.I,
)
_HEDGE = re.compile(
    r"\b(i('m| am) not sure|i (can't|cannot|can not|couldn't|could not) (find|tell|say|confirm|see|promise)|"
    r"i don't (know|have)|i do not (know|have)|i'd rather not guess|would you like|do you want|"
    r"shall i|could you|can you (tell|give|send)|"
    r"(talk|speak) to a person|(a|one of our) (person|people|colleague|team members?)\b|"
    r"i (can|could|will|'ll) (help|look|pass|connect|hand|put|transfer)|i'll (help|look|pass|connect|hand|put)|"
    r"automated assistant|i hope)",
    re.I,
)
_DONE = re.compile(
    r"\b(i('ve| have)|we('ve| have)|has been|have been)\s+(just\s+|now\s+|already\s+|successfully\s+)?"
    r"(refunded|cancelled|canceled|changed|updated|booked|sent|shipped|ordered|applied|issued|registered|credited|upgraded|"
    r"deleted|replaced|approved|arranged|processed|reserved)\b|"
    r"\bi('ll| will) (refund|credit|send you|cancel|give you|replace)\b|"
    r"\b(i|we) (promise|guarantee)\b",
    re.I,
)
_NOT = re.compile(r"\b(not|no|never|cannot|without|nor|neither|nothing|excluded)\b|n't\b", re.I)
# True sentences of tests/actions/claims.yml lie below 0.15, numbers taken from elsewhere above 0.25.
_CLEAR_LEAD = 0.2
_BREAK = re.compile(r"[,;:]\s+|\s+(?:and|but|because|while)\s+")
_AMOUNT = re.compile(
    r"[€$£]\s?\d[\d.,]*|\d[\d.,]*\s?(?:€|%)|\d[\d.,]*\s?(?:to|-|–)\s?\d[\d.,]*|\d[\d.,]*\s?°?(?=[a-zC]{1,2}\b|/)|"
    r"\d[\d.,]*(?=\s(?:working |business )?(?:days?|weeks?|months?|years?|"
    r"hours?|points?|g|kg|cm|mm|litres?|minutes?)\b)"
)


@dataclass(frozen=True, slots=True)
class Source:
    """Something a sentence may rest on. ``kind``: page, agent, tool or brand; ``page`` is set for pages only."""

    text: str
    kind: str
    page: str | None = None


@dataclass(frozen=True, slots=True)
class CheckedSentence:
    """``score`` 0..1. ``refused`` sentences must not be shown."""

    sentence: str
    supported: bool
    score: float
    page: str | None
    refused: bool = False


@dataclass(frozen=True, slots=True)
class _Clause:
    """A stretch of a source sentence between commas and "and"."""

    words: frozenset[str]
    facts: frozenset[str]
    negative: bool


@dataclass(frozen=True, slots=True)
class _Part:
    """One sentence of a source, made ready."""

    source: int
    words: frozenset[str]
    clauses: tuple[_Clause, ...]


@dataclass(frozen=True, slots=True)
class _Text:
    """A whole source made ready: its sentences as they stand, the same in parts, and the words and facts of all."""

    sentences: tuple[str, ...]
    parts: tuple[tuple[frozenset[str], tuple[_Clause, ...]], ...]
    words: frozenset[str]
    facts: frozenset[str]


def _made_ready(text: str) -> _Text:
    cut = tuple(sentences(text))
    parts = tuple((frozenset(content_words(one)), _clauses(one)) for one in cut)
    return _Text(cut, parts, frozenset(content_words(text)), facts(text))


# The same pages come up in turn after turn; what people wrote is made ready anew, and kept nowhere.
_page_made_ready = lru_cache(maxsize=1_024)(_made_ready)
_KEPT_KINDS = ("page", "brand")


def _clauses(text: str) -> tuple[_Clause, ...]:
    pieces = [piece for piece in _BREAK.split(text) if piece.strip()]
    return tuple(_Clause(frozenset(content_words(p)), facts(p), _NOT.search(p) is not None) for p in pieces)


def is_claim(sentence: str) -> bool:
    """Whether a sentence states something. Greetings, questions, hedges and offers do not, unless they hold facts."""
    if sentence.rstrip("\"'”’)").endswith("?") and not _has_price(sentence):
        return False
    if _DONE.search(sentence):
        return True
    if facts(sentence):
        return True
    return not (_NO_CLAIM.search(sentence) or _HEDGE.search(sentence) or len(content_words(sentence)) < 2)


def _has_price(sentence: str) -> bool:
    return any(kind_of(f) in ("€", "%") for f in facts(sentence))


class Checker:
    """The sources of one turn. ``own_words`` are the customer's: they may be repeated, but prove no price or term."""

    def __init__(
        self,
        sources: Sequence[Source],
        own_words: str,
        *,
        embedder: Embedder | None,
        weight: Callable[[str], float],
    ) -> None:
        self._sources = list(sources)
        self._weight = weight
        self._embedder = embedder
        self._own = frozenset(
            f for f in facts(own_words) if kind_of(f) not in ("€", "%", "day", "week", "month", "year")
        )
        ready = [_page_made_ready(s.text) if s.kind in _KEPT_KINDS else _made_ready(s.text) for s in self._sources]
        texts = [sentence for text in ready for sentence in text.sentences]
        self._parts = [_Part(place, *part) for place, text in enumerate(ready) for part in text.parts]
        self._vectors = embedder.encode(texts) if embedder and texts else None
        self._source_words = [text.words for text in ready]
        self._source_facts = [text.facts for text in ready]
        self.threshold = THRESHOLD_HYBRID if embedder else THRESHOLD_KEYWORDS

    def check(self, sentence: str) -> CheckedSentence | None:
        """The verdict on one sentence; None when it claims nothing."""
        if not is_claim(sentence):
            return None
        for source in self._sources:
            if _same(sentence, source.text):
                return CheckedSentence(sentence, True, 1.0, source.page)
        wanted = frozenset(f for f in facts(sentence) if f not in self._own)
        done = _DONE.search(sentence) is not None
        if not self._parts:
            return CheckedSentence(sentence, False, 0.0, None, refused=bool(wanted) or done)
        scores = self._scores(sentence)
        places = [i for i, s in enumerate(self._sources) if not done or s.kind in ("tool", "agent")]
        holding = [i for i in places if all(carried(f, self._source_facts[i]) for f in wanted)]
        best = self._best(holding, scores)
        if best is None:
            together = frozenset[str]().union(*(self._source_facts[i] for i in places))
            refused = done or not all(carried(f, together) for f in wanted)
            nearest = self._best(range(len(self._sources)), scores)
            score = nearest[1] if nearest else 0.0
            # Facts gathered from two pages can each be true; a single source for the whole is what we can show.
            return CheckedSentence(sentence, False, round(score, 3), None, refused=refused)
        place, score = best
        if self._contradicted(sentence, wanted, place, scores):
            return CheckedSentence(sentence, False, round(score, 3), self._sources[place].page, refused=bool(wanted))
        supported = score >= self.threshold
        return CheckedSentence(
            sentence, supported, round(score, 3), self._sources[place].page, refused=done and not supported
        )

    def _scores(self, sentence: str) -> NDArray[np.float64]:
        """How near each source sentence is, 0..1: shared words by weight, and meaning when there is a model."""
        words = frozenset(content_words(sentence))
        whole = sum(map(self._weight, words)) or 1.0
        in_source = [sum(self._weight(w) for w in words & held) / whole for held in self._source_words]
        near = np.array(
            [
                0.5 * sum(self._weight(w) for w in words & part.words) / whole + 0.5 * in_source[part.source]
                for part in self._parts
            ]
        )
        if self._embedder is None or self._vectors is None:
            return near
        meaning = (self._vectors @ self._embedder.encode([sentence])[0]).astype(np.float64)
        return np.asarray(0.5 * near + 0.5 * np.clip(meaning, 0, 1))

    def _best(self, places: Iterable[int], scores: NDArray[np.float64]) -> tuple[int, float] | None:
        allowed = set(places)
        found = [(float(scores[i]), part.source) for i, part in enumerate(self._parts) if part.source in allowed]
        if not found:
            return None
        score, place = max(found)
        return place, min(1.0, score)

    def _contradicted(self, sentence: str, wanted: frozenset[str], place: int, scores: NDArray[np.float64]) -> bool:
        """Whether the source says otherwise: another number for the same thing, or the opposite."""
        kinds = {kind_of(f) for f in wanted} - {""}
        if any(self._elsewhere(sentence, frozenset(f for f in wanted if kind_of(f) == kind), kind) for kind in kinds):
            return True
        score, nearest = max(
            ((float(scores[i]), part) for i, part in enumerate(self._parts) if part.source == place),
            key=lambda pair: pair[0],
        )
        words = frozenset(content_words(sentence))
        covered = len(words & nearest.words) >= 0.8 * min(len(words), len(nearest.words))
        return covered and score > 0.7 and _opposite(sentence, words, nearest)

    def _elsewhere(self, sentence: str, numbers: frozenset[str], kind: str) -> bool:
        """Whether these numbers belong to something else in the sources than what the sentence speaks of."""
        words = frozenset(content_words(_amounts_out(sentence)))
        whole = sum(map(self._weight, words)) or 1.0
        holding, others = 0.0, 0.0
        for part in self._parts:
            around = sum(self._weight(w) for w in words & part.words) / whole
            for clause in part.clauses:
                if not any(kind_of(f) == kind for f in clause.facts):
                    continue
                fit = around + sum(self._weight(w) for w in words & clause.words) / whole
                if all(carried(f, clause.facts) for f in numbers):
                    holding = max(holding, fit)
                elif not any(carried(f, clause.facts) for f in numbers):
                    others = max(others, fit)
        return bool(holding) and others > holding + _CLEAR_LEAD


def _amounts_out(sentence: str) -> str:
    """The sentence without its amounts, but with bare numbers, which are part of names ("Tarnline 2")."""
    return _AMOUNT.sub(" ", sentence)


def _opposite(sentence: str, words: frozenset[str], nearest: _Part) -> bool:
    """Whether a sentence and the source sentence nearest to it differ in a "not" that bears on the words they share."""
    touched = [c for c in nearest.clauses if words & c.words]
    if _NOT.search(sentence):
        return not any(c.negative for c in touched)
    plainly = frozenset[str]().union(*(c.words for c in touched if not c.negative))
    return any(c.negative and (words & c.words) - plainly for c in touched)


def _same(sentence: str, source: str) -> bool:
    """Whether the source says it word for word, at most with a "so-and-so wrote: " before it."""
    held = " ".join(source.split()).lower()
    spoken = " ".join(sentence.split()).lower().rstrip(".")
    quoted = spoken.partition(": ")[2]
    return (len(spoken) > 12 and spoken in held) or (len(quoted) > 12 and quoted in held)


_PROMISE = re.compile(
    r"\b(i('ll| will| am going to|'m going to)|let me|we('ll| will)|i am|i'm)\s+(now\s+|just\s+|happily\s+)?"
    r"(transfer(ring)?|pass(ing)?|connect(ing)?|hand(ing)?|forward(ing)?|put(ting)?|get(ting)?|"
    r"escalat(e|ing)|bring(ing)? in)\b"
    r"[^.?!]*\b(you|this|it|conversation|person|colleague|agent|human|team|someone|specialist|member)\b",
    re.I,
)
_TO_A_PERSON = re.compile(
    r"\b(person|colleague|agent|human|team|someone|somebody|specialist|advisor|member|support|people)\b", re.I
)


def promises_transfer(text: str) -> bool:
    """Whether a reply says that the customer will be passed on; an offer or a question ("shall I…?") does not."""
    return any(
        _PROMISE.search(s) is not None
        and _TO_A_PERSON.search(s) is not None
        and not re.search(r"\?|\bif you\b", s, re.I)
        for s in sentences(text)
    )
