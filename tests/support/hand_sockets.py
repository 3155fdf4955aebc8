"""Lines and screens on hand-held sockets: the two sides of the service without a network, in one loop with the desk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from bot.channels.customer_line import CustomerLine, LineParts
from bot.frames import AssistantPart, customer_sends
from handover.agent_frames import agent_sends
from handover.agent_screen import Screen, ScreenParts
from handover.agents import Agent
from handover.desk import CustomerMessage, Desk, Recorded
from handover.entries import AgentId, ConversationId
from handover.limits import SocketLimits
from handover.line_ends import Answering
from handover.login_api import Asking
from handover.meters import Meters
from handover.presence import Presence
from handover.rounds import Rounds
from handover.sockets import Socket
from tests.support.desk_world import World
from tests.support.hand_peer import HandPeer

_BOT = AssistantPart(name="Juniper", company="Tarn & Trail", disclosure="An AI.")
LIMITS = SocketLimits(frames_per_second=1_000, frames_burst=1_000)


class SignedIn:
    """Whoever signed in stays so; the agent is read anew."""

    def __init__(self, world: World) -> None:
        self._records = world.backends.records

    async def still(self, login: str) -> Agent:
        async with self._records.reading() as tx:
            return await tx.people.agent(AgentId(login))


class Recording:
    """The path of a message without a bot."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def admit(self, conversation: ConversationId, said: CustomerMessage, *, shown_bot: bool = False) -> None:
        return None

    async def customer_says(self, conversation: ConversationId, said: CustomerMessage) -> Recorded:
        return await self._desk.customers.record_customer_message(conversation, said)

    def customer_types(self, conversation: ConversationId) -> None:
        return None


class HandSockets:
    """Sockets of one process over ``live``; ``pages`` are all that were opened, each with its ``peer``."""

    def __init__(self, world: World, live: Any, peer: Callable[[], HandPeer] = HandPeer) -> None:
        self._peer = peer
        self.desk: Desk = replace(world.desk, live=live)
        self.rounds = Rounds(world.desk.reading, live, world.clock, every=30)
        self.presence = Presence(world.clock.monotonic)
        self.pages: list[tuple[Any, HandPeer]] = []
        self._accounts: Any = SignedIn(world)
        self._meters = Meters()
        self._tasks: list[asyncio.Task[None]] = []

    async def customer(self, where: ConversationId, after: int = 0) -> HandPeer:
        parts = LineParts(self.desk, Recording(self.desk), _BOT, self.rounds, self._meters)
        whose = (await self.desk.reading.conversation(where)).customer
        start = (whose,)
        return await self._serve("customer", customer_sends, lambda s: CustomerLine(parts, s, where, "t", after), start)

    async def agent(self, agent: Agent, after: int | None = None) -> HandPeer:
        parts = ScreenParts(self.desk, self._accounts, self.presence, self.rounds)
        asking = Asking(agent, agent.id)
        return await self._serve("agent", agent_sends, lambda s: Screen(parts, s, asking), (after,))

    async def _serve(self, side: str, parser: Any, make: Callable[[Any], Any], start: tuple[Any, ...]) -> HandPeer:
        peer = self._peer()
        await peer.websocket.accept()
        socket: Socket[Any] = Socket(
            peer.websocket, parser, side=side, limits=LIMITS, monotonic=self.desk.clock.monotonic, meters=self._meters
        )
        guest = make(socket)

        async def serve() -> None:
            async with Answering(peer.websocket, socket):
                await guest.run(*start)

        self._tasks.append(asyncio.create_task(serve()))
        self.pages.append((guest, peer))
        await peer.until_heard("heartbeat")
        return peer

    async def settle(self) -> None:
        """Until every page has been sent all there was to send."""
        for guest, peer in self.pages:
            if not peer.gone and peer.closed is None:
                seen = len(peer.of("heartbeat"))
                guest.socket.ask("heartbeat")
                await peer.until_heard("heartbeat", seen + 1)

    async def leave(self, peer: HandPeer) -> None:
        """The page is closed, and everything it held is given back."""
        peer.hangs_up()
        number = next(n for n, (_, one) in enumerate(self.pages) if one is peer)
        await self._tasks[number]
        del self.pages[number], self._tasks[number]

    async def close(self) -> None:
        """Every page goes; queries under way are finished first."""
        for _, peer in self.pages:
            peer.reads.set()
            peer.hangs_up()
        await asyncio.gather(*self._tasks)
