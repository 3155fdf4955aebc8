"""How many sockets may be open at once for one customer, one agent or one address, and in all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from handover.errors import TooMany

_AGAIN = 5.0  # seconds after which trying again makes sense


@dataclass(frozen=True, slots=True)
class PlaceLimits:
    """``per_person``: one customer's or one agent's pages. ``per_address``: a whole office may sit there."""

    per_person: int = 20
    per_address: int = 500
    total: int = 20_000


class Places:
    """Counts the sockets that have said hello."""

    def __init__(self, limits: PlaceLimits) -> None:
        self._limits = limits
        self._persons: Counter[str] = Counter()
        self._addresses: Counter[str] = Counter()

    @property
    def taken(self) -> int:
        """How many are open."""
        return self._persons.total()

    @contextmanager
    def take(self, person: str, address: str) -> Iterator[None]:
        """Hold a place. Raises TooMany when there is none."""
        limits = self._limits
        if self._persons[person] >= limits.per_person:
            raise TooMany("This is open in too many windows. Please close one of them.", retry_after=_AGAIN)
        if self._addresses[address] >= limits.per_address or self._addresses.total() >= limits.total:
            raise TooMany("Too many connections are open. Please try again shortly.", retry_after=_AGAIN)
        self._persons[person] += 1
        self._addresses[address] += 1
        try:
            yield
        finally:
            _give_back(self._persons, person)
            _give_back(self._addresses, address)


def _give_back(counter: Counter[str], key: str) -> None:
    counter[key] -= 1
    if counter[key] <= 0:
        del counter[key]
