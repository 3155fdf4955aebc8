"""Removing what has had its time, in SQL; implements `handover.retention.Pruning`.

A rule is a query for the keys of what is due, and a function that removes some of them with all that hangs on them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from prometheus_client import CollectorRegistry

from handover.backends.records_sql import tables as t
from handover.backends.records_sql import tables_of_contacts as contacts
from handover.backends.records_sql import tables_of_work as work
from handover.backends.records_sql.engine import SqlRecords
from handover.backends.records_sql.querying import Querying
from handover.backends.records_sql.tables_of_intake import arrivals, channel_events, identities
from handover.backends.records_sql.tables_of_marks import entry_marks
from handover.backends.records_sql.tables_of_media import media, media_bytes
from handover.backends.records_sql.tables_of_parts import outbox_parts
from handover.backends.records_sql.waits import waits
from handover.ports import Clock
from handover.record_ports_media import MediaState
from handover.retention import Days, Retention, RetentionMeters, rules_of

_GONE = "Its time was over: files are kept for a while only."
_c, _i, _p, _q = t.conversations, identities, t.customers, work.outbox
_SETTLED = ("sent", "delivered", "read", "failed")
# What hangs on a conversation by its id: each table stands before those that its rows point to.
OF_A_CONVERSATION: tuple[sa.Table, ...] = (
    *(media, entry_marks, work.outbox, work.ratings, work.hand_backs, work.drafts, work.notes, work.offers),
    *(work.decisions, work.dialogues, work.turns, waits, t.stretches, t.requests, t.entries),
)
# What hangs on those by an id of their own: table, its column, the table whose id that is.
BELOW: tuple[tuple[sa.Table, str, sa.Table], ...] = (
    (media_bytes, "media", media),
    (outbox_parts, "outbox", work.outbox),
    (work.declines, "offer", work.offers),
)

Keys = Sequence[Any]


@dataclass(frozen=True, slots=True)
class _Way:
    """``due`` selects one column, the keys; ``locked`` is the table whose rows are held while ``remove`` works."""

    due: Callable[[datetime], sa.Select[Any]]
    remove: Callable[[Querying, Keys], Awaitable[None]]
    locked: sa.Table


def open_retention(records: SqlRecords, days: Days, clock: Clock, registry: CollectorRegistry) -> Retention:
    """The work that removes what has been kept for ``days``, with its figures on ``registry``."""
    return Retention(SqlPruning(records), rules_of(days), clock, RetentionMeters(registry, clock))


class SqlPruning:
    def __init__(self, records: SqlRecords) -> None:
        self._records = records

    async def due(self, rule: str, before: datetime) -> int:
        counted = sa.select(sa.func.count()).select_from(_WAYS[rule].due(before).subquery())
        async with self._records.reading() as view:
            return int((await view.connection.execute(counted)).scalar_one())

    async def prune(self, rule: str, before: datetime, limit: int) -> int:
        way = _WAYS[rule]
        some = way.due(before).limit(limit)
        async with self._records.reading() as view:  # usually nothing is due: then no writer is held up
            if (await view.connection.execute(some.limit(1))).first() is None:
                return 0
        async with self._records.transaction() as tx:
            if tx.connection.writers_meet:  # another process may be at it, or somebody may write there just now
                some = some.with_for_update(skip_locked=True, of=way.locked)
            keys = [row[0] for row in await tx.connection.execute(some)]
            if keys:
                await way.remove(tx.connection, keys)
            return len(keys)


def _rows(table: sa.Table, key: sa.Column[Any], over: Callable[[datetime], sa.ColumnElement[bool]]) -> _Way:
    """Rows of one table on which nothing hangs."""

    async def remove(on: Querying, keys: Keys) -> None:
        await on.execute(table.delete().where(key.in_(keys)))

    return _Way(lambda before: sa.select(key).where(over(before)), remove, table)


def _settled_lines(before: datetime) -> sa.Select[Any]:
    there = sa.exists().where(outbox_parts.c.outbox == _q.c.id)
    open_part = sa.exists().where(outbox_parts.c.outbox == _q.c.id, outbox_parts.c.state.not_in(_SETTLED))
    return sa.select(_q.c.id).where(_q.c.settled_at < before, ~_q.c.untold, there, ~open_part)


async def _forget_parts(on: Querying, lines: Keys) -> None:
    await on.execute(outbox_parts.delete().where(outbox_parts.c.outbox.in_(lines)))


def _old_files(before: datetime) -> sa.Select[Any]:
    line = sa.and_(t.entries.c.conversation == media.c.conversation, t.entries.c.offset == media.c.offset)
    return sa.select(media.c.id).join(t.entries, line).where(media.c.state == MediaState.HERE, t.entries.c.at < before)


async def _forget_bytes(on: Querying, files: Keys) -> None:
    """The bytes go; that there was a file stays. The desk is told as of every change of a file: ``told`` differs."""
    await on.execute(media_bytes.delete().where(media_bytes.c.media.in_(files)))
    await on.execute(
        media.update().where(media.c.id.in_(files)).values(state=str(MediaState.REFUSED), why=_GONE, size=0)
    )


def _old_conversations(before: datetime) -> sa.Select[Any]:
    to_send = sa.exists().where(_q.c.conversation == _c.c.id, _q.c.state == "queued")
    quiet = sa.func.coalesce(_c.c.last_at, _c.c.changed_at) < before
    return sa.select(_c.c.id).where(_c.c.lifecycle == "resolved", _c.c.changed_at < before, quiet, ~to_send)


async def _forget_conversations(on: Querying, conversations: Keys) -> None:
    """All of them; and customers who have none left, with how platforms know them and with whom they are one."""
    owners = sa.select(_c.c.customer).where(_c.c.id.in_(conversations)).distinct()
    customers = [row.customer for row in await on.execute(owners)]
    for table, column, above in BELOW:
        theirs = sa.select(above.c.id).where(above.c.conversation.in_(conversations))
        await on.execute(table.delete().where(table.c[column].in_(theirs)))
    for table in OF_A_CONVERSATION:
        await on.execute(table.delete().where(table.c.conversation.in_(conversations)))
    await on.execute(_c.delete().where(_c.c.id.in_(conversations)))
    left = sa.select(_p.c.id).where(_p.c.id.in_(customers), ~sa.exists().where(_c.c.customer == _p.c.id))
    if on.writers_meet:  # somebody who begins a conversation right now keeps their name
        left = left.with_for_update(skip_locked=True)
    if gone := [row.id for row in await on.execute(left)]:
        await _forget_customers(on, gone)


async def _forget_customers(on: Querying, customers: Keys) -> None:
    members, sides, deeds = contacts.contact_members, contacts.contact_deed_sides, contacts.contact_deeds
    known = sa.select(members.c.contact).where(members.c.customer.in_(customers)).distinct()
    groups = [row.contact for row in await on.execute(known)]
    about = sa.select(sides.c.deed).where(sides.c.customer.in_(customers)).distinct()
    done = [row.deed for row in await on.execute(about)]
    await on.execute(members.delete().where(members.c.customer.in_(customers)))
    many = sa.select(members.c.contact).group_by(members.c.contact).having(sa.func.count() > 1)
    await on.execute(members.delete().where(members.c.contact.in_(groups), members.c.contact.not_in(many)))
    await on.execute(sides.delete().where(sides.c.customer.in_(customers)))
    empty = ~sa.exists().where(sides.c.deed == deeds.c.id)
    await on.execute(deeds.delete().where(deeds.c.id.in_(done), empty))
    # Who wants no messages is remembered, without a name: that wish outlives what was said.
    await on.execute(
        _i.update()
        .where(_i.c.customer.in_(customers), _i.c.blocked_at.is_not(None))
        .values(customer=None, name=None, thread=None, last_message=None)
    )
    main = _i.alias()
    theirs = sa.exists().where(
        main.c.customer.in_(customers), main.c.inbox == _i.c.inbox, main.c.external_id == _i.c.alias_of
    )
    await on.execute(_i.delete().where(theirs))
    await on.execute(_i.delete().where(_i.c.customer.in_(customers)))
    await on.execute(_p.delete().where(_p.c.id.in_(customers)))


_e, _l = channel_events, t.logins
_WAYS: Mapping[str, _Way] = {
    "channel_keys": _rows(_e, _e.c.id, lambda before: (_e.c.state == "done") & (_e.c.received_at < before)),
    "event_asides": _rows(_e, _e.c.id, lambda before: (_e.c.state == "aside") & (_e.c.received_at < before)),
    "webhook_asides": _rows(
        arrivals, arrivals.c.id, lambda before: (arrivals.c.state == "aside") & (arrivals.c.received_at < before)
    ),
    "logins": _rows(_l, _l.c.token_hash, lambda before: (_l.c.expires_at < before) | (_l.c.revoked_at < before)),
    "login_tries": _rows(t.login_tries, t.login_tries.c.id, lambda before: t.login_tries.c.at < before),
    "outbox_parts": _Way(_settled_lines, _forget_parts, work.outbox),
    "media": _Way(_old_files, _forget_bytes, media),
    "conversations": _Way(_old_conversations, _forget_conversations, t.conversations),
}
