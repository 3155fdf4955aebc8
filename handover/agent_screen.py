"""One open console: what it follows, which conversations it shows, and how it stays true to the record."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any

from handover.accounts import Accounts
from handover.agent_frames import (
    AgentSends,
    Availability,
    Close,
    ConversationFrame,
    Hello,
    Open,
    Suggest,
    Welcome,
)
from handover.agent_parts import AgentPart
from handover.agent_verbs import Verbs
from handover.agents import Agent
from handover.desk import Desk
from handover.entries import ConversationId
from handover.errors import BadInput, NotSignedIn, SwitchboardError, TooMany
from handover.frames import HeartbeatFrame
from handover.known_rows import KnownRows
from handover.login_api import Asking
from handover.ports import Told
from handover.presence import Presence
from handover.rounds import Rounds
from handover.screens import AGENTS, agent_part, agent_topic, desk_topic, offer_gone, told
from handover.shown import Shown
from handover.sockets import OWN, Socket

_MAX_OPEN = 50
_PAGE = 200
_LISTS = ("offers", "mine", "bot", "waiting", "resolved")
_SNAPSHOT = 100  # rows per list in a first snapshot; the rest comes by REST as the agent scrolls


@dataclass(frozen=True, slots=True)
class ScreenParts:
    """What every console's screen works with."""

    desk: Desk
    accounts: Accounts
    presence: Presence
    rounds: Rounds


