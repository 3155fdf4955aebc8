"""What many customers' pages show, in SQL; implements `handover.record_ports_pages.Pages`."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from handover.backends.records_sql import tables as t
from handover.backends.records_sql import tables_of_work as w
from handover.backends.records_sql.entries import to_entry
from handover.backends.records_sql.querying import Querying
from handover.backends.records_sql.rows import SELECT_ROWS, to_row
from handover.entries import ConversationId, Entry
from handover.stored import ConversationRow

c, e, r = t.conversations, t.entries, w.ratings
_NAMED: sa.BindParameter[Any] = sa.bindparam("named", expanding=True)
_ROWS = SELECT_ROWS.where(c.c.id.in_(_NAMED))
_NEWEST = (
    sa.select(e)
    .select_from(c.join(e, e.c.conversation == c.c.id))
    .where(c.c.id.in_(_NAMED), e.c.offset > c.c.last_offset - sa.bindparam("count", type_=sa.Integer))
    .order_by(e.c.offset)
)
_RATED = sa.select(r.c.conversation, r.c.stretch).where(r.c.conversation.in_(_NAMED)).order_by(r.c.stretch)


class SqlPages:
    def __init__(self, connection: Querying) -> None:
        self._on = connection

    async def rows(self, conversations: Collection[ConversationId]) -> list[ConversationRow]:
        return [to_row(row) for row in await self._on.execute(_ROWS, _named(conversations))]

    async def newest(self, conversations: Collection[ConversationId], count: int) -> list[Entry]:
        values = _named(conversations) | {"count": count}
        return [to_entry(row) for row in await self._on.execute(_NEWEST, values)]

    async def rated(self, conversations: Collection[ConversationId]) -> list[tuple[ConversationId, int]]:
        return [(row.conversation, row.stretch) for row in await self._on.execute(_RATED, _named(conversations))]


def _named(conversations: Collection[ConversationId]) -> dict[str, Any]:
    """The list of ids, made as long as the next power of two by naming one more often.

    Statements differ by the length of their lists: so there are few of them, which the driver and the database know.
    """
    ids = list(conversations)
    room = 1 << (len(ids) - 1).bit_length() if ids else 0
    return {"named": ids + ids[:1] * (room - len(ids))}
