"""Inboxes in SQL; implements `handover.record_ports_inboxes.Inboxes`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from handover.backends.records_sql import tables_of_work as w
from handover.backends.records_sql.querying import Querying
from handover.backends.records_sql.tables_of_inboxes import inboxes
from handover.errors import NotFound
from handover.inboxes import Inbox
from handover.record_ports_inboxes import KeptInbox

# A name for `one_at_a_time`; any number will do.
_ACCOUNTS = 7_310_008
_ROWS = sa.select(inboxes).order_by(inboxes.c.created_at, inboxes.c.id)
_UNSETTLED = (
    sa.select(w.outbox.c.inbox, w.outbox.c.state, sa.func.count())
    .where(w.outbox.c.state.in_(("queued", "failed")))
    .group_by(w.outbox.c.inbox, w.outbox.c.state)
)


class SqlInboxes:
    def __init__(self, connection: Querying) -> None:
        self._on = connection

    async def add(self, kept: KeptInbox, at: datetime) -> bool:
        values = {"id": kept.inbox.id, "channel": kept.inbox.channel, "created_at": at, **_columns(kept)}
        return await self._on.insert_new(inboxes, values)

    async def get(self, inbox: str, *, held: bool = False) -> KeptInbox:
        query = _ROWS.where(inboxes.c.id == inbox)
        row = (await self._on.execute(query.with_for_update() if held else query)).one_or_none()
        if row is None:
            raise NotFound("There is no such inbox.")
        return _kept(row)

    async def all(self) -> list[KeptInbox]:
        return [_kept(row) for row in await self._on.execute(_ROWS)]

    async def by_channel(self, channel: str) -> list[KeptInbox]:
        which = _ROWS.where(inboxes.c.channel == channel, inboxes.c.enabled)
        return [_kept(row) for row in await self._on.execute(which)]

    async def change(self, kept: KeptInbox) -> bool:
        here, c = kept.inbox, inboxes.c
        await self._on.one_at_a_time(_ACCOUNTS)
        same = sa.select(c.id).where(c.channel == here.channel, c.account == here.account, c.enabled, c.id != here.id)
        if here.enabled and (await self._on.execute(same)).first() is not None:
            return False
        await self._on.execute(sa.update(inboxes).where(c.id == here.id), _columns(kept))
        return True

    async def pause(self, inbox: str, why: str, at: datetime) -> bool:
        which = sa.update(inboxes).where(inboxes.c.id == inbox, inboxes.c.paused_at.is_(None))
        return (await self._on.execute(which.values(paused_at=at, paused_why=why))).rowcount == 1

    async def resume(self, inbox: str) -> None:
        await self._on.execute(sa.update(inboxes).where(inboxes.c.id == inbox).values(paused_at=None, paused_why=None))

    async def saw(
        self, inbox: str, *, handshake_at: datetime | None = None, webhook_at: datetime | None = None
    ) -> None:
        for column, at in ((inboxes.c.handshake_at, handshake_at), (inboxes.c.webhook_at, webhook_at)):
            if at is not None:
                newer = sa.or_(column.is_(None), column < at)
                await self._on.execute(sa.update(inboxes).where(inboxes.c.id == inbox, newer).values({column: at}))

    async def backlog(self) -> dict[str, dict[str, int]]:
        found: dict[str, dict[str, int]] = {}
        for inbox, state, count in await self._on.execute(_UNSETTLED):
            found.setdefault(inbox, {})[state] = count
        return found


def _columns(kept: KeptInbox) -> dict[str, Any]:
    inbox = kept.inbox
    return {
        "name": inbox.name,
        "account": inbox.account,
        "settings": dict(inbox.settings),
        "sealed": kept.sealed,
        "enabled": inbox.enabled,
    }


def _kept(row: Any) -> KeptInbox:
    inbox = Inbox(
        id=row.id,
        channel=row.channel,
        name=row.name,
        account=row.account,
        settings=dict(row.settings),
        enabled=row.enabled,
        paused_at=row.paused_at,
        paused_why=row.paused_why,
        handshake_at=row.handshake_at,
        webhook_at=row.webhook_at,
    )
    return KeptInbox(inbox, row.sealed)
