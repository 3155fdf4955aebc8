"""Drivers for journeys: people at the real sockets who read what they see in order; here those at the widget."""

from __future__ import annotations

import contextlib
import itertools
import json
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from websockets.sync.client import ClientConnection, connect

Frame = dict[str, Any]

# Journeys run real Rasa on a shared two-core machine: patience is for the slowest honest answer, not a measure.
PATIENCE = 40.0


class Person:
    """A socket and everything that came through it. Waiting for a frame names what was waited for."""

    def __init__(self, address: str, origin: str, headers: dict[str, str] | None = None) -> None:
        self.frames: list[Frame] = []
        self._next = 0
        self._socket: ClientConnection = connect(
            address,
            origin=origin,  # type-checked by websockets as its own NewType of str
            additional_headers=headers,
            compression=None,
            open_timeout=20,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def sends(self, **frame: Any) -> None:
        self._socket.send(json.dumps(frame))

    def waits_for(self, what: str, match: Callable[[Frame], bool], patience: float = PATIENCE) -> Frame:
        """The next frame after the last one found that matches; AssertionError names what never came."""
        found, self._next = self._find(what, match, self._next, patience)
        return found

    def has_seen(self, what: str, match: Callable[[Frame], bool], patience: float = PATIENCE) -> Frame:
        """The first frame of all that matches, whether it has come already or not."""
        return self._find(what, match, 0, patience)[0]

    def reads_for(self, seconds: float) -> None:
        """Take in what comes during ``seconds``: for waits that the service itself asked for."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self._read(left)

    def says_until_kept(self, what: str, **frame: Any) -> Frame:
        """Send words until they are in the record; slows down exactly as it is told to. Returns the own line."""
        key = frame["client_id"]
        while True:
            self.sends(**frame)
            answer = self.waits_for(f"an answer to {what} {key}", lambda f: f.get("client_id") == key)
            if answer["type"] != "error":
                return answer
            assert answer["code"] == "too_many", answer
            self.reads_for(answer["retry_after"])

    def insists(self, what: str, done: Callable[[Frame], bool], **frame: Any) -> Frame:
        """Send a wish until what it is for has come; slows down exactly as it is told to."""

        def answer(seen: Frame) -> bool:
            return done(seen) or (seen["type"] == "error" and seen["code"] == "too_many")

        while True:
            self.sends(**frame)
            found = self.waits_for(what, answer)
            if found["type"] != "error":
                return found
            self.reads_for(found["retry_after"])

    def is_refused(self, code: str) -> Frame:
        return self.waits_for(f"the error {code}", lambda frame: frame["type"] == "error" and frame["code"] == code)

    def _find(self, what: str, match: Callable[[Frame], bool], start: int, patience: float) -> tuple[Frame, int]:
        until = time.monotonic() + patience
        at = start
        while True:
            for place in range(at, len(self.frames)):
                if match(self.frames[place]):
                    return self.frames[place], place + 1
            at = len(self.frames)
            left = until - time.monotonic()
            if left <= 0:
                seen = [json.dumps(frame)[:300] for frame in self.frames[-12:]]
                raise AssertionError(f"waited for {what}; last frames:\n" + "\n".join(seen))
            self._read(left)

    def _read(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            frame = json.loads(self._socket.recv(timeout=seconds))
            # Gathered rows are as many rows as if each had come by itself.
            self.frames += frame["rows"] if frame["type"] == "conversations" else [frame]


class Stranger(Person):
    """A customer's socket on which nothing has been said."""

    def __init__(self, url: str) -> None:
        super().__init__(f"{url.replace('http', 'ws', 1)}/ws/customer", url)


class Customer(Stranger):
    """Someone on the website; with ``back``, the same one again, who has seen lines up to ``after``."""

    def __init__(self, url: str, *, back: Customer | None = None, after: int = 0) -> None:
        super().__init__(url)
        self._numbers = back._numbers if back else itertools.count(1)
        known = {"token": back.welcome["token"], "conversation": back.conversation, "after": after} if back else {}
        self.sends(type="hello", **known)
        self.welcome = self.waits_for("welcome", lambda frame: frame["type"] == "welcome")
        self.conversation: str = self.welcome["conversation"]

    def says(self, text: str, payload: str | None = None, key: str | None = None) -> Frame:
        """Say it under a new client id, or ``key``; returns the recorded entry."""
        key = key or f"said-{next(self._numbers)}"
        return self.says_until_kept("words", type="say", client_id=key, text=text, payload=payload)

    def wishes(self, what: str, **more: Any) -> None:
        """A wish about who speaks: ask_for_human, stop_waiting or leave_message."""
        self.sends(type=what, client_id=f"wish-{next(self._numbers)}", **more)

    def asks_for_a_person(self) -> Frame:
        """Press the button; returns the control frame that says whether anybody is there."""
        key = f"wish-{next(self._numbers)}"

        def offered(frame: Frame) -> bool:
            return frame["type"] == "control" and frame["control"] == "offered"

        return self.insists("to be offered", offered, type="ask_for_human", client_id=key)

    def hears(self, kind: str, contains: str = "") -> Frame:
        """The next entry by ``kind`` (bot, agent or system) that contains the words, whatever their case."""

        def match(frame: Frame) -> bool:
            said = frame["type"] == "entry" and frame["author"]["kind"] == kind
            return said and contains.lower() in frame["text"].lower()

        return self.waits_for(f"{kind} saying {contains!r}", match)

    def hears_anyone(self) -> Frame:
        """The next entry that the customer did not write."""
        return self.waits_for(
            "an answer", lambda frame: frame["type"] == "entry" and frame["author"]["kind"] != "customer"
        )

    def sees_control(self, control: str) -> Frame:
        return self.waits_for(
            f"control {control}", lambda frame: frame["type"] == "control" and frame["control"] == control
        )

    def lines(self, kind: str | None = None) -> list[Frame]:
        """The entries read so far, all or those by ``kind``, in the order in which they came."""
        entries = [frame for frame in self.frames if frame["type"] == "entry"]
        return [entry for entry in entries if kind is None or entry["author"]["kind"] == kind]
