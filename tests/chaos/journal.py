"""What everybody did and saw, as JSON lines: written while a run goes on, read by the checker when it is over.

Every line has ``t`` (wall clock, seconds), ``m`` (monotonic seconds), ``who`` and ``what``; the rest belongs to the
kind of line and is described where it is written (`tests.chaos.customer`, `agent`, `faults`).
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

Line = dict[str, Any]


class Journal:
    """Appends to ``file``. One writer; nothing is buffered for longer than until `flush` or the end."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._out = file.open("a", encoding="utf-8", buffering=1 << 16)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._out.close()

    def note(self, who: str, what: str, **more: Any) -> None:
        """One line, now."""
        line = {"t": time.time(), "m": time.monotonic(), "who": who, "what": what, **more}
        self._out.write(json.dumps(line, separators=(",", ":")) + "\n")

    def flush(self) -> None:
        self._out.flush()


def lines_of(file: Path) -> Iterator[Line]:
    """Every line of a journal; a last line that a kill cut off is passed over."""
    if not file.exists():
        return
    with file.open(encoding="utf-8") as source:
        for text in source:
            try:
                yield json.loads(text)
            except ValueError:
                if text.endswith("\n"):
                    raise
