"""The agents' socket, `WS /ws/agent`: who you are, what changed, then live; and every verb an agent has.

A screen is a reader like any other: what an agent does comes back through the feed to all of the agent's screens.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from starlette.websockets import WebSocket

from handover.agent_frames import AgentSends, Hello, agent_sends
from handover.agent_screen import Screen, ScreenParts
from handover.entries import AgentId
from handover.errors import Forbidden
from handover.limits import SocketLimits, WaitingRoom
from handover.line_ends import Answering, address_of
from handover.login_api import Asking, Door, own_page, token_of
from handover.meters import Meters
from handover.places import Places
from handover.sockets import Socket


@dataclass(frozen=True, slots=True)
class AgentDoorway:
    """What every agent socket shares. ``open_screens`` counts sockets per agent: the last one to go is a leaving."""

    parts: ScreenParts
    door: Door
    origins: frozenset[str]
    limits: SocketLimits
    waiting: WaitingRoom
    places: Places
    meters: Meters
    open_screens: Counter[AgentId] = field(default_factory=Counter)

    async def serve(self, websocket: WebSocket) -> None:
        """One socket, from the handshake to its end. Never raises, unless it is cancelled."""
        socket = Socket(
            websocket, agent_sends, side="agent", limits=self.limits,
            monotonic=self.parts.desk.clock.monotonic, meters=self.meters,
        )  # fmt: skip
        async with Answering(websocket, socket):
            self._check_origin(websocket)
            self.parts.rounds.welcome_nobody()
            address = address_of(websocket)
            with self.waiting.wait(address):
                asking = await self.door.agent(websocket)
                await websocket.accept()
                hello = await socket.hello(Hello)
            assert isinstance(hello, Hello)
            with self.places.take(asking.agent.id, address):
                await self._serve_agent(socket, asking, hello)

    def _check_origin(self, websocket: WebSocket) -> None:
        # A cookie goes along with whatever page opens the socket; a bearer token is shown on purpose.
        if token_of(websocket)[1] == "cookie" and not own_page(websocket, self.origins):
            raise Forbidden("This may only be opened from the console's own pages. Is its address in PUBLIC_ORIGINS?")

    async def _serve_agent(self, socket: Socket[AgentSends], asking: Asking, hello: Hello) -> None:
        agent = asking.agent.id
        self.open_screens[agent] += 1
        try:
            if self.open_screens[agent] == 1:
                await self.parts.desk.agents.reachable(agent, True)
            with self.meters.sockets.labels("agent").track_inprogress():
                await Screen(self.parts, socket, asking).run(hello.after)
        finally:
            self.open_screens[agent] -= 1
            if self.open_screens[agent] == 0:
                del self.open_screens[agent]
                await self.parts.desk.agents.reachable(agent, False)
