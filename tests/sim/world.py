"""What all simulated platforms share: accounts, the record of calls, the clock, ids, files, who wrote when."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from tests.sim.accounts import Account, Accounts
from tests.sim.calls import Asked, Ledger, Reply, Told
from tests.sim.clock import SimClock
from tests.sim.faults import Faults


@dataclass(frozen=True, slots=True)
class File:
    """A file of a customer's, for download."""

    id: str
    name: str
    media_type: str
    content: bytes


@dataclass
class World:
    """``service`` is the product's address, without a slash at the end; ``own`` the simulator's."""

    accounts: Accounts = field(default_factory=Accounts)
    ledger: Ledger = field(default_factory=Ledger)
    clock: SimClock = field(default_factory=SimClock)
    faults: Faults = field(default_factory=Faults)
    files: dict[str, File] = field(default_factory=dict)
    automatic: bool = True
    service: str = ""
    own: str = ""
    _wrote: dict[tuple[str, str, str], datetime] = field(default_factory=dict)
    _blocked: set[tuple[str, str, str]] = field(default_factory=set)
    _numbers: Any = field(default_factory=lambda: itertools.count(1001))

    def number(self) -> int:
        """Never the same twice, in this life."""
        return next(self._numbers)

    def wrote(self, account: Account, person: str, at: datetime) -> None:
        """``person`` is known from now on, and their window is open from ``at``."""
        which = (account.channel, account.id, person)
        self._wrote[which] = max(at, self._wrote.get(which, at))

    def since(self, account: Account, person: str) -> timedelta | None:
        """How long ago ``person`` last wrote; None for a stranger."""
        last = self._wrote.get((account.channel, account.id, person))
        return None if last is None else self.clock.now() - last

    def block(self, account: Account, person: str, *, blocked: bool) -> None:
        which = (account.channel, account.id, person)
        (self._blocked.add if blocked else self._blocked.discard)(which)

    def blocked(self, account: Account, person: str) -> bool:
        return (account.channel, account.id, person) in self._blocked


@dataclass(frozen=True, slots=True)
class Words:
    """Something to tell of in a webhook: who, when, and what of it a platform needs."""

    person: str
    at: datetime
    id: str = ""
    text: str = ""
    name: str = "Ana"
    target: str = ""
    reply_to: str = ""
    payload: str = ""
    emoji: str | None = None
    file: File | None = None
    kind: str = "image"
    key: str | None = None
    app: str | None = None
    note: str = ""


class NotThere(Exception):
    """The platform does not tell of such a thing."""


class Platform(Protocol):
    """One API family: what it answers, and how it writes webhooks. ``told`` and ``body`` follow its documentation."""

    channel: str

    def understand(self, asked: Asked) -> Told:
        """What a request wants. Raises Refusal."""
        ...

    def take(self, told: Told) -> Reply:
        """The answer to what was understood; a send has its ``provider_id`` and ``accepted`` then. Raises Refusal."""
        ...

    def afterwards(self, told: Told) -> list[Mapping[str, Any]]:
        """The webhooks that a taken send makes the platform write by itself, in order."""
        ...

    def event(self, kind: str, account: Account, words: Words) -> Mapping[str, Any]:
        """One event of a webhook. Raises NotThere for what the platform never tells."""
        ...

    def bodies(self, account: Account, events: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """The webhooks that hold ``events``, as many to one as the platform does."""
        ...

    def new_id(self) -> str:
        """An id of a message, as the platform makes them."""
        ...