class Screen:
    """Serves one socket of one signed-in agent until it goes; implements `handover.rounds.Guest`."""

    def __init__(self, parts: ScreenParts, socket: Socket[AgentSends], asking: Asking) -> None:
        self._desk = parts.desk
        self._accounts = parts.accounts
        self._presence = parts.presence
        self._rounds = parts.rounds
        self.socket = socket
        self._login = asking.login
        self._agent: Agent = asking.agent
        self._me: AgentPart = agent_part(asking.agent)  # as the page was told
        self._known = KnownRows()
        self._offers: dict[str, dict[str, Any]] = {}  # as the page was told
        self._open: set[ConversationId] = set()
        self._shown: dict[ConversationId, Shown] = {}
        self._lost_pieces = False
        self._verbs = Verbs(parts.desk, parts.presence)
        self._suggesting: set[asyncio.Task[None]] = set()

    def behind(self, row: ConversationFrame) -> bool:
        """A screen looks for itself."""
        return row.feed > self._known.upto

    @property
    def unsure(self) -> bool:
        """A screen is asked to look in every round."""
        return True

    async def run(self, after: int | None) -> None:
        """Welcome, what changed, then live. Raises HungUp or the error to close with."""
        # Follow first, read second: nothing falls between the two.
        async with self._desk.live.follow(AGENTS, agent_topic(self._agent.id)) as self._follower:
            try:
                with self._rounds.joined(self):
                    await self.socket.serve(
                        self._follower, self._handle, partial(self._welcome, after), self._hear, self._hear_now
                    )
            finally:
                await self._leave()

    async def _welcome(self, after: int | None) -> None:
        reading = self._desk.reading
        self._agent = await self._accounts.still(self._login)
        self._me = agent_part(self._agent)
        now = await reading.feed()
        await self.socket.send(Welcome(agent=self._me, feed=now))
        if after is not None and after <= now:
            self._known.begin(after)
            await self._send_changes()
        else:
            await self._send_snapshot()
            self._known.begin(now)
        self._offers.clear()
        await self._send_offers()
        await self._heartbeat()

    async def _send_snapshot(self) -> None:
        reading = self._desk.reading
        lists = [await reading.rows(view, self._agent, limit=_SNAPSHOT) for view in _LISTS]
        rows = {row.conversation: row for one in lists for row in one}.values()
        for row in sorted(rows, key=lambda row: row.feed):
            await self.socket.send(row)

    async def _send_changes(self) -> None:
        """Every row that changed since this screen last knew, page by page."""
        while rows := await self._desk.reading.changed_since(self._known.upto, _PAGE):
            for row in rows:
                if not self._known.has(row.feed):
                    await self.socket.send(row)
            self._known.read(rows[-1].feed)
            if len(rows) < _PAGE:
                return

    async def _send_offers(self) -> None:
        """Offers that ring here and were not told, and the end of those that do not ring any more."""
        now = {offer.conversation: offer for offer in await self._desk.reading.open_offers(self._agent)}
        for conversation in [one for one in self._offers if one not in now]:
            del self._offers[conversation]
            await self.socket.send(offer_gone(ConversationId(conversation), None, self._known.upto))
        for conversation, offer in now.items():
            text = offer.model_dump_json(exclude_none=True)
            if self._offers.get(conversation) != _essence(text):
                self._offers[conversation] = _essence(text)
                await self.socket.send_text(text)

    async def _heartbeat(self) -> None:
        await self.socket.send(HeartbeatFrame(feed=self._known.upto))

    async def _hear(self, news: Told) -> None:
        shown = self._shown.get(ConversationId(news.topic.removeprefix("desk:")))
        if news.topic == OWN:
            await self._own(news)
        elif news.kind == "signed_out":
            if news.text in ("", self._login):
                raise NotSignedIn("You have been signed out.")
        elif news.kind in ("resync", "check"):
            self._lost_pieces = self._lost_pieces or news.kind == "resync"
            await self._catch_up()
        elif shown is not None:
            await shown.hear(news)
        elif (rows := self._known.new_in(news)) is not None:
            text, numbers = rows
            self._known.add(numbers)
            if text:
                await self.socket.send_text(text)
        elif not news.topic.startswith("desk:"):
            self._note_offer(news)
            await self.socket.send_text(news.text)

    def _hear_now(self, news: Told) -> bool:
        """As `_hear`, at once, for what comes with every message; False when it would have to wait."""
        shown = self._shown.get(ConversationId(news.topic.removeprefix("desk:")))
        if shown is not None:
            return shown.hear_now(news)
        rows = self._known.new_in(news)
        if rows is not None:
            text, numbers = rows
            sent = not text or self.socket.send_now(text)
            self._known.add(numbers if sent else ())
            return sent
        opened = self._shown.get(ConversationId(news.text)) if news.topic == OWN and news.kind == "said" else None
        return opened is not None and opened.has(news.offset or 0)

    def _note_offer(self, news: Told) -> None:
        if news.kind == "offer":
            self._offers[json.loads(news.text)["conversation"]] = _essence(news.text)
        elif news.kind == "offer_gone":
            self._offers.pop(json.loads(news.text)["conversation"], None)

    async def _own(self, wish: Told) -> None:
        here = ConversationId(wish.text)
        match wish.kind:
            case "send":
                await self.socket.send_text(wish.text)
            case "heartbeat":
                await self._heartbeat()
            case "hello":
                await self._welcome(wish.offset)
            case "show":
                await self._show(here, wish.offset or 0)
            case "hide":
                self._shown.pop(here, None)
            case "said":
                if here in self._shown:
                    await self._shown[here].said(wish.offset or 0)
            case _:
                await self._catch_up()

    async def _catch_up(self) -> None:
        """What the feed may have lost: rows, offers, the opened conversations, and the end of the login itself."""
        lost, self._lost_pieces = self._lost_pieces, False
        self._agent = await self._accounts.still(self._login)
        await self._send_changes()
        await self._send_offers()
        for shown in list(self._shown.values()):
            await shown.catch_up(lost_pieces=lost)
        if agent_part(self._agent) != self._me:
            await self._welcome(self._known.upto)  # whole: a page drops offers that are not told again after a welcome

    async def _handle(self, frame: AgentSends) -> None:
        match frame:
            case Hello():  # the page asks for a sign of life, and for what it lacks
                self.socket.ask("hello", offset=frame.after)
            case Open():
                await self._begin_to_show(ConversationId(frame.conversation), frame.after or 0)
            case Close():
                await self._hide(ConversationId(frame.conversation))
            case Suggest():
                self._in_background(self._suggest(frame))
            case _:
                sent = await self._verbs.do(self._agent, frame)
                if sent is not None:
                    # The feed has told it already, or has lost it.
                    self.socket.ask("said", sent.conversation, sent.offset)
                if isinstance(frame, Availability):
                    self._agent = await self._accounts.still(self._login)
                    # The page knows what it chose; the agent's other screens look for themselves.
                    self._me = agent_part(self._agent)
                    await self._desk.live.publish(Told(agent_topic(self._agent.id), "check", ""))

    async def _begin_to_show(self, conversation: ConversationId, after: int) -> None:
        await self._desk.reading.conversation(conversation)
        if conversation not in self._open:
            if len(self._open) >= _MAX_OPEN:
                raise BadInput(f"A console shows at most {_MAX_OPEN} conversations at once. Close one first.")
            self._open.add(conversation)
            self._follower.add(desk_topic(conversation))
            self._presence.opened(conversation, self._agent.id)
        self.socket.ask("show", conversation, after)
        await self._tell_presence(conversation)

    async def _show(self, conversation: ConversationId, after: int) -> None:
        # Opened again is shown again from ``after``: the page has forgotten what it had.
        if conversation in self._open:
            shown = Shown(conversation, after, reading=self._desk.reading, presence=self._presence, socket=self.socket)
            self._shown[conversation] = shown
            await shown.begin()

    async def _hide(self, conversation: ConversationId) -> None:
        if conversation not in self._open:
            return
        self._open.discard(conversation)
        self.socket.ask("hide", conversation)
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
            self.socket.refuse(error, frame.model_dump_json())


def _essence(offer: str) -> dict[str, Any]:
    """An offer as told and as read are the same but for the feed number."""
    shown: dict[str, Any] = json.loads(offer)
    shown.pop("feed", None)
    return shown
