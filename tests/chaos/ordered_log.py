"""The lines one screen shows, as the real pages keep them: in the order of offsets, each once, never past a gap."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Frame = dict[str, Any]


@dataclass
class OrderedLog:
    """``entries`` is what is shown; ``early`` waits for the lines before it."""

    entries: list[Frame] = field(default_factory=list)
    early: dict[int, Frame] = field(default_factory=dict)
    after: int = 0

    @property
    def last(self) -> int:
        """The offset of the last line that is shown."""
        return int(self.entries[-1]["offset"]) if self.entries else self.after

    @property
    def has_gap(self) -> bool:
        return bool(self.early)

    def shown_at(self, offset: int) -> Frame | None:
        """The line that was shown (or waits) at ``offset``."""
        if offset in self.early:
            return self.early[offset]
        index = offset - self.after - 1
        return self.entries[index] if 0 <= index < len(self.entries) else None

    def add(self, entry: Frame) -> list[Frame]:
        """Take ``entry`` in; returns the lines that can be shown now for the first time."""
        offset = int(entry["offset"])
        if offset <= self.last or offset in self.early:
            return []
        self.early[offset] = entry
        shown = []
        while (following := self.early.pop(self.last + 1, None)) is not None:
            self.entries.append(following)
            shown.append(following)
        return shown
