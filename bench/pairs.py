"""People on both ends of Switchboard's sockets, ready for load: customers, agents, and conversations agents hold."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from bench.service import SLOTS
from bench.wire import Wire, dial

Frame = dict[str, Any]
Address = tuple[str, int]
_PATIENCE = 60.0
_AT_ONCE = 32


class Screen:
    """A wire while things are being set up: frames are JSON, and one can be waited for.

    Afterwards ``wire.heard`` is put in anew, and no frame is read any more than is asked for.
    """

    def __init__(self) -> None:
        self.wire = Wire()
        self.token, self.address = "", ("", 0)
        self._waiting: list[tuple[Callable[[Frame], bool], asyncio.Future[Frame]]] = []

    async def open(self, address: Address, path: str, token: str | None = None, source: str = "") -> None:
        """Connect; with ``token`` as an agent. Raises as `bench.wire.dial`."""
        self.token, self.address = token or "", address
        headers = {"authorization": f"Bearer {token}"} if token else None
        self.wire = await dial(address, path, self._hear, headers=headers, source=source or None)

    async def asks(self, match: Callable[[Frame], bool], **frame: Any) -> Frame:
        """Send a frame and wait for the first that matches. Raises RuntimeError for an error frame."""
        waiting: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        self._waiting.append((match, waiting))
        self.wire.say(json.dumps(frame).encode())
        async with asyncio.timeout(_PATIENCE):
            return await waiting

    def _hear(self, payload: bytes) -> None:
        if not self._waiting:
            return
        frame = json.loads(payload)
        for one in list(self._waiting):
            match, waiting = one
            if match(frame) or frame["type"] == "error":
                self._waiting.remove(one)
                if not waiting.done():
                    _answer(waiting, frame)


def _answer(waiting: asyncio.Future[Frame], frame: Frame) -> None:
    if frame["type"] == "error":
        waiting.set_exception(RuntimeError(f"refused: {frame['code']}: {frame['message']}"))
    else:
        waiting.set_result(frame)


@dataclass(slots=True)
class Pair:
    """One conversation under human control: the customer's wire and that of the agent who has it opened.

    ``visitor`` and ``door`` are the customer's token and address, ``agent_token`` and ``agent_door`` the agent's: what
    `resume` comes back with.
    """

    conversation: str
    customer: Wire
    agent: Wire
    visitor: str
    door: Address
    agent_token: str
    agent_door: Address


async def open_customer(address: Address, source: str = "") -> tuple[Screen, Frame]:
    """A new customer after a whole hello, and the welcome."""
    screen = Screen()
    await screen.open(address, "/ws/customer", source=source)
    return screen, await screen.asks(lambda frame: frame["type"] == "welcome", type="hello")


async def open_agent(address: Address, token: str, source: str = "") -> Screen:
    """An agent's console after a whole hello, at the desk for offers."""
    screen = Screen()
    await screen.open(address, "/ws/agent", token, source)
    await screen.asks(lambda frame: frame["type"] == "heartbeat", type="hello")
    screen.wire.say(b'{"type":"availability","state":"online"}')
    return screen


async def open_pairs(addresses: Sequence[Address], tokens: Sequence[str], count: int) -> list[Pair]:
    """``count`` conversations, spread over the agents of ``tokens``, which hold at most `SLOTS` each.

    The agents and the customers of each are spread over ``addresses``, so that with two replicas half of the words
    pass from one to the other.
    """
    if count > len(tokens) * SLOTS:
        raise ValueError(f"{len(tokens)} agents hold at most {len(tokens) * SLOTS} conversations")
    agents = await asyncio.gather(
        *(open_agent(addresses[number % len(addresses)], token) for number, token in enumerate(tokens))
    )
    turns = asyncio.Semaphore(_AT_ONCE)

    async def one(number: int) -> Pair:
        agent = agents[number % len(agents)]
        async with turns:
            return await open_pair(addresses[number // len(agents) % len(addresses)], agent)

    return list(await asyncio.gather(*(one(number) for number in range(count))))


async def open_pair(address: Address, agent: Screen) -> Pair:
    """A new customer whose conversation ``agent`` takes from the bot, opens, and has said a first word in."""
    customer, welcome = await open_customer(address)
    here, epoch = welcome["conversation"], welcome["epoch"]

    def is_held(frame: Frame) -> bool:
        row = frame["type"] == "conversation" and frame["conversation"] == here
        return bool(row and frame["control"] == "human")

    held = await agent.asks(is_held, type="take", conversation=here, epoch=epoch)
    key = f"first-{here}"
    seen = held["last_entry"]["offset"]

    def said(frame: Frame) -> bool:
        return bool(frame["type"] == "entry" and frame.get("client_id") == key)

    agent.wire.say(json.dumps({"type": "open", "conversation": here}).encode())
    words = {"conversation": here, "client_id": key, "text": "Hello, a person here.", "seen": seen}
    await agent.asks(said, type="say", **words)
    return Pair(here, customer.wire, agent.wire, welcome["token"], address, agent.token, agent.address)


async def resume(pairs: Sequence[Pair]) -> None:
    """Whoever's connection has ended comes back, as pages do: a hello with what they have, conversations opened again.

    They are shown all of their conversations again. The new wires hear nothing yet.
    """
    gone: dict[int, list[Pair]] = {}
    for pair in pairs:
        if pair.agent.ended is not None:
            gone.setdefault(id(pair.agent), []).append(pair)
    for held in gone.values():
        agent = await open_agent(held[0].agent_door, held[0].agent_token)
        for pair in held:
            agent.wire.say(json.dumps({"type": "open", "conversation": pair.conversation}).encode())
            pair.agent = agent.wire
    for pair in pairs:
        if pair.customer.ended is not None:
            screen = Screen()
            await screen.open(pair.door, "/ws/customer")
            known = {"token": pair.visitor, "conversation": pair.conversation}
            await screen.asks(lambda frame: frame["type"] == "heartbeat", type="hello", **known)
            pair.customer = screen.wire
