"""The lines of conversations in SQL; implements `handover.record_ports.Entries`."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from handover.backends.records_sql import tables as t
from handover.backends.records_sql.hot import Hot
from handover.backends.records_sql.querying import Querying
from handover.entries import Author, AuthorKind, Button, Citation, ConversationId, Entry, EntryKind
from handover.errors import AlreadyThere

e = t.entries
_BY_CLIENT = Hot(sa.select(e).where(e.c.conversation == sa.bindparam("key"), e.c.client_id == sa.bindparam("client")))
_INSERT = Hot(e.insert())
_AFTER = Hot(
    sa.select(e)
    .where(e.c.conversation == sa.bindparam("key"), e.c.offset > sa.bindparam("edge"))
    .order_by(e.c.offset)
    .limit(sa.bindparam("rows"))
)
BEFORE = Hot(
    sa.select(e)
    .where(e.c.conversation == sa.bindparam("key"), e.c.offset < sa.bindparam("edge"))
    .order_by(e.c.offset.desc())
    .limit(sa.bindparam("rows"))
)


class SqlEntries:
    def __init__(self, connection: Querying) -> None:
        self._on = connection

    async def insert(self, entry: Entry, *, inbox: str, provider_message_id: str | None = None) -> None:
        values = {
            "conversation": entry.conversation,
            "offset": entry.offset,
            "epoch": entry.epoch,
            "author_kind": str(entry.author.kind),
            "author_name": entry.author.name,
            "author_id": entry.author.id,
            "kind": str(entry.kind),
            "text": entry.text,
            "html": entry.html,
            "buttons": [[b.title, b.payload] for b in entry.buttons],
            "citations": [[x.title, x.url, x.page] for x in entry.citations],
            "client_id": entry.client_id,
            "payload": entry.payload,
            "inbox": inbox,
            "provider_message_id": provider_message_id,
            "at": entry.at,
        }
        there = AlreadyThere("This line is in the record already.")
        if self._on.writers_meet:  # with the commit, if nothing is asked before: a round trip less
            await self._on.at_the_end(_INSERT, values, lambda found: None, there=there)
        elif not await self._on.insert_new(e, values):
            raise there

    async def by_client_id(self, conversation: ConversationId, client_id: str) -> Entry | None:
        found = (await self._on.run(_BY_CLIENT, {"key": conversation, "client": client_id})).first()
        return None if found is None else to_entry(found)

    async def by_provider_id(self, inbox: str, provider_message_id: str) -> Entry | None:
        query = sa.select(e).where(e.c.inbox == inbox, e.c.provider_message_id == provider_message_id)
        found = (await self._on.execute(query)).first()
        return None if found is None else to_entry(found)

    async def after(self, conversation: ConversationId, offset: int, limit: int) -> list[Entry]:
        values = {"key": conversation, "edge": offset, "rows": limit}
        return [to_entry(r) for r in await self._on.run(_AFTER, values)]

    async def before(self, conversation: ConversationId, offset: int, limit: int) -> list[Entry]:
        values = {"key": conversation, "edge": offset, "rows": limit}
        found = [to_entry(r) for r in await self._on.run(BEFORE, values)]
        return found[::-1]


def to_entry(r: Any) -> Entry:
    """The entry of one row of the entries table."""
    return Entry(
        conversation=r.conversation,
        offset=r.offset,
        author=Author(AuthorKind(r.author_kind), r.author_name, r.author_id),
        kind=EntryKind(r.kind),
        text=r.text,
        at=r.at,
        epoch=r.epoch,
        html=r.html,
        buttons=tuple(Button(*b) for b in r.buttons or ()),
        citations=tuple(Citation(*x) for x in r.citations or ()),
        client_id=r.client_id,
        payload=r.payload,
    )
