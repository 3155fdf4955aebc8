"""The website channel, `WS /ws/customer`: hello, welcome, what was missed, then live until the page goes away.

The customer's own entry coming back with its ``client_id`` is the acknowledgement: it is in the record by then.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, assert_never

from fastapi import APIRouter
from starlette.websockets import WebSocket

from bot.frames import (
    AskForHuman,
    AssistantPart,
    CustomerSends,
    CustomerTyping,
    Hello,
    LeaveMessage,
    Rate,
    Say,
    Seen,
    StopWaiting,
    Welcome,
    customer_sends,
)
from bot.visitors import Visitors
from handover.conversation import Control, Conversation
from handover.desk import CustomerMessage, Desk, Recorded
from handover.entries import AuthorKind, ConversationId, CustomerId, Entry
from handover.errors import BadInput, Forbidden, NotFound, NotSignedIn
from handover.frames import AuthorPart, EntryFrame, TypingFrame
from handover.limits import RateLimit, WaitingRoom
from handover.meters import Meters
from handover.ports import Follower
from handover.screens import customer_topic, desk_topic, told
from handover.sockets import Socket, SocketLimits, address_of, allowed_origin, answering, side_by_side
from handover.tail import Tail

INBOX = "web"
_TYPING_REPEAT_SECONDS = 2.0


class CustomerPath(Protocol):
    """The part of the relay this channel needs."""

    async def customer_says(self, conversation: ConversationId, said: CustomerMessage) -> Recorded: ...

    def customer_types(self, conversation: ConversationId) -> None: ...


@dataclass(frozen=True, slots=True)
class WebChannel:
    """What every customer socket shares. ``origins`` are the sites whose pages may open one.

    ``greeting`` is the first entry of a conversation; it says that an AI speaks.
    """

    desk: Desk
    relay: CustomerPath
    visitors: Visitors
    assistant: AssistantPart
    greeting: str
    origins: frozenset[str]
    limits: SocketLimits
    waiting: WaitingRoom
    newcomers: RateLimit
    meters: Meters

    def routes(self) -> APIRouter:
        """The socket's one route."""
        routes = APIRouter()
        routes.add_api_websocket_route("/ws/customer", self._serve)
        return routes

    async def _serve(self, websocket: WebSocket) -> None:
        address = address_of(websocket)
        socket = Socket(
            websocket,
            customer_sends,
            side="customer",
            limits=self.limits,
            monotonic=self.desk.clock.monotonic,
            meters=self.meters,
        )
        async with answering(websocket, socket):
            if not allowed_origin(websocket, self.origins):
                raise Forbidden("This site may not use this service. Is it in PUBLIC_ORIGINS?")
            with self.waiting.wait(address):
                await websocket.accept()
                hello = await socket.hello(Hello)
            assert isinstance(hello, Hello)
            token, customer = await self._known_or_new(hello, address)
            conversation = await self._conversation(customer, hello.conversation)
            # An offset counts in one conversation only: without a name for it this page has nothing yet.
            after = (hello.after or 0) if hello.conversation else 0
            await _Line(self, socket, conversation.id, token, after).run()

    async def _known_or_new(self, hello: Hello, address: str) -> tuple[str, CustomerId]:
        """The customer a token proves, or without a token somebody new, who can read nobody's conversation.

        Raises NotSignedIn for a token that proves nobody: the page must know that what it holds is worth nothing.
        """
        if hello.token is not None:
            customer = self.visitors.customer_of(hello.token)
            try:
                await self.desk.reading.customer(customer)
            except NotFound as gone:
                raise NotSignedIn("This visitor is not known any more.") from gone
            return self.visitors.renewed(hello.token), customer
        if hello.conversation is not None:
            raise _no_such_conversation()
        await self.newcomers.take(address, "Too many new visitors come from this address. Please try again shortly.")
        customer = (await self.desk.customers.new_customer()).id
        return self.visitors.token_for(customer), customer

    async def _conversation(self, customer: CustomerId, named: str | None) -> Conversation:
        if named is None:
            return await self.desk.customers.start(INBOX, customer, greeting=self.greeting)
        conversation = await self.desk.reading.conversation(ConversationId(named))
        if conversation.customer != customer:
            raise _no_such_conversation()  # the same words as for one that never was: nothing to find out here
        return conversation


