"""How many sockets may be open at once for one customer, one agent or one address, and in all."""

from __future__ import annotations

from collections import Counter
from contextlib import AbstractContextManager
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

    def take(self, person: str, address: str) -> AbstractContextManager[None]:
        """Hold a place for as long as the block lasts. Raises TooMany when there is none."""
        limits = self._limits
        if self._persons[person] >= limits.per_person:
            raise TooMany("This is open in too many windows. Please close one of them.", retry_after=_AGAIN)
        if self._addresses[address] >= limits.per_address or self._addresses.total() >= limits.total:
            raise TooMany("Too many connections are open. Please try again shortly.", retry_after=_AGAIN)
        return _Place(self._persons, person, self._addresses, address)


class _Place:
    __slots__ = ("_address", "_addresses", "_person", "_persons")

    def __init__(self, persons: Counter[str], person: str, addresses: Counter[str], address: str) -> None:
        self._persons, self._person = persons, person
        self._addresses, self._address = addresses, address

    def __enter__(self) -> None:
        self._persons[self._person] += 1
        self._addresses[self._address] += 1

    def __exit__(self, *_: object) -> None:
        _give_back(self._persons, self._person)
        _give_back(self._addresses, self._address)


def _give_back(counter: Counter[str], key: str) -> None:
    counter[key] -= 1
    if counter[key] <= 0:
        del counter[key]
