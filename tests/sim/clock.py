"""The simulated platforms' clock: real time plus what a test moves it on by. No two moments it gives are the same."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta


class SimClock:
    """Safe to use from any thread; moments have milliseconds, as platforms write them."""

    def __init__(self) -> None:
        self._ahead = timedelta()
        self._last = datetime(1970, 1, 1, tzinfo=UTC)
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """Later than any moment given before, unless the clock was moved back."""
        with self._lock:
            real = datetime.now(UTC) + self._ahead
            whole = real.replace(microsecond=real.microsecond // 1000 * 1000)
            self._last = max(whole, self._last + timedelta(milliseconds=1))
            return self._last

    def move(self, by: timedelta) -> None:
        """Back or on. What is written from now on bears the moved time."""
        with self._lock:
            self._ahead += by
            if by < timedelta():
                self._last = datetime(1970, 1, 1, tzinfo=UTC)


def millis(at: datetime) -> int:
    return round(at.timestamp() * 1000)
