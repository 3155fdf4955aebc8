"""A circuit breaker: after several failures in a row the model is left alone for a while, then tried with one turn."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class Breaker:
    """``failures`` in a row open it for ``seconds``. `allows` says whether to try; then report how it went."""

    failures: int = 3
    seconds: float = 30.0
    monotonic: Callable[[], float] = time.monotonic
    _in_row: int = 0
    _open_until: float = 0.0
    _trying: bool = False

    def allows(self) -> bool:
        """True when closed; when the pause is over, true for one caller until it reports."""
        if self._in_row < self.failures:
            return True
        if self._trying or self.monotonic() < self._open_until:
            return False
        self._trying = True
        return True

    def succeeded(self) -> None:
        self._in_row, self._trying = 0, False

    def failed(self) -> None:
        self._in_row += 1
        self._trying = False
        self._open_until = self.monotonic() + self.seconds

    def gave_up(self) -> None:
        """The try ended without a verdict on the model (the turn was fenced)."""
        self._trying = False
