"""Waits until the service says that everything is ready, and tells meanwhile what is still missing."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Answer:
    """What /readyz said: whether all is ready, and its words (a sentence of ours while nobody answers)."""

    ready: bool
    text: str


def ask_ready(service_url: str) -> Answer:
    """One question to /readyz."""
    address = urlsplit(service_url)
    connection = http.client.HTTPConnection(address.hostname or "127.0.0.1", address.port or 80, timeout=5)
    try:
        connection.request("GET", "/readyz")
        response = connection.getresponse()
        return Answer(response.status == 200, response.read(10_000).decode(errors="replace"))
    except (OSError, http.client.HTTPException) as error:
        return Answer(False, f"the service to answer ({type(error).__name__})")
    finally:
        connection.close()


def missing(answer: Answer) -> str:
    """What is not ready and why, in a few words, out of an answer of /readyz."""
    try:
        body = json.loads(answer.text)
    except ValueError:
        return answer.text[:120]
    parts = body.get("parts", {}) if isinstance(body, dict) else {}
    named = [f"{name} ({part.get('why', '')})" for name, part in parts.items() if not part.get("ok")]
    return ", ".join(named) or answer.text[:120]


def wait_until_ready(
    ask: Callable[[], Answer],
    *,
    alive: Callable[[], bool],
    seconds: float,
    say: Callable[[str], None],
    pause: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Answer:
    """Ask until ready, until `alive()` is false, or until the time is over; returns the last answer."""
    started = clock()
    next_line = 5.0
    while True:
        answer = ask()
        passed = clock() - started
        if answer.ready or not alive() or passed > seconds:
            return answer
        if passed >= next_line:
            say(f"  {passed:3.0f} s: waiting for {missing(answer)}")
            next_line += 5.0
        pause(0.3)
