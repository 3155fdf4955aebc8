"""One customer's open page: what it has been told, how it stays true to the record, and what it may ask for."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Protocol, assert_never

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
)
from handover.agent_frames import ConversationFrame
from handover.comers import Page
from handover.conversation import Control
from handover.desk import CustomerMessage, Desk, Recorded
from handover.entries import AuthorKind, ConversationId, CustomerId, Entry
from handover.errors import BadInput, NotFound, Unavailable
from handover.frame_texts import entry_text
from handover.frames import AuthorPart, ControlFrame, HeartbeatFrame, TypingFrame
from handover.meters import Meters
from handover.ports import Told
from handover.rounds import Rounds
from handover.screens import customer_topic, desk_topic, told
from handover.sockets import OWN, Socket
from handover.tail import Tail

_TYPING_REPEAT_SECONDS = 2.0
HEARTBEAT = HeartbeatFrame().model_dump_json(exclude_none=True)


class CustomerPath(Protocol):
    """The part of the relay this channel needs."""

    async def admit(self, conversation: ConversationId, said: CustomerMessage, *, shown_bot: bool = False) -> None: ...

    async def customer_says(self, conversation: ConversationId, said: CustomerMessage) -> Recorded: ...

    def customer_types(self, conversation: ConversationId) -> None: ...


@dataclass(frozen=True, slots=True)
class LineParts:
    """What every line works with."""

    desk: Desk
    relay: CustomerPath
    assistant: AssistantPart
    rounds: Rounds
    meters: Meters


class CustomerLine:
    """One customer's open connection to one conversation; implements `handover.rounds.Guest`."""

    def __init__(
        self, parts: LineParts, socket: Socket[CustomerSends], conversation: ConversationId, token: str, after: int
    ) -> None:
        self._parts = parts
        self._desk = parts.desk
        self.socket = socket
        self._conversation = conversation
        self._token = token
        self._typed_at = float("-inf")
        self._control: dict[str, Any] = {}  # the control frame this page was told last
        self._control_feed = 0
        self._rated: tuple[int, ...] = ()
        self._rating: int | None = None
        self._writing = False  # pieces of a reply have been sent, and not yet the reply
        self._lost_pieces = False
        self._came_with: Page | None = None  # what it is to be told at first
        self._tail = Tail(
            conversation, after, read=self._desk.reading.entries, send=self._send_entry, send_text=socket.send_text
        )

    def behind(self, row: ConversationFrame) -> bool:
        """Whether this page was told less than ``row``."""
        told_of = self._control
        lines = row.last_entry is not None and row.last_entry.offset > self._tail.last
        agent = None if row.agent is None else row.agent.name
        now = (row.control.value, row.epoch, row.lifecycle.value, agent)
        then = tuple(told_of.get(key) for key in ("control", "epoch", "lifecycle", "agent"))
        return lines or now != then or row.rating != self._rating

    @property
    def unsure(self) -> bool:
        """A place in the queue moves without this conversation changing; lost pieces leave no trace."""
        return self._lost_pieces or self._control.get("control") == Control.OFFERED

    async def run(self, customer: CustomerId) -> None:
        """Serve until the page is gone. Raises HungUp or the error to close with: NotFound when ``customer`` has no
        such conversation."""
        # Follow first, read second: what is said between the two comes by both ways and is sent once.
        async with self._desk.live.follow(customer_topic(self._conversation)) as follower:
            with self._parts.rounds.joined(self, self._conversation):
                self.socket.listens(follower)
                self._came_with = await self._page_of(customer)
                open_now = self._parts.meters.sockets.labels("customer")
                open_now.inc()
                try:
                    await self.socket.serve(follower, self._handle, self._begin, self._hear, self._hear_now)
                finally:
                    open_now.dec()

    async def _page_of(self, customer: CustomerId) -> Page:
        page = await self._desk.reading.page(self._conversation, self._tail.last)
        if page.stored.conversation.customer != customer:
            # The same words as for one that never was: nothing to find out here.
            raise NotFound("There is no such conversation.")
        return page

    async def _begin(self) -> None:
        page, self._came_with = self._came_with, None
        assert page is not None
        await self._tell(*self._state(page))
        await self._tail.take(page.entries)
        await self.socket.send_text(HEARTBEAT)

    async def _hear(self, news: Told) -> None:
        if news.topic == OWN:
            await self._own(news)
        elif news.kind == "entry" and news.offset is not None:
            self._writing = False
            await self._tail.hear(news.offset, news.text)
        elif news.kind == "control":
            if news.offset is None or news.offset >= self._control_feed:  # a straggler would undo what is newer
                self._control_feed = news.offset or self._control_feed
                self._control = json.loads(news.text)
                await self.socket.send_text(news.text)
        elif news.kind == "resync":
            self._lost_pieces = self._writing
            self._parts.rounds.look_soon()
        elif news.kind == "check":
            await self._catch_up()
        else:
            self._writing = self._writing or news.kind == "delta"
            await self.socket.send_text(news.text)

    def _hear_now(self, news: Told) -> bool:
        """As `_hear`, at once, for what comes with every message; False when it would have to wait."""
        if news.topic == OWN or news.kind != "entry" or news.offset is None:
            return False
        if not self._tail.hear_now(news.offset, news.text, self.socket.send_now):
            return False
        self._writing = False
        return True

    async def _own(self, wish: Told) -> None:
        match wish.kind:
            case "send":
                await self.socket.send_text(wish.text)
            case "heartbeat":
                await self.socket.send_text(HEARTBEAT)
            case "acknowledge":
                # The feed has told it already, or has lost it: either way the customer gets the acknowledgement.
                await self._tail.catch_up(upto=wish.offset)
            case "hello":
                page = await self._desk.reading.page(self._conversation, self._tail.last)
                await self._tell(*self._state(page))
                await self._tail.again(wish.offset or 0)
                await self.socket.send_text(HEARTBEAT)
            case _:
                await self._catch_up()

    async def _catch_up(self) -> None:
        """Whatever of the record this page was not told. Pieces that were lost are given up: the reply comes whole."""
        page = await self._desk.reading.page(self._conversation, self._tail.last)
        await self._tail.take(page.entries)
        state, control, rating = self._state(page)
        known = state.rated == self._rated and rating == self._rating
        if self._lost_pieces or not known:
            await self._tell(state, control, rating)
        elif _shown(control) != self._control:
            self._control = _shown(control)
            await self.socket.send(control)

    def _state(self, page: Page) -> tuple[Welcome, ControlFrame, int | None]:
        """All there is to show beside entries."""
        stored, control = page.stored, page.control
        self._control_feed = max(self._control_feed, stored.feed)
        now = stored.conversation
        welcome = Welcome(
            token=self._token,
            conversation=now.id,
            control=now.control,
            lifecycle=now.lifecycle,
            offset=now.last_offset,
            epoch=now.epoch,
            assistant=self._parts.assistant,
            agent=control.agent,
            seen=stored.seen,
            rated=page.rated,
        )
        return welcome, control, stored.rating

    async def _tell(self, welcome: Welcome, control: ControlFrame, rating: int | None) -> None:
        self._control, self._rated, self._rating = _shown(control), welcome.rated, rating
        self._writing = self._lost_pieces = False
        await self.socket.send(welcome)
        if control.control is Control.OFFERED:
            await self.socket.send(control)

    async def _send_entry(self, entry: Entry) -> None:
        self._writing = False
        await self.socket.send_text(entry_text(entry))

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
                # No frame tells of ratings: the customer's pages look for themselves.
                await self._desk.live.publish(Told(customer_topic(self._conversation), "check", ""))
            case Hello():
                self._hello_again(frame)
            case _:
                assert_never(frame)

    def _hello_again(self, frame: Hello) -> None:
        """A sign of life that the page asked for, and what it lacks. A connection stays with its conversation."""
        if frame.conversation is not None and frame.conversation != self._conversation:
            raise BadInput("This connection shows another conversation. Open a new one.")
        self.socket.ask("hello", offset=(frame.after or 0) if frame.conversation else 0)

    async def _say(self, frame: Say) -> None:
        if not frame.text.strip():
            raise BadInput("A message needs words.", detail={"field": "text"})
        said = CustomerMessage(text=frame.text, client_id=frame.client_id, payload=frame.payload)
        try:
            shown_bot = self._control.get("control") == Control.BOT
            await self._parts.relay.admit(self._conversation, said, shown_bot=shown_bot)
            recorded = await self._parts.relay.customer_says(self._conversation, said)
        except Unavailable as down:
            # What was written after it must not overtake it: the page comes back and says all of it again, in order.
            self.socket.end(down)
            return
        if not recorded.duplicate:
            self._parts.meters.customer_messages.inc()
        if recorded.entry.offset > self._tail.last:  # else it came back already, and that is the acknowledgement
            self.socket.ask("acknowledge", offset=recorded.entry.offset)

    async def _typing(self) -> None:
        self._parts.relay.customer_types(self._conversation)
        now = self._desk.clock.monotonic()
        if now - self._typed_at < _TYPING_REPEAT_SECONDS:
            return
        self._typed_at = now
        frame = TypingFrame(
            author=AuthorPart(kind=AuthorKind.CUSTOMER, name="Customer"), conversation=self._conversation
        )
        await self._desk.live.publish(told(desk_topic(self._conversation), frame))


def _shown(control: ControlFrame) -> dict[str, Any]:
    """``control`` as a page reads it."""
    shown: dict[str, Any] = json.loads(control.model_dump_json(exclude_none=True))
    return shown
