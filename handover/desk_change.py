"""One change of one conversation: load and lock it, append lines, move control, save, tell the screens after commit.

Every verb of the desk goes through here, so there is one place where offsets, epochs, outbox rows and frames are made.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import structlog

from handover import desk_waits, screens
from handover.agents import OUTSIDE, Agent
from handover.conversation import Control, Conversation, Lifecycle, Move, move
from handover.desk_parts import DeskParts
from handover.entries import AgentId, Author, AuthorKind, Button, Citation, ConversationId, Entry, EntryKind, keepable
from handover.frames import Frame, WaitingPart
from handover.inboxes import WEB, channel_of
from handover.markup import to_html
from handover.matcher import Standing
from handover.ports import Transaction
from handover.stored import ConversationRow, LastEntry, Offer, Stretch

log = structlog.get_logger(__name__)

_RENDERED = frozenset({AuthorKind.BOT, AuthorKind.AGENT})


@dataclass(slots=True)
class Change:
    """A conversation inside a writing transaction. ``row`` is what will be saved.

    ``shown_anew``: lists are told of it also when nothing of its own has changed, but something they show beside it.
    """

    parts: DeskParts
    tx: Transaction
    at: datetime
    before: ConversationRow
    row: ConversationRow
    entries: list[Entry] = field(default_factory=list)
    frames: list[tuple[str, Frame]] = field(default_factory=list)
    templates: dict[int, Mapping[str, Any]] = field(default_factory=dict)  # by the offset of the line they stand for
    made: list[tuple[Move, Conversation]] = field(default_factory=list)  # with what each move led to
    offered: Offer | None = None
    rings_anew: bool = False
    shown_anew: bool = False
    _standings: Sequence[Standing] | None = None

    async def standings(self) -> Sequence[Standing]:
        """How each agent stood when this change first asked: it is asked once, whatever is said and shown for it."""
        if self._standings is None:
            self._standings = await self.parts.standings(self.tx)
        return self._standings

    @property
    def conversation(self) -> Conversation:
        return self.row.conversation

    async def append(
        self,
        author: Author,
        text: str,
        *,
        kind: EntryKind = EntryKind.MESSAGE,
        buttons: Sequence[Button] = (),
        citations: Sequence[Citation] = (),
        client_id: str | None = None,
        payload: str | None = None,
        provider_message_id: str | None = None,
    ) -> Entry:
        """Add a line at the next offset. Raises AlreadyThere for a client or provider id that is in the record."""
        now, text = self.conversation, keepable(text)
        entry = Entry(
            conversation=now.id,
            offset=now.last_offset + 1,
            author=author,
            kind=kind,
            text=text,
            at=self.at,
            epoch=now.epoch,
            html=to_html(text) if author.kind in _RENDERED and kind is EntryKind.MESSAGE else None,
            buttons=tuple(buttons),
            citations=tuple(citations),
            client_id=client_id,
            payload=payload,
        )
        await self.tx.entries.insert(entry, inbox=now.inbox, provider_message_id=provider_message_id)
        customer = entry.offset if author.kind is AuthorKind.CUSTOMER else now.last_customer_offset
        self.row = replace(
            self.row,
            conversation=replace(now, last_offset=entry.offset, last_customer_offset=customer, changed_at=self.at),
            last=_last(self.row.last, entry),
        )
        self.entries.append(entry)
        return entry

    async def notice(self, text: str) -> Entry:
        """A line the customer reads that nobody in particular says."""
        author = Author(AuthorKind.SYSTEM, self.parts.policy.words.system_name)
        return await self.append(author, text, kind=EntryKind.NOTICE)

    async def move(self, verb: Move, actor: str, *, agent: AgentId | None = None) -> None:
        """Change lifecycle and control; a new stretch begins when control changes. Raises IllegalMove."""
        earlier = self.conversation
        moved = move(earlier, verb, self.at, agent=agent)
        self.row = replace(self.row, conversation=moved)
        if (moved.control, moved.lifecycle, moved.agent) != (earlier.control, earlier.lifecycle, earlier.agent):
            # Slots are taken while somebody at the desk works on it: not while it is snoozed, or nobody's.
            held = moved.agent not in (None, OUTSIDE) and moved.lifecycle is Lifecycle.ACTIVE
            slots = self.parts.policy.matching.weight_of(moved.inbox) if held else 0
            self.row = replace(self.row, slots=slots, reply_due=None)
        if moved.agent != earlier.agent:
            outside = moved.agent == OUTSIDE
            holder = await self.tx.people.outsider() if outside else await self._agent(moved.agent)
            self.row = replace(self.row, agent=holder)
        if moved.epoch != earlier.epoch or moved.lifecycle != earlier.lifecycle:
            self.made.append((verb, moved))
        if moved.epoch != earlier.epoch:
            self.row = replace(self.row, stretch_start=moved.last_offset, fallbacks=0, lacking=0)
            if earlier.control is Control.BOT:
                await self.tx.turns.fence(moved.id)
            await desk_waits.keep_track(self.tx, verb, earlier, self.at)
            await self.tx.conversations.begin_stretch(first_stretch(moved, verb.value, actor, self.at))

    def note_moves(self) -> None:
        """Count and log what has moved, once it is in the record."""
        for verb, moved in self.made:
            self.parts.moves[verb] += 1
            log.info(
                "moved", conversation=moved.id, by=verb.value, control=moved.control.value,
                lifecycle=moved.lifecycle.value, epoch=moved.epoch, agent=moved.agent,
            )  # fmt: skip

    async def _agent(self, agent: AgentId | None) -> Agent | None:
        return None if agent is None else await self.tx.people.agent(agent)

    @property
    def concerns_matching(self) -> bool:
        """Does anything wait that did not, or is there room that was not; or the other way round."""
        then, now = self.before.conversation, self.conversation
        queued = then.epoch != now.epoch and Control.OFFERED in (then.control, now.control)
        return queued or self.rings_anew or self.before.slots != self.row.slots

    def tell_desk(self, frame: Frame) -> None:
        """A frame for the agents who have this conversation open; never for the customer."""
        self.frames.append((screens.desk_topic(self.conversation.id), frame))

    def tell(self, topic: str, frame: Frame) -> None:
        self.frames.append((topic, frame))

    async def finish(self) -> None:
        """Save what changed, queue lines for channels that push, and note what the screens will be told."""
        if self.row != self.before or self.shown_anew:
            moved = self._moved()
            # Looked up before the save: the feed's row, which every change of the desk needs, is locked last.
            waits = moved and self.conversation.control is Control.OFFERED
            standings = await self.standings() if waits else ()
            waiting = await desk_waits.first_shown(self.parts, self.tx, self.conversation, standings) if waits else None
            await self._queue_for_channel()
            await self.tx.conversations.save_last(self.row, lambda feed: self._saved(feed, waiting))
        else:
            self._tell_frames()

    def _saved(self, feed: int, waiting: WaitingPart | None) -> None:
        self.row = replace(self.row, feed=feed)
        self._tell_screens(waiting)
        self._tell_frames()

    def _tell_frames(self) -> None:
        for topic, frame in self.frames:
            self.tx.after_commit(screens.told(topic, frame))

    async def _queue_for_channel(self) -> None:
        if channel_of(self.conversation.inbox) == WEB:
            return  # a page fetches by itself
        for entry in self.entries:
            if entry.author.kind is AuthorKind.CUSTOMER or entry.author.id == OUTSIDE:
                continue  # they have it already
            # A bot line goes only while the control it was decided under, or led to, still stands.
            gate = self.conversation.epoch if entry.author.kind is AuthorKind.BOT else None
            template = self.templates.get(entry.offset)
            await self.tx.outbox.add(entry.conversation, self.conversation.inbox, entry.offset, gate, self.at, template)

    def _moved(self) -> bool:
        now, then = self.conversation, self.before.conversation
        return (now.epoch, now.lifecycle) != (then.epoch, then.lifecycle)

    def _tell_screens(self, waiting: WaitingPart | None) -> None:
        customer, desk = screens.customer_topic(self.conversation.id), screens.desk_topic(self.conversation.id)
        for entry in self.entries:
            line = screens.told_line(entry)
            self.tx.after_commit(line)
            self.tx.after_commit(screens.line_for_agents(line, entry.conversation))
        if self._moved():
            self.tx.after_commit(screens.told(customer, screens.control_frame(self.row, waiting), self.row.feed))
            self.tx.after_commit(screens.told(desk, screens.control_frame(self.row, waiting, for_agents=True)))
        waits = not self.shown_anew and screens.is_quiet(self.before, self.row)
        self.tx.after_commit(screens.told_row(self.row, waits=waits))


def first_stretch(conversation: Conversation, how: str, actor: str, at: datetime) -> Stretch:
    """The stretch that begins with the conversation's present epoch."""
    return Stretch(
        conversation=conversation.id,
        epoch=conversation.epoch,
        control=conversation.control,
        move=how,
        actor=actor,
        began_at=at,
        after_offset=conversation.last_offset,
        agent=conversation.agent,
    )


@asynccontextmanager
async def change(parts: DeskParts, conversation: ConversationId, *, rematch: bool = True) -> AsyncIterator[Change]:
    """A writing transaction on one conversation. Raises NotFound; nothing is kept when the block raises.

    When it concerns the queue or somebody's room, the matcher runs after it, unless ``rematch`` is False.
    """
    async with parts.records.transaction() as tx:
        row = await tx.conversations.get(conversation, lock=True)
        work = Change(parts, tx, parts.clock.now(), row, row)
        yield work
        await work.finish()
    work.note_moves()
    if work.offered is not None:
        parts.summaries.begin(work.offered)
    if rematch and work.concerns_matching:
        await parts.matching.run()
    if desk_waits.moves_line(work.before.conversation, work.conversation):
        await desk_waits.line_moved(parts)


def _last(before: LastEntry | None, entry: Entry) -> LastEntry | None:
    """What a list row shows: the newest offset with the last words said; "has joined" would hide them."""
    if entry.kind is EntryKind.MESSAGE:
        return LastEntry(entry.offset, entry.author.kind, entry.text[:200], entry.at)
    return None if before is None else replace(before, offset=entry.offset)
