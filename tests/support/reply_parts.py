"""The parts a reply is made with, as tests need them: the real pages, the real embedder, a hand-held stream."""

from __future__ import annotations

import asyncio
import functools
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from actions.brand import Brand, read_brand
from actions.breaker import Breaker
from actions.briefing import Briefing
from actions.embedder import MiniLM, Remembering
from actions.knowledge import Knowledge, open_knowledge
from actions.offline import OfflineWriter
from actions.reply import ReplyTools
from actions.stream import DeltaStream, NoStream
from actions.writers import Writer

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "data" / "knowledge"
MINILM = ROOT / "var" / "minilm"


@functools.cache
def minilm() -> Remembering:
    """The exported model; made first when this clone has none yet."""
    if not (MINILM / "model.onnx").is_file():
        subprocess.run([sys.executable, "-m", "bot.nlu.export", "--to", str(MINILM)], cwd=ROOT, check=True)
    return Remembering(MiniLM(MINILM))


@functools.cache
def knowledge() -> Knowledge:
    return open_knowledge(PAGES, minilm(), ROOT / "var")


@functools.cache
def knowledge_by_keywords() -> Knowledge:
    return open_knowledge(PAGES, None)


@functools.cache
def brand() -> Brand:
    return read_brand(ROOT / "data" / "brand" / "brand.yml")


@dataclass
class HeardStream(NoStream):
    """Keeps the pieces; ``fence_after`` pieces it behaves as if the service had answered 409."""

    fence_after: int | None = None
    pieces: list[str] = field(default_factory=list)
    fed: int = 0  # pieces of the model that were looked at, shown or not

    def __post_init__(self) -> None:
        super().__init__()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def push(self, text: str) -> None:
        super().push(text)
        self.fed += 1
        if text:
            self.pieces.append(text)
        if self.fence_after is not None and len(self.pieces) >= self.fence_after:
            self.fenced.set()


def tools(
    model: Writer | None = None,
    *,
    stream: DeltaStream | NoStream | None = None,
    known: Knowledge | None = None,
    breaker: Breaker | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> ReplyTools:
    known = known or knowledge()
    heard = stream or NoStream()
    return ReplyTools(
        brand=brand(),
        knowledge=known,
        offline=OfflineWriter(known.embedder, known.weight),
        model=model,
        breaker=breaker or Breaker(),
        stream_for=lambda _: heard,
        now=now,
    )


def due_in(seconds: float) -> datetime:
    """A turn's deadline that far from now."""
    return datetime.now(UTC) + timedelta(seconds=seconds)


async def within(seconds: float, work: Any) -> Any:
    """Fails when the work takes longer than the turn may."""
    async with asyncio.timeout(seconds):
        return await work


def asking(text: str, **more: Any) -> Briefing:
    return Briefing(text=text, **more)
