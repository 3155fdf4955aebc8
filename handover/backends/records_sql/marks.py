"""Marks of lines in SQL; implements `handover.record_ports_marks.EntryMarks`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from handover.agents import OUTSIDE
from handover.backends.records_sql import tables as t
from handover.backends.records_sql import tables_of_work as w
from handover.backends.records_sql.querying import Querying
from handover.backends.records_sql.rows import SELECT_ROWS, to_row
from handover.backends.records_sql.tables_of_marks import entry_marks as m
from handover.backends.records_sql.tables_of_parts import outbox_parts as p
from handover.conversation import Conversation
from handover.entries import ConversationId, Entry
from handover.forgetting import Forgetting
from handover.outcomes import DeliveryState
from handover.record_ports_marks import EntryMark

c, e = t.conversations, t.entries


class SqlEntryMarks:
    def __init__(self, connection: Querying) -> None:
        self._on = connection

    async def get(self, conversation: ConversationId, offset: int) -> EntryMark:
        query = sa.select(m).where(m.c.conversation == conversation, m.c.offset == offset)
        found = (await self._on.execute(query)).first()
        return EntryMark(conversation, offset) if found is None else _mark(found)

    async def put(self, mark: EntryMark) -> None:
        values = {
            "version": mark.version,
            "edited_at": mark.edited_at,
            "deleted_at": mark.deleted_at,
            "reactions": [list(pair) for pair in mark.reactions],
            "delivery": None if mark.delivery is None else str(mark.delivery),
            "note": mark.note,
            "todo": mark.todo,
            "sent_at": mark.sent_at,
            "late": mark.late,
            "reply_to": mark.reply_to,
            "media": list(mark.media),
        }
        key = {"conversation": mark.conversation, "offset": mark.offset}
        if not await self._on.insert_new(m, values | key):
            there = (m.c.conversation == mark.conversation, m.c.offset == mark.offset)
            await self._on.execute(m.update().where(*there), values)

    async def newest(self, conversation: ConversationId, limit: int) -> list[EntryMark]:
        query = sa.select(m).where(m.c.conversation == conversation).order_by(m.c.offset.desc()).limit(limit)
        return [_mark(row) for row in await self._on.execute(query)][::-1]

    async def newest_sent_at(self, conversation: ConversationId) -> datetime | None:
        newest = sa.select(m.c.sent_at).where(m.c.conversation == conversation, m.c.sent_at.is_not(None))
        moment: datetime | None = (
            await self._on.execute(newest.order_by(m.c.sent_at.desc()).limit(1))
        ).scalar_one_or_none()
        return moment

    async def line(self, inbox: str, provider_message_id: str) -> tuple[ConversationId, int] | None:
        query = sa.select(e.c.conversation, e.c.offset).where(
            e.c.inbox == inbox, e.c.provider_message_id == provider_message_id
        )
        found = (await self._on.execute(query)).first() or await self._sent_line(inbox, provider_message_id)
        return None if found is None else (ConversationId(found.conversation), found.offset)

    async def _sent_line(self, inbox: str, provider_message_id: str) -> sa.Row[Any] | None:
        """A line of ours, by the id that the platform gave one of its parts."""
        o = w.outbox
        query = sa.select(o.c.conversation, o.c.offset).select_from(o.join(p, p.c.outbox == o.c.id))
        mine = query.where(p.c.inbox == inbox, p.c.provider_id == provider_message_id)
        return (await self._on.execute(mine)).first()

    async def reword(self, entry: Entry) -> None:
        values: dict[str, Any] = {"text": entry.text, "html": entry.html}
        if not entry.text:
            values |= {"buttons": [], "payload": None}
        there = (e.c.conversation == entry.conversation, e.c.offset == entry.offset)
        await self._on.execute(e.update().where(*there), values)

    async def forget(self, conversation: ConversationId, what: Forgetting) -> None:
        o, d, f = w.offers, w.decisions, w.drafts
        offers = sa.select(o.c.id, o.c.packet).where(o.c.conversation == conversation)
        for offer in (await self._on.execute(offers)).all():
            packet = what.packet(offer.packet)
            await self._on.execute(o.update().where(o.c.id == offer.id), {"packet": packet})
        answered = sa.and_(d.c.first_offset <= what.offset, d.c.last_offset >= what.offset)
        decisions = sa.select(d.c.turn, d.c.evidence, d.c.slots, answered.label("answered"))
        for one in (await self._on.execute(decisions.where(d.c.conversation == conversation))).all():
            evidence = what.evidence(one.evidence) if one.answered else one.evidence
            values = {"evidence": evidence, "slots": what.slots(one.slots)}
            await self._on.execute(d.update().where(d.c.turn == one.turn), values)
        drafts = sa.select(f.c.id, f.c.text).where(f.c.conversation == conversation)
        for draft in (await self._on.execute(drafts)).all():
            await self._on.execute(f.update().where(f.c.id == draft.id), {"text": what.words(draft.text)})
        if what.deleted:
            # The tracker's events hold words in many places. The bot begins anew with the history it is given.
            await self._on.execute(w.dialogues.delete().where(w.dialogues.c.conversation == conversation))

    async def quiet_outside(self, since: datetime, only: ConversationId | None = None) -> list[Conversation]:
        spoke = sa.exists().where(e.c.conversation == c.c.id, e.c.author_id == OUTSIDE, e.c.at > since)
        s = t.stretches
        began = sa.exists().where(s.c.conversation == c.c.id, s.c.epoch == c.c.epoch, s.c.began_at <= since)
        query = SELECT_ROWS.where(c.c.agent == OUTSIDE, c.c.lifecycle == "active", ~spoke, began)
        if only is not None:
            query = query.where(c.c.id == only)
        return [to_row(row).conversation for row in await self._on.execute(query)]


def _mark(row: Any) -> EntryMark:
    return EntryMark(
        conversation=ConversationId(row.conversation),
        offset=row.offset,
        version=row.version,
        edited_at=row.edited_at,
        deleted_at=row.deleted_at,
        reactions=tuple((who, emoji) for who, emoji in row.reactions),
        delivery=None if row.delivery is None else DeliveryState(row.delivery),
        note=row.note,
        todo=row.todo,
        sent_at=row.sent_at,
        late=bool(row.late),
        reply_to=row.reply_to,
        media=tuple(row.media),
    )
