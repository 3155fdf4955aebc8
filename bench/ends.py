"""The two ends of many conversations, opened at Switchboard, at a Socket.IO relay or at an echo: a load's targets.

Whatever the system, a load says numbered words at one end, and hears their number at the other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from bench.engine_io import SocketIo, event_packet
from bench.pairs import Pair, open_pairs, resume
from bench.wire import Wire, dial

Kind = Literal["switchboard", "socketio", "echo"]
Number = Callable[[int], None]
WORDS = 100  # bytes of each text
_DIGITS = 9
_MARK = b'"#'
_ENTRY = b'{"type":"entry"'


@dataclass(frozen=True, slots=True)
class Plan:
    """What to open: at which ``addresses``, how many conversations and agents; ``tokens`` are the agents'."""

    kind: Kind
    addresses: Sequence[tuple[str, int]]
    conversations: int
    agents: int
    tokens: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Ends:
    """``say[i]`` sends the words of a number in conversation ``i``.

    ``wires`` gives all connections; ``mend`` opens again those that have ended, where the system knows a way back.
    What was heard is told to the two functions that they were opened with.
    """

    say: Sequence[Number]
    wires: Callable[[], Sequence[Wire]]
    mend: Callable[[], Awaitable[None]]

    def ended(self) -> list[int]:
        """The close codes of connections that are gone."""
        return [wire.ended for wire in self.wires() if wire.ended is not None]


def words(number: int) -> str:
    """The text that carries a number, `WORDS` bytes long."""
    return f"#{number:0{_DIGITS}d} ".ljust(WORDS, "x")


def number_in(payload: bytes) -> int | None:
    """The number of the first words in ``payload``, if there are any."""
    at = payload.find(_MARK)
    if at < 0:
        return None
    digits = payload[at + 2 : at + 2 + _DIGITS]
    return int(digits) if len(digits) == _DIGITS and digits.isdigit() else None


async def open_ends(plan: Plan, arrived: Number, acknowledged: Number) -> Ends:
    """Open everything; ``arrived`` gets the number of words that came to an agent, ``acknowledged`` of the customer's.

    Raises what opening a connection raises.
    """
    match plan.kind:
        case "switchboard":
            return await _at_switchboard(plan, arrived, acknowledged)
        case "socketio":
            return await _at_socketio(plan, arrived)
        case "echo":
            return await _at_echo(plan, arrived)


async def _at_switchboard(plan: Plan, arrived: Number, acknowledged: Number) -> Ends:
    pairs = await open_pairs(plan.addresses, plan.tokens, plan.conversations)

    def listen() -> None:
        for pair in pairs:
            pair.agent.heard = _entries(arrived)
            pair.customer.heard = _entries(acknowledged)

    async def mend() -> None:
        await resume(pairs)
        listen()

    def speaker(pair: Pair) -> Number:
        def say(number: int) -> None:
            text = words(number)
            pair.customer.say(f'{{"type":"say","client_id":"{number}","text":"{text}"}}'.encode())

        return say

    def wires() -> list[Wire]:
        return [pair.customer for pair in pairs] + list({id(pair.agent): pair.agent for pair in pairs}.values())

    listen()
    return Ends([speaker(pair) for pair in pairs], wires, mend)


def _entries(told: Number) -> Callable[[bytes], None]:
    """Tells the numbers of lines of the record; list rows and heartbeats are passed over."""

    def hear(payload: bytes) -> None:
        if payload.startswith(_ENTRY):
            number = number_in(payload)
            if number is not None:
                told(number)

    return hear


async def _at_socketio(plan: Plan, arrived: Number) -> Ends:
    agents = [await _joined(plan, _numbers(arrived), range(at, plan.conversations, plan.agents))
              for at in range(plan.agents)]  # fmt: skip
    customers = [await _joined(plan, None, (room,)) for room in range(plan.conversations)]

    def speaker(line: SocketIo) -> Number:
        return lambda number: line.wire.say(event_packet("say", words(number)))

    wires = [one.wire for one in (*customers, *agents)]
    return Ends([speaker(one) for one in customers], lambda: wires, _stay)


async def _joined(plan: Plan, hear: Callable[[bytes], None] | None, rooms: Sequence[int]) -> SocketIo:
    """A client of the relay that has joined ``rooms``."""
    joined = asyncio.Event()
    line = SocketIo(lambda _: joined.set())
    await line.connect(plan.addresses[0])
    line.emit("join", [f"room{room}" for room in rooms])
    async with asyncio.timeout(30):
        await joined.wait()
    line.heard = hear
    return line


async def _at_echo(plan: Plan, arrived: Number) -> Ends:
    wires = [await dial(plan.addresses[0], "/", _numbers(arrived)) for _ in range(plan.conversations)]

    def speaker(wire: Wire) -> Number:
        return lambda number: wire.say(f'"{words(number)}"'.encode())

    return Ends([speaker(wire) for wire in wires], lambda: wires, _stay)


async def _stay() -> None:
    """There is nothing to come back to."""


def _numbers(told: Number) -> Callable[[bytes], None]:
    def hear(payload: bytes) -> None:
        number = number_in(payload)
        if number is not None:
            told(number)

    return hear
