"""What was asked of the simulated platforms and what they answered, in order, and what was wrong with a request."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures" / "channels"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came. ``base`` is which API it went to; ``path`` is without it; header names in lower case."""

    base: str
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body; None when there is none. Raises ValueError when it is not JSON or does not say that it is."""
        if not self.body:
            return None
        if self.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            raise ValueError("the body is not said to be JSON")
        return json.loads(self.body)

    @property
    def token(self) -> str:
        kind, _, token = self.headers.get("authorization", "").partition(" ")
        return token if kind == "Bearer" else ""


@dataclass(frozen=True, slots=True)
class Reply:
    """``body`` is sent as JSON; bytes as they are."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)


class Refusal(Exception):
    """A request the platform does not take. ``wrong``: the product must never ask this, whatever its customers do."""

    def __init__(self, why: str, reply: Reply, *, wrong: bool = True) -> None:
        super().__init__(why)
        self.why, self.reply, self.wrong = why, reply, wrong


@dataclass(slots=True)
class Told:
    """A request understood. ``what``: send, typing, seen, check, set up, file, where.

    ``key`` is the product's own id of a send, ``accepted`` whether the platform took it, ``status`` what was answered:
    None while it is held and for good when the connection was dropped.
    """

    channel: str
    account: str
    what: str
    person: str | None = None
    text: str = ""
    buttons: tuple[tuple[str, str], ...] = ()
    key: str | None = None
    tag: str | None = None
    template: Mapping[str, Any] | None = None
    body: Any = None
    at: datetime | None = None
    provider_id: str | None = None
    accepted: bool = False
    status: int | None = None


class Ledger:
    """Safe to read from any thread while the platforms write."""

    def __init__(self) -> None:
        self._told: list[Told] = []
        self._violations: list[str] = []
        self._changed = threading.Condition()

    def add(self, told: Told) -> None:
        with self._changed:
            self._told.append(told)
            self._changed.notify_all()

    def changed(self) -> None:
        """Something in an entry is new: whoever waits looks again."""
        with self._changed:
            self._changed.notify_all()

    def wrong(self, why: str) -> None:
        with self._changed:
            self._violations.append(why)
            self._changed.notify_all()

    def calls(self, person: str | None = None, *, what: str | None = None) -> list[Told]:
        """In the order they came; of one person, of one sort."""
        with self._changed:
            told = list(self._told)
        return [one for one in told if person in {None, one.person} and what in {None, one.what}]

    def violations(self) -> list[str]:
        with self._changed:
            return list(self._violations)

    def wait(self, seconds: float) -> None:
        """Until something changes, at most ``seconds``."""
        with self._changed:
            self._changed.wait(seconds)


def fixture(file: str) -> Any:
    """A fixture by its name in index.json, with or without ``.json``; a fresh copy."""
    return deepcopy(json.loads((FIXTURES / f"{file.removesuffix('.json')}.json").read_text()))


def fixture_reply(file: str) -> Reply:
    """An answer of a platform as the fixture ``file`` has it."""
    told = fixture(file)
    body = told["body"] if "body" in told else told["body_raw"].encode()
    return Reply(told["status"], body, told.get("headers", {}))


def customers_in(file: str) -> set[str]:
    """Who writes in a fixture, as its row in index.json says."""
    rows = json.loads((FIXTURES / "index.json").read_text())
    row = next(one for one in rows if one["file"].removesuffix(".json") == file.removesuffix(".json"))
    events = row["expect"].get("events", [])
    return {str(one["user"]) for one in events if one.get("customer") and one.get("user")}
