"""Drivers for journeys: agents at the console's socket, their logins, and a desk that is emptied."""

from __future__ import annotations

import itertools
import json
import urllib.request
from collections.abc import Callable
from typing import Any

from tests.support.people import Customer, Frame, Person


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
        """Accept, open, wait until it is theirs and all that was said is on the screen; returns the list row."""
        conversation = offer["conversation"]
        taken = self._row(conversation, "human", offer["epoch"])
        wish = {"conversation": conversation, "epoch": offer["epoch"]}
        self.opens(conversation)
        self.insists("the conversation", taken, type="accept", **wish)
        row = self.sees_row(conversation, "human", offer["epoch"])
        newest = row["last_entry"]["offset"]

        def match(frame: Frame) -> bool:
            return frame["type"] == "entry" and frame.get("conversation") == conversation and frame["offset"] >= newest

        self.has_seen(f"line {newest}", match)
        return row

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
