"""One open console: what it follows, which conversations it shows, and how it stays true to the record."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import Any

from handover.accounts import Accounts
from handover.agent_frames import AgentSends, Close, Hello, Open, PacketFrame, Suggest, Welcome
from handover.agent_verbs import Verbs
from handover.agents import Agent
from handover.desk import Desk
from handover.entries import ConversationId, Entry
from handover.errors import BadInput, NotSignedIn, SwitchboardError, TooMany
from handover.frames import EntryFrame
from handover.login_api import Asking
from handover.ports import Follower, Told
from handover.presence import Presence
from handover.screens import AGENTS, agent_part, agent_topic, desk_topic, draft_frame, note_frame, told
from handover.sockets import Socket, SocketLimits, side_by_side
from handover.tail import Tail

_MAX_OPEN = 50
_PAGE = 200
_LISTS = ("offers", "mine", "bot", "waiting", "resolved")
_SNAPSHOT = 100  # rows per list in a first snapshot; the rest comes by REST as the agent scrolls


class Screen:
    """Serves one socket of one signed-in agent until it goes."""

    def __init__(
        self,
        socket: Socket[AgentSends],
        asking: Asking,
        *,
        desk: Desk,
        accounts: Accounts,
        presence: Presence,
        limits: SocketLimits,
    ) -> None:
        self._desk = desk
        self._accounts = accounts
        self._presence = presence
        self._socket = socket
        self._login = asking.login
        self._agent: Agent = asking.agent
        self._limits = limits
        self._feed = 0
        self._open: dict[ConversationId, Tail] = {}
        self._verbs = Verbs(desk, presence)
        self._suggesting: set[asyncio.Task[None]] = set()

    async def run(self, after: int | None) -> None:
        """Welcome, what changed, then live. Raises HungUp or the error to close with."""
        async with AsyncExitStack() as stack:
            # Follow first, read second: nothing falls between the two.
            self._follower = await stack.enter_async_context(
                self._desk.live.follow(AGENTS, agent_topic(self._agent.id))
            )
            stack.push_async_callback(self._leave)
            await self._welcome(after)
            await side_by_side(self._socket.frames(self._handle), self._follow(self._follower), self._recheck())

    async def _welcome(self, after: int | None) -> None:
        reading = self._desk.reading
        self._agent = await self._accounts.still(self._login)
        now = await reading.feed()
        await self._socket.send(Welcome(agent=agent_part(self._agent), feed=now))
        if after is not None and after <= now:
            self._feed = after
            await self._send_changes()
        else:
            await self._send_snapshot()
            self._feed = now
        for offer in await reading.open_offers(self._agent):
            await self._socket.send(offer)

    async def _send_snapshot(self) -> None:
        reading = self._desk.reading
        lists = [await reading.rows(view, self._agent, limit=_SNAPSHOT) for view in _LISTS]
        rows = {row.conversation: row for one in lists for row in one}.values()
        for row in sorted(rows, key=lambda row: row.feed):
            await self._socket.send(row)

    async def _send_changes(self) -> None:
        """Every row that changed since this screen last knew, page by page."""
        while rows := await self._desk.reading.changed_since(self._feed, _PAGE):
            for row in rows:
                await self._socket.send(row)
                self._feed = max(self._feed, row.feed)
            if len(rows) < _PAGE:
                return

    async def _follow(self, follower: Follower) -> None:
        async for news in follower:
            await self._hear(news)

    async def _hear(self, news: Told) -> None:
        if news.kind == "signed_out":
            if news.text in ("", self._login):
                raise NotSignedIn("You have been signed out.")
        elif news.kind == "entry" and news.offset is not None:
            tail = self._open.get(ConversationId(news.topic.removeprefix("desk:")))
            if tail is not None:
                await tail.hear(news.offset, news.text)
        else:
            await self._socket.send_text(news.text)

    async def _recheck(self) -> None:
        """What the feed may have lost: rows, entries, and the end of the login itself."""
        while True:
            await self._desk.clock.sleep(self._limits.recheck_seconds)
            self._agent = await self._accounts.still(self._login)
            await self._send_changes()
            for tail in list(self._open.values()):
                await tail.catch_up()

    async def _handle(self, frame: AgentSends) -> None:
        match frame:
            case Hello():  # the page asks for a sign of life, and for what it lacks
                await self._welcome(frame.after)
            case Open():
                await self._show(ConversationId(frame.conversation), frame.after or 0)
            case Close():
                await self._hide(ConversationId(frame.conversation))
            case Suggest():
                self._in_background(self._suggest(frame))
            case _:
                sent = await self._verbs.do(self._agent, frame)
                if sent is not None and sent.conversation in self._open:
                    # The feed has told it already, or has lost it.
                    await self._open[sent.conversation].catch_up(upto=sent.offset)

    async def _show(self, conversation: ConversationId, after: int) -> None:
        reading = self._desk.reading
        row = await reading.row(conversation)
        if conversation not in self._open:
            if len(self._open) >= _MAX_OPEN:
                raise BadInput(f"A console shows at most {_MAX_OPEN} conversations at once. Close one first.")
            self._follower.add(desk_topic(conversation))
            self._presence.opened(conversation, self._agent.id)
        # Opened again is shown again from ``after``: the page has forgotten what it had.
        tail = Tail(conversation, after, read=reading.entries, send=self._send_entry, send_text=self._socket.send_text)
        self._open[conversation] = tail
        await self._socket.send(row)
        packet = await reading.packet(conversation)
        if packet is not None:
            await self._socket.send(PacketFrame(conversation=conversation, epoch=row.epoch, packet=packet))
        for note in await reading.notes(conversation):
            await self._socket.send(note_frame(note))
        for draft in await reading.drafts(conversation):
            await self._socket.send(draft_frame(draft))
        await tail.catch_up()
        await self._tell_presence(conversation)

    async def _hide(self, conversation: ConversationId) -> None:
        if self._open.pop(conversation, None) is None:
            return
        self._follower.remove(desk_topic(conversation))
        self._presence.closed(conversation, self._agent.id)
        await self._tell_presence(conversation)

    async def _leave(self) -> None:
        for task in self._suggesting:
            task.cancel()
        await asyncio.gather(*self._suggesting, return_exceptions=True)
        for conversation in list(self._open):
            await self._hide(conversation)

    async def _tell_presence(self, conversation: ConversationId) -> None:
        await self._desk.live.publish(told(desk_topic(conversation), self._presence.frame(conversation)))

    async def _send_entry(self, entry: Entry) -> None:
        await self._socket.send(EntryFrame.of(entry, for_agents=True))

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        if len(self._suggesting) >= 2:
            work.close()
            raise TooMany("A suggestion is being written already.", retry_after=3.0)
        task = asyncio.create_task(work)
        self._suggesting.add(task)
        task.add_done_callback(self._suggesting.discard)

    async def _suggest(self, frame: Suggest) -> None:
        # A model takes seconds: the screen goes on listening meanwhile.
        try:
            await self._desk.agents.suggest(self._agent, ConversationId(frame.conversation))
        except SwitchboardError as error:
            await self._socket.refuse(error, frame.model_dump_json())