def _no_such_conversation() -> NotFound:
    return NotFound("There is no such conversation.")


class _Line:
    """One customer's open connection to one conversation."""

    def __init__(
        self, channel: WebChannel, socket: Socket[CustomerSends], conversation: ConversationId, token: str, after: int
    ) -> None:
        self._channel = channel
        self._desk = channel.desk
        self._socket = socket
        self._conversation = conversation
        self._token = token
        self._typed_at = float("-inf")
        self._tail = Tail(
            conversation, after, read=self._desk.reading.entries, send=self._send_entry, send_text=socket.send_text
        )

    async def run(self) -> None:
        """Serve until the page is gone. Raises HungUp or the error to close with."""
        # Follow first, read second: what is said between the two comes by both ways and is sent once.
        async with self._desk.live.follow(customer_topic(self._conversation)) as follower:
            await self._welcome()
            await self._tail.catch_up()
            with self._channel.meters.sockets.labels("customer").track_inprogress():
                await side_by_side(self._socket.frames(self._handle), self._follow(follower), self._recheck())

    async def _welcome(self) -> None:
        stored = await self._desk.reading.stored(self._conversation)
        now = stored.conversation
        state = await self._desk.reading.control(self._conversation)
        ratings = await self._desk.reading.ratings(self._conversation)
        await self._socket.send(
            Welcome(
                token=self._token,
                conversation=now.id,
                control=now.control,
                lifecycle=now.lifecycle,
                offset=now.last_offset,
                epoch=now.epoch,
                assistant=self._channel.assistant,
                agent=state.agent,
                seen=stored.seen,
                rated=tuple(sorted({rating.stretch for rating in ratings})),
            )
        )
        if now.control is Control.OFFERED:
            await self._socket.send(state)

    async def _follow(self, follower: Follower) -> None:
        async for news in follower:
            if news.kind == "entry" and news.offset is not None:
                await self._tail.hear(news.offset, news.text)
            else:
                await self._socket.send_text(news.text)

    async def _recheck(self) -> None:
        while True:
            await self._desk.clock.sleep(self._channel.limits.recheck_seconds)
            await self._tail.catch_up()

    async def _send_entry(self, entry: Entry) -> None:
        await self._socket.send(EntryFrame.of(entry))

    async def _handle(self, frame: CustomerSends) -> None:
        customers = self._desk.customers
        match frame:
            case Say():
                await self._say(frame)
            case AskForHuman():
                await customers.ask_for_human(self._conversation, frame.client_id)
            case StopWaiting():
                await customers.stop_waiting(self._conversation, frame.client_id)
            case LeaveMessage():
                await customers.leave_message(self._conversation, frame.client_id, frame.email, frame.text)
            case CustomerTyping():
                await self._typing()
            case Seen():
                await customers.customer_saw(self._conversation, frame.offset)
            case Rate():
                await customers.rate(self._conversation, frame.stretch, frame.score, frame.comment)
            case Hello():
                await self._hello_again(frame)
            case _:
                assert_never(frame)

    async def _hello_again(self, frame: Hello) -> None:
        """A sign of life that the page asked for, and what it lacks. A connection stays with its conversation."""
        if frame.conversation is not None and frame.conversation != self._conversation:
            raise BadInput("This connection shows another conversation. Open a new one.")
        await self._welcome()
        await self._tail.again((frame.after or 0) if frame.conversation else 0)

    async def _say(self, frame: Say) -> None:
        if not frame.text.strip():
            raise BadInput("A message needs words.", detail={"field": "text"})
        said = CustomerMessage(text=frame.text, client_id=frame.client_id, payload=frame.payload)
        recorded = await self._channel.relay.customer_says(self._conversation, said)
        if not recorded.duplicate:
            self._channel.meters.customer_messages.inc()
        # The feed has told it already, or has lost it: either way the customer gets the acknowledgement.
        await self._tail.catch_up(upto=recorded.entry.offset)

    async def _typing(self) -> None:
        self._channel.relay.customer_types(self._conversation)
        now = self._desk.clock.monotonic()
        if now - self._typed_at < _TYPING_REPEAT_SECONDS:
            return
        self._typed_at = now
        frame = TypingFrame(
            author=AuthorPart(kind=AuthorKind.CUSTOMER, name="Customer"), conversation=self._conversation
        )
        await self._desk.live.publish(told(desk_topic(self._conversation), frame))
