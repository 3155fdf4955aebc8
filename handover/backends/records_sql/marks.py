"""Marks of lines in SQL; implements `handover.record_ports_marks.EntryMarks`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from handover.agents import OUTSIDE
from handover.backends.records_sql import tables as t
from handover.backends.records_sql import tables_of_work as w
from handover.backends.records_sql.rows import SELECT_ROWS, to_row
from handover.backends.records_sql.tables_of_marks import entry_marks as m
from handover.backends.records_sql.unbroken import UnbrokenConnection
from handover.conversation import Conversation
from handover.entries import ConversationId, Entry
from handover.outcomes import DeliveryState
from handover.record_ports_marks import EntryMark

c, e = t.conversations, t.entries
# Where the record repeats what somebody said: table, its key, and the columns with words, JSON or plain.
_REPEATED: tuple[tuple[sa.Table, tuple[str, ...], tuple[str, ...]], ...] = (
    (w.offers, ("id",), ("packet",)),
    (w.drafts, ("id",), ("text",)),
    (w.decisions, ("turn",), ("evidence", "slots", "because")),
    (w.dialogues, ("conversation",), ("state",)),
)


class SqlEntryMarks:
    def __init__(self, connection: UnbrokenConnection) -> None:
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
        found = (await self._on.execute(query)).first()
        return None if found is None else (ConversationId(found.conversation), found.offset)

    async def reword(self, entry: Entry) -> None:
        values: dict[str, Any] = {"text": entry.text, "html": entry.html}
        if not entry.text:
            values |= {"buttons": [], "payload": None}
        there = (e.c.conversation == entry.conversation, e.c.offset == entry.offset)
        await self._on.execute(e.update().where(*there), values)

    async def forget_words(self, conversation: ConversationId, texts: Sequence[str], instead: str) -> None:
        def without(value: str) -> str:
            for text in texts:
                value = value.replace(text, instead)
            return value

        for table, key, columns in _REPEATED:
            query = sa.select(*(table.c[name] for name in (*key, *columns))).where(table.c.conversation == conversation)
            for row in (await self._on.execute(query)).all():
                was = {name: row._mapping[name] for name in columns}
                now = {name: _rewritten(value, without) for name, value in was.items()}
                if now != was:
                    this = [table.c[name] == row._mapping[name] for name in key]
                    await self._on.execute(table.update().where(*this), now)

    async def quiet_outside(self, since: datetime) -> list[Conversation]:
        query = SELECT_ROWS.where(c.c.agent == OUTSIDE, c.c.lifecycle == "active", c.c.changed_at <= since)
        return [to_row(row).conversation for row in await self._on.execute(query)]


def _rewritten(value: Any, change: Callable[[str], str]) -> Any:
    """``value``, JSON or text, with every string in it changed; keys stay."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_rewritten(one, change) for one in value]
    if isinstance(value, dict):
        return {name: _rewritten(one, change) for name, one in value.items()}
    return value


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
