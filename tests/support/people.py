"""Drivers for journeys: a customer and an agent who speak the real sockets, and read what they see in order."""

from __future__ import annotations

import json
import time
import urllib.request
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
        until = time.monotonic() + patience
        while True:
            while self._next < len(self.frames):
                frame = self.frames[self._next]
                self._next += 1
                if match(frame):
                    return frame
            left = until - time.monotonic()
            if left <= 0:
                seen = [json.dumps(frame)[:300] for frame in self.frames[-12:]]
                raise AssertionError(f"waited for {what}; last frames:\n" + "\n".join(seen))
            try:
                self.frames.append(json.loads(self._socket.recv(timeout=left)))
            except TimeoutError:
                continue


class Customer(Person):
    """Someone on the website."""

    def __init__(self, url: str) -> None:
        super().__init__(f"{url.replace('http', 'ws', 1)}/ws/customer", url)
        self._said = 0
        self.sends(type="hello")
        self.welcome = self.waits_for("welcome", lambda frame: frame["type"] == "welcome")
        self.conversation: str = self.welcome["conversation"]

    def says(self, text: str, payload: str | None = None) -> str:
        self._said += 1
        key = f"said-{self._said}"
        self.sends(type="say", client_id=key, text=text, payload=payload)
        self.waits_for(f"own entry {key}", lambda frame: frame.get("client_id") == key and frame["type"] == "entry")
        return key

    def asks_for_a_person(self) -> None:
        self._said += 1
        self.sends(type="ask_for_human", client_id=f"ask-{self._said}")

    def hears(self, kind: str, contains: str = "") -> Frame:
        """The next entry by ``kind`` (bot, agent or system) that contains the words, whatever their case."""

        def match(frame: Frame) -> bool:
            said = frame["type"] == "entry" and frame["author"]["kind"] == kind
            return said and contains.lower() in frame["text"].lower()

        return self.waits_for(f"{kind} saying {contains!r}", match)

    def sees_control(self, control: str) -> Frame:
        return self.waits_for(
            f"control {control}", lambda frame: frame["type"] == "control" and frame["control"] == control
        )


def log_in(url: str, email: str, password: str) -> str:
    """The cookie header of a fresh login."""
    request = urllib.request.Request(
        f"{url}/api/v1/login",
        data=json.dumps({"email": email, "password": password}).encode(),
        headers={"content-type": "application/json", "origin": url},
    )
    with urllib.request.urlopen(request, timeout=20) as response:
        cookie: str = response.headers["set-cookie"].split(";", 1)[0]
        return cookie


class Agent(Person):
    """Someone at a console, online from the start."""

    def __init__(self, url: str, email: str, password: str) -> None:
        cookie = log_in(url, email, password)
        super().__init__(f"{url.replace('http', 'ws', 1)}/ws/agent", url, {"cookie": cookie})
        self._said = 0
        self.seen = 0
        self.sends(type="hello")
        self.waits_for("welcome", lambda frame: frame["type"] == "welcome")
        self.sends(type="availability", state="online")

    def sees_offer(self, conversation: str) -> Frame:
        return self.waits_for(
            "an offer", lambda frame: frame["type"] == "offer" and frame["conversation"] == conversation
        )

    def opens(self, conversation: str) -> None:
        self.sends(type="open", conversation=conversation)

    def accepts(self, offer: Frame) -> Frame:
        conversation = offer["conversation"]
        self.sends(type="accept", conversation=conversation, epoch=offer["epoch"])
        return self.sees_row(conversation, "human")

    def sees_row(self, conversation: str, control: str) -> Frame:
        """The next list row of the conversation that is under ``control``."""

        def match(frame: Frame) -> bool:
            row = frame["type"] == "conversation" and frame["conversation"] == conversation
            return row and frame["control"] == control

        return self.waits_for(f"row under {control}", match)

    def last_offset(self, conversation: str) -> int:
        offsets = [
            frame["offset"]
            for frame in self.frames
            if frame["type"] == "entry" and frame.get("conversation") == conversation
        ]
        return max(offsets, default=0)

    def says(self, conversation: str, text: str) -> Frame:
        """Say it, naming the newest offset seen; returns the recorded entry."""
        self._said += 1
        key = f"agent-{self._said}"
        seen = self.last_offset(conversation)
        self.sends(type="say", conversation=conversation, client_id=key, text=text, seen=seen)
        return self.waits_for(f"own entry {key}", lambda frame: frame.get("client_id") == key)

    def hands_back(self, conversation: str, epoch: int, outcome: str, promises: tuple[str, ...] = ()) -> Frame:
        self.sends(
            type="hand_back", conversation=conversation, epoch=epoch, outcome=outcome, open_promises=list(promises)
        )
        return self.sees_row(conversation, "bot")
