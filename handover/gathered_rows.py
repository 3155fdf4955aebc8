"""List rows that changed quietly, gathered for a moment: a console gets some ten frames a second, however much is said.

A row whose control, holder or flags changed is told at once. So is a quiet one while nothing was told lately; those
that follow within `GATHER_SECONDS` wait, of each conversation the newest alone, and go out as one frame which is the
same for every console. One timer for a process, and none while nothing happens.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from handover.ports import Told

# Nobody reads a list faster than that.
GATHER_SECONDS = 0.1
ROOM = 60_000  # bytes of rows in a frame, which has 64 KiB at most; a row alone may be larger
ROWS = "conversations"


@dataclass(slots=True)
class _Row:
    """Of a conversation since the last frame: the number of the newest row told, and the newest that waits, if any."""

    told: int = -1
    feed: int = -1
    text: str = ""


class GatheredRows:
    """Takes rows by `hear` and hands them to ``tell``, at once or gathered. Must be called on the running loop."""

    def __init__(self, tell: Callable[[Told], None], seconds: float = GATHER_SECONDS) -> None:
        self._tell = tell
        self._seconds = seconds
        self._timer: asyncio.TimerHandle | None = None
        self._newest: dict[str, _Row] = {}
        self._covers: list[int] = []
        self._topic = ""

    @property
    def still(self) -> bool:
        """Nothing waits, and what comes next goes at once."""
        return self._timer is None

    def hear(self, told: Told) -> None:
        """A row; ``told.about`` is its conversation and ``told.offset`` its feed number. The newer one wins."""
        feed = told.offset
        assert feed is not None
        if self._timer is None and not told.waits:
            self._tell(told)
            return
        row = self._newest.setdefault(told.about, _Row())
        if self._timer is None or (not told.waits and feed > row.told):
            self._tell(told)
            row.told = feed
        else:
            self._topic = told.topic
            self._covers.append(feed)
            if feed > row.feed:
                row.feed, row.text = feed, told.text
        if self._timer is None:
            self._begin()

    def _begin(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._seconds, self._end)

    def _end(self) -> None:
        """What comes after a frame waits for the next one; after a moment without a row, nothing waits."""
        self._timer = None
        if self._covers:
            self._begin()
        self.flush()

    def flush(self) -> None:
        """Tell what was gathered."""
        newest, covers = self._newest, self._covers
        self._newest, self._covers = {}, []
        if not covers:
            return
        rows = sorted((row for row in newest.values() if row.feed > row.told), key=lambda row: row.feed)
        left = set(covers)
        frames = list(_frames(rows)) or [[]]
        for some in frames:
            feeds = {row.feed for row in some}
            left -= feeds
            if some is frames[-1]:
                feeds |= left  # those that a newer row stands for, which has been told now
            self._tell(Told(self._topic, ROWS, _frame(some), covers=tuple(sorted(feeds))))


def _frames(rows: Sequence[_Row]) -> Iterator[list[_Row]]:
    """``rows`` in their order, as many together as one frame holds."""
    some: list[_Row] = []
    left = ROOM
    for row in rows:
        size = len(row.text.encode()) + 1
        if some and size > left:
            yield some
            some, left = [], ROOM
        some.append(row)
        left -= size
    if some:
        yield some


def _frame(rows: Sequence[_Row]) -> str:
    """`handover.agent_frames.ConversationsFrame`, of rows that are JSON already; nothing for none."""
    if not rows:
        return ""
    return f'{{"type":"{ROWS}","rows":[{",".join(row.text for row in rows)}]}}'
