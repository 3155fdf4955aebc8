"""The website channel, `WS /ws/customer`: hello, welcome, what was missed, then live until the page goes away.

The customer's own entry coming back with its ``client_id`` is the acknowledgement: it is in the record by then.
"""

from __future__ import annotations

from dataclasses import dataclass

from starlette.websockets import WebSocket, WebSocketDisconnect

from bot.channels.customer_line import HEARTBEAT, CustomerLine, LineParts
from bot.frames import CustomerSends, Hello, customer_sends
from bot.visitors import Visitors
from handover.entries import ConversationId, CustomerId
from handover.errors import Forbidden, NotFound, NotSignedIn
from handover.limits import Buckets, RateLimit, SocketLimits, WaitingRoom
from handover.line_ends import Answering, address_of, allowed_origin, forget_request
from handover.places import Places
from handover.sockets import HungUp, Socket

INBOX = "web"


@dataclass(frozen=True, slots=True)
class WebChannel:
    """What every customer socket shares. ``origins`` are the sites whose pages may open one.

    ``greeting`` is the first entry of a conversation; it says that an AI speaks. ``frames`` limits what one customer
    sends over all of their pages.
    """

    parts: LineParts
    visitors: Visitors
    greeting: str
    origins: frozenset[str]
    limits: SocketLimits
    waiting: WaitingRoom
    newcomers: RateLimit
    places: Places
    frames: Buckets

    async def serve(self, websocket: WebSocket) -> None:
        """One socket, from the handshake to its end. Never raises, unless it is cancelled."""
        address = address_of(websocket)
        socket = Socket(
            websocket,
            customer_sends,
            side="customer",
            limits=self.limits,
            monotonic=self.parts.desk.clock.monotonic,
            meters=self.parts.meters,
            heartbeat=HEARTBEAT,
        )
        async with Answering(websocket, socket):
            if not allowed_origin(websocket, self.origins):
                raise Forbidden("This site may not use this service. Is it in PUBLIC_ORIGINS?")
            self.parts.rounds.welcome_nobody()
            await self.parts.desk.reading.let_in()
            with self.waiting.wait(address):
                await _accept(websocket)
                forget_request(websocket)
                hello = await socket.hello(Hello)
            assert isinstance(hello, Hello)
            token, customer = await self._known_or_new(hello, address)
            with self.places.take(customer, address):
                socket.paced_by(self.frames, customer)
                line = await self._line(socket, hello, token, customer)
                named = hello.conversation is not None
                del hello, token  # whatever is held here is held for every idle socket
                try:
                    await line.run(customer)
                except NotFound:
                    if named:
                        await self._still_known(customer)
                    raise

    async def _known_or_new(self, hello: Hello, address: str) -> tuple[str, CustomerId]:
        """The customer a token proves, or without a token somebody new, who can read nobody's conversation.

        Raises NotSignedIn for a token that proves nobody: the page must know that what it holds is worth nothing.
        """
        if hello.token is not None:
            customer, token = self.visitors.known(hello.token)
            if hello.conversation is None:  # one that is named tells whose it is
                await self._still_known(customer)
            return token, customer
        if hello.conversation is not None:
            raise NotFound("There is no such conversation.")
        await self.newcomers.take(address, "Too many new visitors come from this address. Please try again shortly.")
        customer = (await self.parts.desk.customers.new_customer()).id
        return self.visitors.token_for(customer), customer

    async def _still_known(self, customer: CustomerId) -> None:
        try:
            await self.parts.desk.reading.customer(customer)
        except NotFound as gone:
            raise NotSignedIn("This visitor is not known any more.") from gone

    async def _line(
        self, socket: Socket[CustomerSends], hello: Hello, token: str, customer: CustomerId
    ) -> CustomerLine:
        if hello.conversation is not None:
            # Whose it is is seen when it is read, which is when it is followed.
            return CustomerLine(self.parts, socket, ConversationId(hello.conversation), token, hello.after or 0)
        conversation = await self.parts.desk.customers.start(INBOX, customer, greeting=self.greeting)
        # An offset counts in one conversation only: without a name for it this page has nothing yet.
        return CustomerLine(self.parts, socket, conversation.id, token, 0)


async def _accept(websocket: WebSocket) -> None:
    try:
        await websocket.accept()
    except WebSocketDisconnect as gone:
        raise HungUp from gone  # it did not wait for its turn
