"""Does one `Call` of the product's channels against the simulator, as the product's sender does it over HTTP."""

from __future__ import annotations

import json

import httpx2

from bot.channels.channel import Answer, Call, Part, Unanswered
from bot.channels.registry import CHANNELS
from handover.entries import Button
from handover.inboxes import Inbox
from handover.outcomes import SendResult
from tests.sim.driver import Simulator

PEOPLE = {
    "messenger": "7200000000000001",
    "instagram": "1234500000000001",
    "whatsapp": "15005550010",
    "telegram": "5000000001",
    "x": "2200000000000000002",
    "line": "U" + "2" * 32,
}


def call(simulator: Simulator, asked: Call, *, read: float = 20.0) -> Answer | Unanswered:
    """The answer, or that there was none."""
    address = f"{simulator.url}/{asked.base}{asked.path}"
    try:
        answer = httpx2.request(
            asked.method,
            address,
            json=asked.json,
            headers=dict(asked.headers),
            timeout=read,
            trust_env=False,
            verify=False,
        )
    except httpx2.ConnectError as why:
        return Unanswered(False, str(why))
    except httpx2.HTTPError as why:
        return Unanswered(True, str(why))
    try:
        read_body = answer.json()
    except json.JSONDecodeError:
        read_body = None
    return Answer(
        answer.status_code, {name.lower(): one for name, one in answer.headers.items()}, read_body, answer.text
    )


def send(
    simulator: Simulator,
    inbox: Inbox,
    person: str,
    text: str = "Hello",
    *,
    key: str = "out-1",
    buttons: tuple[Button, ...] = (),
    by_human: bool = False,
    late: bool = False,
) -> SendResult:
    """One part, sent and classified by the product's channel."""
    channel = CHANNELS[inbox.channel]
    part = Part(key, 0, text, buttons, by_human=by_human, late=late)
    return channel.result(call(simulator, channel.send(inbox, person, part)))
