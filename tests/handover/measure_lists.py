"""What consoles' lists cost each message: `python -m tests.handover.measure_lists` prints the table.

Desk and consoles in one process; frames go nowhere. docs/performance.md shows what it printed.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from pathlib import Path
from typing import Any

from websockets.protocol import State
from websockets.server import ServerProtocol

from handover.conversation import Conversation
from handover.desk import CustomerMessage
from tests.support.desk_world import World, open_world
from tests.support.hand_peer import HandPeer
from tests.support.hand_sockets import HandSockets

_CONSOLES = (0, 10, 100)
_ROUNDS, _TICKS, _AT_ONCE, _EVERY = 10, 10, 20, 0.05
_WORDS = "hello there " * 8


class Nowhere:
    """Where frames go once they are made, and how many of what length went there."""

    def __init__(self) -> None:
        self.file = os.open(os.devnull, os.O_WRONLY)
        self.frames = self.bytes = 0


class Wired(HandPeer):
    """A console whose frames are made for the wire and written to ``nowhere``, once it is welcome."""

    def __init__(self, nowhere: Nowhere) -> None:
        super().__init__()
        self._nowhere = nowhere
        self._wire = ServerProtocol(state=State.OPEN)

    def send_now(self, text: str) -> bool:
        if not self.of("heartbeat"):
            return False
        self._wire.send_text(text.encode())
        made = b"".join(self._wire.data_to_send())
        os.write(self._nowhere.file, made)
        self._nowhere.frames += 1
        self._nowhere.bytes += len(made)
        return True

    async def take(self, message: Any) -> None:
        if message["type"] != "websocket.send" or not self.send_now(message["text"]):
            await super().take(message)


async def _round(world: World, talks: list[Conversation], name: int) -> float:
    """Seconds of processor time a message."""
    began, clock = time.process_time(), time.perf_counter()
    for tick in range(_TICKS):
        said = [CustomerMessage(_WORDS, f"{name}-{tick}-{at}") for at in range(_AT_ONCE)]
        where = [talks[(tick * _AT_ONCE + at) % len(talks)].id for at in range(_AT_ONCE)]
        await asyncio.gather(*map(world.desk.customers.record_customer_message, where, said))
        await asyncio.sleep(max(0.0, clock + (tick + 1) * _EVERY - time.perf_counter()))
    await asyncio.sleep(0.15)  # what was gathered
    return (time.process_time() - began) / (_TICKS * _AT_ONCE)


async def _measure(folder: Path, consoles: int) -> str:
    async with open_world(folder) as world:
        nowhere = Nowhere()
        sockets = HandSockets(world, world.backends.live, lambda: Wired(nowhere))
        agents = [await world.agent(f"A{number}") for number in range(10)]
        for number in range(consoles):
            await sockets.agent(agents[number % len(agents)])
        talks = [await world.conversation("hi") for _ in range(50)]
        await asyncio.sleep(0.3)
        nowhere.frames = nowhere.bytes = 0
        costs = [await _round(world, talks, number) for number in range(_ROUNDS)]
        await sockets.close()
    told = _ROUNDS * _TICKS * _AT_ONCE
    per = f"{nowhere.frames / told:.1f} frames, {nowhere.bytes / told / 1000:.1f} KB"
    return f"{consoles} consoles: {min(costs) * 1000:.2f} ms and {per} a message"


def main() -> None:
    for consoles in _CONSOLES:
        with tempfile.TemporaryDirectory() as folder:
            print(asyncio.run(_measure(Path(folder), consoles)))


if __name__ == "__main__":
    main()
