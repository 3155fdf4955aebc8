"""Does the customer ask the same thing again? Counts earlier messages that ask what this one asks.

By sentence embedding when the exported model is there, by words in common when it is not. The model and what runs it
are loaded once the service is serving: a start does not wait for them.
"""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Literal, Protocol

import structlog

from bot.nlu.embedder_files import EmbedderMissing, required_files

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

log = structlog.get_logger(__name__)

_EMAIL = re.compile(r"\S+@\S+")
_NUMBER = re.compile(r"\S*\d\S*")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_ASKS = re.compile(
    r"\?|^\W*(?:and |but |so )?(?:are|can|could|did|do|does|has|have|how|is|was|what|when|where|which|who|why|will)\b",
    re.IGNORECASE,
)


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


_SMALL_WORDS = _words(
    "a an and are as ask asked asking at be been but by can could did do does for from had has have i i'm in is it its "
    "it's just me my now of on or please so still tell that the there this to was we will with would you your"
)
# Words in common over all words; chosen on the pairs in tests/bot/test_repeats.py.
_LEXICAL_THRESHOLD = 0.5
# Cosine of MiniLM in int8. On 26 pairs of shop questions 0.72 found 6 of 13 repeats and took 1 of 13 others for one;
# lower finds more, but "where is my order" and "I want to change my order" are at 0.68. Two repeats make a handover.
SIMILAR = 0.72
_KEPT_VECTORS = 4_096  # 6 MB of float32 at 384 dimensions


class Encodes(Protocol):
    """What we need of `bot.nlu.encoder.Encoder`."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors, one row a text."""
        ...


class Repeats(Protocol):
    """``kind`` is said in the readiness page."""

    @property
    def kind(self) -> Literal["embedding", "lexical"]: ...

    async def count(self, text: str, earlier: Sequence[str]) -> int:
        """How many of ``earlier`` ask the same as ``text``; 0 when ``text`` is no question of its own."""
        ...


class EmbeddedRepeats:
    """Similar by cosine of at least ``threshold``. Encoding runs in a thread; vectors are kept for reuse."""

    kind: Literal["embedding", "lexical"] = "embedding"

    def __init__(self, encoder: Encodes, *, threshold: float) -> None:
        self._encoder = encoder
        self._threshold = threshold
        self._vectors: OrderedDict[str, NDArray[np.float32]] = OrderedDict()
        self._lock = Lock()

    async def count(self, text: str, earlier: Sequence[str]) -> int:
        before = [message for message in earlier if is_wish(message)]
        if not before or not is_wish(text):
            return 0
        return await asyncio.to_thread(self._count, text, before)

    def _count(self, text: str, before: list[str]) -> int:
        vectors = self._encode([text, *before])
        return sum(float(vector @ vectors[0]) >= self._threshold for vector in vectors[1:])

    def _encode(self, texts: list[str]) -> list[NDArray[np.float32]]:
        with self._lock:
            known = {text: self._vectors[text] for text in texts if text in self._vectors}
        missing = [text for text in dict.fromkeys(texts) if text not in known]
        if missing:
            known |= dict(zip(missing, self._encoder.encode(missing), strict=True))
        with self._lock:
            for text in texts:
                self._vectors[text] = known[text]
                self._vectors.move_to_end(text)
            while len(self._vectors) > _KEPT_VECTORS:
                self._vectors.popitem(last=False)
        return [known[text] for text in texts]


class LexicalRepeats:
    """Similar by words in common; misses other words for the same thing."""

    kind: Literal["embedding", "lexical"] = "lexical"

    async def get_ready(self) -> None:
        """There is nothing to load."""

    async def count(self, text: str, earlier: Sequence[str]) -> int:
        if not is_wish(text):
            return 0
        words = _content(text)
        return sum(1 for message in earlier if is_wish(message) and _alike(words, _content(message)))


class LoadedLater:
    """Embeddings, with the model of ``folder`` loaded by `get_ready` or by the first who counts.

    A model that cannot be loaded is logged, and words in common decide.
    """

    def __init__(self, folder: Path, *, threshold: float) -> None:
        self._folder = folder
        self._threshold = threshold
        self._one_loads = asyncio.Lock()
        self._loaded: Repeats | None = None

    @property
    def kind(self) -> Literal["embedding", "lexical"]:
        return "embedding" if self._loaded is None else self._loaded.kind

    async def count(self, text: str, earlier: Sequence[str]) -> int:
        return await (self._loaded or await self.get_ready()).count(text, earlier)

    async def get_ready(self) -> Repeats:
        """Load it, in a thread, unless that is done."""
        async with self._one_loads:
            if self._loaded is None:
                try:
                    self._loaded = await asyncio.to_thread(self._load)
                except Exception:
                    log.exception("embedder_not_loaded", effect="repeated questions are found by words in common")
                    self._loaded = LexicalRepeats()
            return self._loaded

    def _load(self) -> Repeats:
        from bot.nlu.encoder import Encoder

        return EmbeddedRepeats(Encoder(self._folder), threshold=self._threshold)


def open_repeats(folder: Path, *, threshold: float = SIMILAR) -> LoadedLater | LexicalRepeats:
    """Embeddings when the exported embedder is in ``folder``, else words in common."""
    try:
        required_files(folder)
    except EmbedderMissing:
        return LexicalRepeats()
    return LoadedLater(folder, threshold=threshold)


def is_wish(text: str) -> bool:
    """Whether ``text`` asks or wants something by itself.

    "yes", "ok thanks", an order number, an e-mail address or "my email is a@b.example" are answers; they may
    come again and again.
    """
    rest = _NUMBER.sub(" ", _EMAIL.sub(" ", text))
    words = _WORD.findall(rest)
    if rest == text:
        return len(words) >= 3
    return len(words) >= (2 if _ASKS.search(text) else 5)


def _content(text: str) -> frozenset[str]:
    words = frozenset(word.lower().replace("’", "'") for word in _WORD.findall(text))
    return (words - _SMALL_WORDS) or words


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    return len(one & other) >= _LEXICAL_THRESHOLD * len(one | other)
