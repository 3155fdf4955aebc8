"""The files customers sent, in SQL; implements `handover.record_ports_media.Media`."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from handover.backends.records_sql import tables as t
from handover.backends.records_sql.querying import Querying
from handover.backends.records_sql.tables_of_media import media, media_bytes
from handover.entries import ConversationId, keepable
from handover.errors import NotFound
from handover.record_ports_media import Attached, MediaState, StoredMedia

NOT_KEPT = "The platform does not allow this file to be kept; look at it in the platform's own app."
_m, _b = media, media_bytes
_ROWS = sa.select(_m, t.conversations.c.inbox).join(t.conversations, t.conversations.c.id == _m.c.conversation)
_LONGEST_NAME, _LONGEST_TYPE, _LONGEST_WHY = 300, 100, 300


class SqlMedia:
    def __init__(self, connection: Querying) -> None:
        self._on = connection

    async def add(
        self, conversation: ConversationId, offset: int, attachments: Sequence[Attached], at: datetime
    ) -> Sequence[StoredMedia]:
        fetched = [one for one in attachments if one.url or one.ref]
        for number, attached in enumerate(fetched):
            await self._on.insert_new(_m, _new(conversation, offset, number, attached, at))
        return await self.of_entry(conversation, offset)

    async def claim(self, now: datetime, lease_until: datetime, limit: int) -> Sequence[StoredMedia]:
        # Moving the moment at which it is due to the end of the lease is the claim: a crashed worker's comes due again.
        due = sa.select(_m.c.id).where(_m.c.state == "waiting", _m.c.due_at <= now).order_by(_m.c.due_at).limit(limit)
        if self._on.writers_meet:
            due = due.with_for_update(skip_locked=True)
        mine = _m.update().where(_m.c.id.in_(due.scalar_subquery()))
        claim = mine.values(due_at=lease_until, attempts=_m.c.attempts + 1).returning(_m.c.id)
        ids = [row.id for row in await self._on.execute(claim)]
        found = await self._on.execute(_ROWS.where(_m.c.id.in_(ids)).order_by(_m.c.conversation, _m.c.offset))
        return [_stored(row) for row in found]

    async def again(self, media: str, attempts: int, due_at: datetime) -> bool:
        return await self._of_mine(media, attempts, {"due_at": due_at})

    async def settle(
        self,
        media: str,
        attempts: int,
        state: MediaState,
        *,
        media_type: str | None = None,
        content: bytes | None = None,
        why: str | None = None,
    ) -> bool:
        values: dict[str, Any] = {"state": str(state), "url": None, "ref": None, "size": len(content or b"")}
        values["why"] = None if why is None else why[:_LONGEST_WHY]
        if media_type is not None:
            values["media_type"] = media_type[:_LONGEST_TYPE]
        mine = await self._of_mine(media, attempts, values)
        if mine and content is not None:
            await self._on.execute(_b.insert(), {"media": media, "content": content})
        return mine

    async def _of_mine(self, which: str, attempts: int, values: dict[str, Any]) -> bool:
        """Change a file that this very claim still holds."""
        held = sa.and_(_m.c.id == which, _m.c.attempts == attempts, _m.c.state == "waiting")
        return (await self._on.execute(_m.update().where(held).values(**values))).rowcount > 0

    async def of_entry(self, conversation: ConversationId, offset: int) -> Sequence[StoredMedia]:
        rows = _ROWS.where(_of(conversation, offset)).order_by(_m.c.number)
        return [_stored(row) for row in await self._on.execute(rows)]

    async def untold(self, limit: int) -> Sequence[tuple[ConversationId, int]]:
        news = sa.select(_m.c.conversation, _m.c.offset).where(_m.c.told != _m.c.state).distinct().limit(limit)
        return [(ConversationId(row.conversation), row.offset) for row in await self._on.execute(news)]

    async def told(self, files: Sequence[StoredMedia]) -> None:
        # By the state that was told of: one that has changed meanwhile is news again.
        for file in files:
            await self._on.execute(_m.update().where(_m.c.id == file.id).values(told=str(file.state)))

    async def get(self, media: str) -> tuple[StoredMedia, bytes | None]:
        found = (await self._on.execute(_ROWS.where(_m.c.id == media))).first()
        if found is None:
            raise NotFound("There is no such file.")
        held = (await self._on.execute(sa.select(_b.c.content).where(_b.c.media == media))).first()
        return _stored(found), None if held is None else bytes(held.content)

    async def forget(self, conversation: ConversationId, offset: int) -> None:
        its = sa.select(_m.c.id).where(_of(conversation, offset))
        if self._on.writers_meet:  # one that is settled at this very moment is waited for, and goes too
            its = its.with_for_update()
        ids = [row.id for row in await self._on.execute(its)]
        await self._on.execute(_b.delete().where(_b.c.media.in_(ids)))
        await self._on.execute(_m.delete().where(_m.c.id.in_(ids)))


def _of(conversation: ConversationId, offset: int) -> Any:
    return sa.and_(_m.c.conversation == conversation, _m.c.offset == offset)


def _new(conversation: ConversationId, offset: int, number: int, one: Attached, at: datetime) -> dict[str, Any]:
    return {
        "id": media_id(conversation, offset, number),
        "conversation": conversation,
        "offset": offset,
        "number": number,
        "kind": one.kind[:16],
        "state": str(MediaState.WAITING if one.keep else MediaState.REFUSED),
        "name": None if one.name is None else keepable(one.name)[:_LONGEST_NAME],
        "media_type": None if one.media_type is None else keepable(one.media_type)[:_LONGEST_TYPE],
        "size": 0,
        "why": None if one.keep else NOT_KEPT,
        "url": one.url if one.keep else None,
        "ref": one.ref if one.keep else None,
        "attempts": 0,
        "due_at": at,
        "told": "",
    }


def media_id(conversation: ConversationId, offset: int, number: int) -> str:
    """The same file has the same id however often its entry is recorded. 32 characters."""
    return hashlib.sha256(f"media|{conversation}|{offset}|{number}".encode()).hexdigest()[:32]


def _stored(r: Any) -> StoredMedia:
    return StoredMedia(
        id=r.id,
        conversation=ConversationId(r.conversation),
        offset=r.offset,
        number=r.number,
        inbox=r.inbox,
        kind=r.kind,
        state=MediaState(r.state),
        name=r.name,
        media_type=r.media_type,
        size=r.size,
        why=r.why,
        url=r.url,
        ref=r.ref,
        attempts=r.attempts,
    )
