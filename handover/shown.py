"""One conversation as one console shows it: its lines, and beside them packet, notes, drafts and who is looking.

Lines have offsets. Of the rest this remembers what was sent, so that what the live feed lost is found by comparing.
"""

from __future__ import annotations

from typing import Any

from handover.entries import ConversationId, Entry
from handover.frame_texts import entry_text, for_agents
from handover.frames import Frame
from handover.ports import Told
from handover.presence import Presence
from handover.reading import Reading
from handover.screens import draft_frame, note_frame, packet_frame
from handover.sockets import Socket
from handover.tail import Tail

_KEPT = frozenset({"note", "draft", "entry_mark"})


class Shown:
    """``after`` is the last offset the page has."""

    def __init__(
        self, conversation: ConversationId, after: int, *, reading: Reading, presence: Presence, socket: Socket[Any]
    ) -> None:
        self._here = conversation
        self._reading = reading
        self._presence = presence
        self._socket = socket
        self._sent: set[str] = set()
        self._packet = ""
        self._viewers = ""
        self._writing = False
        self._tail = Tail(conversation, after, read=reading.entries, send=self._send_entry, send_text=socket.send_text)

    async def begin(self) -> None:
        """All of it: what lies beside the lines, the lines after the last one the page has, and then the list row.

        The row says that an agent may write, which nobody should before they can see what was said.
        """
        await self._beside()
        await self._tail.catch_up()
        await self._socket.send(await self._reading.row(self._here))
        await self._tell_viewers()

    async def hear(self, news: Told) -> None:
        """Something the live feed tells of this conversation."""
        if news.kind == "entry" and news.offset is not None:
            self._writing = False
            await self._tail.hear(news.offset, news.text)
            return
        if news.kind == "presence":
            self._viewers = news.text
        elif news.kind == "packet":
            self._packet = news.text
        elif news.kind in _KEPT:
            self._sent.add(news.text)
        self._writing = news.kind == "delta" or (self._writing and news.kind != "control")
        await self._socket.send_text(news.text)

    def hear_now(self, news: Told) -> bool:
        """As `hear`, at once, for lines; False when it would have to wait."""
        if news.kind != "entry" or news.offset is None:
            return False
        if not self._tail.hear_now(news.offset, news.text, self._socket.send_now):
            return False
        self._writing = False
        return True

    def has(self, offset: int) -> bool:
        """Whether the line was sent."""
        return offset <= self._tail.last

    async def said(self, offset: int) -> None:
        """The agent's own line is in the record: it comes back, whatever the feed does."""
        await self._tail.catch_up(upto=offset)

    async def catch_up(self, *, lost_pieces: bool) -> None:
        """Send what was not sent. ``lost_pieces``: of a reply being written some may be missing; it comes whole."""
        await self._tail.catch_up()
        await self._beside()
        await self._tell_viewers()
        if lost_pieces and self._writing:
            self._writing = False
            await self._socket.send(await self._reading.control(self._here, for_agents=True))

    async def _beside(self) -> None:
        beside = await self._reading.beside(self._here)
        packet = "" if beside.offer is None else packet_frame(beside.offer).model_dump_json(exclude_none=True)
        if packet != self._packet:
            self._packet = packet
            await self._socket.send_text(packet)
        there: list[Frame] = [note_frame(note) for note in beside.notes]
        there += [draft_frame(draft) for draft in beside.drafts]
        there += beside.marks
        for text in (frame.model_dump_json(exclude_none=True) for frame in there):
            if text not in self._sent:
                self._sent.add(text)
                await self._socket.send_text(text)

    async def _tell_viewers(self) -> None:
        viewers = self._presence.frame(self._here).model_dump_json(exclude_none=True)
        if viewers != self._viewers:
            self._viewers = viewers
            await self._socket.send_text(viewers)

    async def _send_entry(self, entry: Entry) -> None:
        self._writing = False
        await self._socket.send_text(for_agents(entry_text(entry), entry.conversation))
