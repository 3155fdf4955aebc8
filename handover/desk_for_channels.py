"""The desk's verbs for what platforms report: edits, deletions, reactions, deliveries, and people who answer elsewhere.

None of them is a turn or a message of the customer's; each may come twice and in any order, and is then the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from handover.agents import OUTSIDE
from handover.conversation import Control, Lifecycle, Move
from handover.desk_change import Change, change
from handover.desk_offers import close_offer
from handover.desk_parts import DeskParts, new_id
from handover.entries import Author, AuthorKind, ConversationId, Entry, keepable
from handover.errors import AlreadyThere, NotFound
from handover.forgetting import Forgetting
from handover.mark_frames import mark_frame
from handover.outcomes import DeliveryState, forward
from handover.record_ports_marks import EntryMark
from handover.screens import note_frame
from handover.stored import LastEntry, Note

DELETED = "[deleted by the customer]"


class DeskForChannels:
    def __init__(self, parts: DeskParts) -> None:
        self._parts = parts

    async def edited(self, inbox: str, message: str, text: str, at: datetime) -> None:
        """The customer changed ``message``, the platform's id. Raises NotFound while we do not have it.

        The newest edit wins, whatever order they come in; a deleted line stays deleted.
        """
        work_on, offset = await self._line(inbox, message)
        async with change(self._parts, work_on) as work:
            mark = await work.tx.marks.get(work_on, offset)
            if mark.deleted_at is not None or (mark.edited_at is not None and mark.edited_at >= at):
                return
            entry = await _entry(work, offset)
            text = keepable(text)
            if entry.text != text:
                await _reword(work, replace(entry, text=text), entry.text)
            await _keep(work, replace(mark, edited_at=at), text)

    async def deleted(self, inbox: str, message: str, at: datetime) -> None:
        """The customer took ``message`` back: its words go from the record for good. Raises NotFound as `edited`."""
        work_on, offset = await self._line(inbox, message)
        async with change(self._parts, work_on) as work:
            mark = await work.tx.marks.get(work_on, offset)
            if mark.deleted_at is not None:
                return
            entry = await _entry(work, offset)
            await _reword(work, replace(entry, text="", html=None), entry.text)
            await work.tx.media.forget(work_on, offset)
            await _keep(work, replace(mark, deleted_at=at, edited_at=None, media=()), "")

    async def reacted(self, inbox: str, message: str, who: str, emoji: str | None) -> None:
        """``who`` reacted to a line, theirs or ours, or took it back (None). Raises NotFound as `edited`."""
        work_on, offset = await self._line(inbox, message)
        await self.reacted_to(work_on, offset, who, emoji)

    async def reacted_to(self, conversation: ConversationId, offset: int, who: str, emoji: str | None) -> None:
        """The same for a line by its offset."""
        async with change(self._parts, conversation) as work:
            mark = await work.tx.marks.get(conversation, offset)
            others = tuple(pair for pair in mark.reactions if pair[0] != who)
            now = others if emoji is None else (*others, (who, emoji[:20]))
            if now != mark.reactions:
                await _keep(work, replace(mark, reactions=now))

    async def delivery(
        self, conversation: ConversationId, offset: int, state: DeliveryState, note: str = "", todo: str = ""
    ) -> DeliveryState:
        """A line of ours has come so far; returns where it stands. Raises NotFound.

        It never goes back, but for a line that failed and is sent anew (QUEUED).
        """
        async with change(self._parts, conversation) as work:
            if not 1 <= offset <= work.conversation.last_offset:
                raise NotFound("There is no such line here.")
            mark = await work.tx.marks.get(conversation, offset)
            anew = state is DeliveryState.QUEUED and mark.delivery in (DeliveryState.FAILED, DeliveryState.UNKNOWN)
            now = state if anew or mark.delivery is None else forward(mark.delivery, state)
            if now is not mark.delivery or (now is state and (note or None) != mark.note):
                await _keep(work, replace(mark, delivery=now, note=note[:500] or None, todo=todo[:500] or None))
        return now

    async def media(self, conversation: ConversationId, offset: int, parts: Sequence[Mapping[str, Any]]) -> None:
        """The files of a line, as `handover.mark_frames.MediaPart` has them; a deleted line has none."""
        async with change(self._parts, conversation) as work:
            mark = await work.tx.marks.get(conversation, offset)
            now = tuple(dict(part) for part in parts)
            if mark.deleted_at is None and now != mark.media:
                await _keep(work, replace(mark, media=now))

    async def note(self, conversation: ConversationId, text: str, key: str | None = None) -> None:
        """Something agents should know that is no line: a private note by nobody at the desk. ``key``: only once."""
        async with change(self._parts, conversation) as work:
            await _note(work, text, key)
            work.shown_anew = True  # the row says whether anything reaches them, which this may be about

    async def spoke_outside(
        self, conversation: ConversationId, text: str, message: str | None, app: str
    ) -> Entry | None:
        """Somebody answered in the platform's own ``app``: the line is recorded, and the bot is silent from now on.

        Who has it at the desk keeps it. The same ``message`` again is None, and changes nothing.
        """
        try:
            async with change(self._parts, conversation) as work:
                return await _spoke(work, text, message, app)
        except AlreadyThere:
            return None

    async def belongs_outside(self, conversation: ConversationId, app: str) -> None:
        """Another app was given the conversation: the bot is silent, whoever has it at the desk keeps it."""
        async with change(self._parts, conversation) as work:
            await _to_outside(work, app)

    async def returns(self, conversation: ConversationId) -> None:
        """The conversation comes back to the bot; nothing happens when nobody outside has it."""
        async with change(self._parts, conversation) as work:
            if work.conversation.agent == OUTSIDE:
                await work.move(Move.RETURN, OUTSIDE)

    async def tick(self) -> None:
        """Bring back what has been quiet outside for long enough."""
        now = self._parts.clock.now()
        quiet = now - timedelta(seconds=self._parts.policy.channels.external_quiet_seconds)
        async with self._parts.records.reading() as tx:
            found = await tx.marks.quiet_outside(quiet)
        for conversation in found:
            async with change(self._parts, conversation.id) as work:
                if await work.tx.marks.quiet_outside(quiet, conversation.id):
                    await work.move(Move.RETURN, OUTSIDE)
                    await _note(work, "Nobody has answered in the other app for a while: the bot answers again.", None)

    async def _line(self, inbox: str, message: str) -> tuple[ConversationId, int]:
        async with self._parts.records.reading() as tx:
            found = await tx.marks.line(inbox, message)
        if found is None:
            raise NotFound("There is no such message here.")
        return found


async def _entry(work: Change, offset: int) -> Entry:
    return (await work.tx.entries.after(work.conversation.id, offset - 1, 1))[0]


async def _reword(work: Change, entry: Entry, before: str) -> None:
    """The record says ``entry`` from now on, wherever it repeats ``before``."""
    await work.tx.marks.reword(entry)
    deleted = not entry.text
    if before:
        what = Forgetting(entry.offset, before, entry.text or DELETED, deleted)
        await work.tx.marks.forget(work.conversation.id, what)
    last = work.row.last
    if last is not None and last.author is AuthorKind.CUSTOMER and last.text == before[:200]:
        work.row = replace(work.row, last=LastEntry(last.offset, last.author, (entry.text or DELETED)[:200], last.at))


async def _keep(work: Change, mark: EntryMark, text: str | None = None) -> None:
    mark = replace(mark, version=mark.version + 1)
    await work.tx.marks.put(mark)
    work.tell_desk(mark_frame(mark, text))


async def _note(work: Change, text: str, key: str | None) -> None:
    if key is not None and await work.tx.asides.note_by_client_id(work.conversation.id, key) is not None:
        return
    outside = await work.tx.people.outsider()
    note = Note(new_id(), work.conversation.id, outside, text, work.at, work.conversation.last_offset, key)
    await work.tx.asides.add_note(note)
    work.tell_desk(note_frame(note))


async def _spoke(work: Change, text: str, message: str | None, app: str) -> Entry:
    author = Author(AuthorKind.AGENT, f"A colleague in {app}"[:200], OUTSIDE)
    entry = await work.append(author, text, provider_message_id=message)
    await _to_outside(work, app)
    # What the customer said before it was answered by it.
    work.row = replace(work.row, answered=work.conversation.last_offset)
    return entry


async def _to_outside(work: Change, app: str) -> None:
    now = work.conversation
    if now.control is Control.HUMAN or now.lifecycle is Lifecycle.SNOOZED:
        return
    if now.control is Control.OFFERED:
        await close_offer(work, None, f"a colleague in {app}")
    await work.tx.people.outsider()
    await work.move(Move.EXTERNAL, OUTSIDE, agent=OUTSIDE)
