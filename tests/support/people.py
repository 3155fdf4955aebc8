"""Drivers for journeys: a customer and an agent who speak the real sockets, and read what they see in order."""

from __future__ import annotations

import contextlib
import itertools
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
            self.frames.append(json.loads(self._socket.recv(timeout=seconds)))


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


def post(url: str, path: str, body: dict[str, Any], **headers: str) -> Any:
    """The response of a JSON request to the REST API."""
    request = urllib.request.Request(
        f"{url}/api/v1/{path}",
        data=json.dumps(body).encode(),
        headers={"content-type": "application/json", "origin": url, **headers},
    )
    with urllib.request.urlopen(request, timeout=20) as response:
        return response.headers, json.loads(response.read() or b"null")


def log_in(url: str, email: str, password: str) -> str:
    """The cookie header of a fresh login."""
    headers, _ = post(url, "login", {"email": email, "password": password})
    cookie: str = headers["set-cookie"].split(";", 1)[0]
    return cookie


class Agent(Person):
    """Someone at a console, online from the start."""

    def __init__(self, url: str, email: str, password: str) -> None:
        cookie = log_in(url, email, password)
        super().__init__(f"{url.replace('http', 'ws', 1)}/ws/agent", url, {"cookie": cookie})
        self.email = email
        self._said = 0
        self.sends(type="hello")
        self.welcome = self.waits_for("welcome", lambda frame: frame["type"] == "welcome")
        self.name: str = self.welcome["agent"]["name"]
        self.sends(type="availability", state="online")

    def sees_offer(self, conversation: str, after: int = 0) -> Frame:
        """The offer of the conversation made after epoch ``after``."""

        def match(frame: Frame) -> bool:
            return frame["type"] == "offer" and frame["conversation"] == conversation and frame["epoch"] > after

        return self.has_seen(f"an offer after epoch {after}", match)

    def opens(self, conversation: str) -> None:
        self.sends(type="open", conversation=conversation)

    def sees_line(self, conversation: str, contains: str) -> Frame:
        """The entry of the conversation that holds these words."""

        def match(frame: Frame) -> bool:
            return frame["type"] == "entry" and frame.get("conversation") == conversation and contains in frame["text"]

        return self.has_seen(f"a line with {contains!r}", match)

    def hears(self, conversation: str, offset: int) -> Frame:
        """The entry with this offset, as the next thing of interest."""

        def match(frame: Frame) -> bool:
            here = frame["type"] == "entry" and frame.get("conversation") == conversation
            return here and frame["offset"] == offset

        return self.waits_for(f"line {offset}", match)

    def accepts(self, offer: Frame) -> Frame:
        """Accept, open and wait until it is theirs; returns the list row."""
        conversation = offer["conversation"]
        taken = self._row(conversation, "human", offer["epoch"])
        wish = {"conversation": conversation, "epoch": offer["epoch"]}
        self.insists("the conversation", taken, type="accept", **wish)
        self.opens(conversation)
        return self.sees_row(conversation, "human", offer["epoch"])

    def sees_row(self, conversation: str, control: str, after: int = 0) -> Frame:
        """The list row of the conversation under ``control`` with an epoch later than ``after``."""
        return self.has_seen(f"row under {control} after epoch {after}", self._row(conversation, control, after))

    @staticmethod
    def _row(conversation: str, control: str, after: int) -> Callable[[Frame], bool]:
        def match(frame: Frame) -> bool:
            row = frame["type"] == "conversation" and frame["conversation"] == conversation
            return row and frame["control"] == control and frame["epoch"] > after

        return match

    def last_offset(self, conversation: str) -> int:
        offsets = [
            frame["offset"]
            for frame in self.frames
            if frame["type"] == "entry" and frame.get("conversation") == conversation
        ]
        return max(offsets, default=0)

    def says(self, conversation: str, text: str, seen: int | None = None) -> Frame:
        """Say it, naming the newest offset seen (or ``seen``); returns the recorded entry."""
        self._said += 1
        seen = self.last_offset(conversation) if seen is None else seen
        return self.says_until_kept(
            "words", type="say", conversation=conversation, client_id=f"agent-{self._said}", text=text, seen=seen
        )

    def notes(self, conversation: str, text: str) -> Frame:
        """Write a private note; returns it as it came back."""
        self._said += 1
        key = f"note-{self._said}"
        while True:
            self.sends(type="note", conversation=conversation, client_id=key, text=text)
            answer = self.waits_for(
                f"note {key}",
                lambda f: (
                    (f["type"] == "note" and f["text"] == text) or (f["type"] == "error" and f["client_id"] == key)
                ),
            )
            if answer["type"] == "note":
                return answer
            assert answer["code"] == "too_many", answer
            self.reads_for(answer["retry_after"])

    def hands_back(self, conversation: str, epoch: int, outcome: str, promises: tuple[str, ...] = ()) -> Frame:
        """Back to the bot; returns the list row."""
        done = self._row(conversation, "bot", epoch)
        wish = {"conversation": conversation, "epoch": epoch, "outcome": outcome, "open_promises": list(promises)}
        return self.insists("the hand-back", done, type="hand_back", **wish)


_HIRED = itertools.count(1)


def hired(url: str, name: str, password: str) -> Agent:
    """A colleague made by the admin for one test, with an empty desk, online."""
    email = f"{name.lower()}-{next(_HIRED)}@example.com"
    cookie = log_in(url, "admin@example.com", password)
    post(url, "agents", {"email": email, "name": name, "password": password}, cookie=cookie)
    return Agent(url, email, password)


def empty_desk(url: str) -> None:
    """Wait until the service has noticed that no agent's console is open."""
    with Customer(url) as asking:
        for _ in range(100):
            waiting = asking.asks_for_a_person()["waiting"]
            asking.wishes("stop_waiting")
            asking.sees_control("bot")
            if not waiting["desk_open"]:
                return
    raise AssertionError("somebody is still at the desk")
