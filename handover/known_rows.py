"""Which list rows a console has been sent: all up to a feed number, and some beyond it that came before others."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from handover.gathered_rows import ROWS
from handover.ports import Told

_MAX_EARLY = 1_000  # rows heard beyond a gap; more are not remembered, only sent again by the next look


class KnownRows:
    """``upto``: every row up to this feed number has been sent."""

    __slots__ = ("_early", "upto")

    def __init__(self) -> None:
        self.upto = 0
        self._early: set[int] = set()

    def begin(self, upto: int) -> None:
        """The console has all up to ``upto`` and nothing else."""
        self.upto = upto
        self._early.clear()

    def has(self, feed: int) -> bool:
        """Whether the row with this number, or one that stands for it, has been sent."""
        return feed <= self.upto or feed in self._early

    def read(self, feed: int) -> None:
        """All up to ``feed`` has been read from the record and sent."""
        self.upto = max(self.upto, feed)
        if self._early:
            self._early = {each for each in self._early if each > self.upto}

    def add(self, feeds: Sequence[int]) -> None:
        """Rows with these numbers, in rising order, have been sent."""
        if feeds and not self._early and feeds[0] == self.upto + 1 and feeds[-1] == self.upto + len(feeds):
            self.upto = feeds[-1]  # nearly always
            return
        for feed in feeds:
            if feed > self.upto and len(self._early) < _MAX_EARLY:
                self._early.add(feed)
        while self.upto + 1 in self._early:
            self.upto += 1
            self._early.discard(self.upto)

    def new_in(self, news: Told) -> tuple[str, tuple[int, ...]] | None:
        """Of one list row or of several: what was not sent, empty when all was, and their numbers; None for others."""
        if news.kind == ROWS:
            return self.left_of(news.text, news.covers), news.covers
        if news.kind != "conversation" or news.offset is None:
            return None
        return ("", ()) if self.has(news.offset) else (news.text, (news.offset,))

    def left_of(self, text: str, feeds: Sequence[int]) -> str:
        """The frame ``text``, which covers the rows ``feeds``, without those that were sent; empty when none is left.

        ``text`` may be empty itself.
        """
        if not text or not any(map(self.has, feeds)):
            return text
        frame: dict[str, Any] = json.loads(text)
        rows = [row for row in frame["rows"] if not self.has(row["feed"])]
        return json.dumps({**frame, "rows": rows}, ensure_ascii=False, separators=(",", ":")) if rows else ""
