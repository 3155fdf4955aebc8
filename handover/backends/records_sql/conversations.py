"""Conversations, their feed number and their stretches in SQL; implements `handover.record_ports.Conversations`."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime

import sqlalchemy as sa

from handover.backends.records_sql import tables as t
from handover.backends.records_sql import tables_of_work as w
from handover.backends.records_sql.hot import Hot
from handover.backends.records_sql.querying import Querying
from handover.backends.records_sql.rows import SELECT_ROWS, to_row, to_values
from handover.conversation import Control, Conversation
from handover.entries import AgentId, ConversationId, CustomerId
from handover.errors import AlreadyThere, NotFound
from handover.stored import ConversationRow, Customer, Stretch

c = t.conversations
_GET = Hot(SELECT_ROWS.where(c.c.id == sa.bindparam("id")))
_LOCK = Hot(sa.select(c.c.id).where(c.c.id == sa.bindparam("id")).with_for_update(key_share=True))
_SAVE = Hot(c.update().where(c.c.id == sa.bindparam("key")))
_NEXT_FEED = Hot(t.feed.update().where(t.feed.c.id == 1).values(value=t.feed.c.value + 1).returning(t.feed.c.value))
# Both in one: where other writers are at work too, the feed's row is to be locked for as short as can be.
_NEXT = t.feed.update().where(t.feed.c.id == 1).values(value=t.feed.c.value + 1).returning(t.feed.c.value).cte("next")
_SAVE_NEXT = Hot(
    c.update()
    .where(c.c.id == sa.bindparam("key"))
    .values(feed=sa.select(_NEXT.c.value).scalar_subquery())
    .returning(c.c.feed)
)
_OF_CUSTOMER = (
    SELECT_ROWS.where(c.c.inbox == sa.bindparam("inbox"), c.c.customer == sa.bindparam("customer"))
    .order_by((c.c.lifecycle == "resolved").asc(), c.c.feed.desc())
    .limit(1)
)
# The words of the indexes' own conditions: a database recognises them only when they are no parameters.
_BY_BOT, _SNOOZED = c.c.control == sa.literal_column("'bot'"), c.c.lifecycle == sa.literal_column("'snoozed'")
# Stretches of the bot with customer words that nobody answered, and nobody at work on them.
_UNANSWERED = (
    sa.select(c.c.id)
    .where(
        _BY_BOT,
        c.c.last_customer_offset > c.c.answered,
        c.c.changed_at <= sa.bindparam("at"),
        ~sa.exists().where(w.turns.c.conversation == c.c.id, w.turns.c.state == "live"),
    )
    .order_by(c.c.changed_at)
)


def _in(lifecycle: str, control: str) -> sa.ColumnElement[bool]:
    return sa.and_(c.c.lifecycle == lifecycle, c.c.control == control)


# Each list as one or more walks along an index, newest first, that end when a page is full.
_VIEWS: dict[str, tuple[sa.ColumnElement[bool], ...]] = {
    "offers": (_in("active", "offered"),),
    "mine": (c.c.agent == sa.bindparam("agent"),),
    "bot": (_in("active", "bot"),),
    "waiting": (_in("active", "offered"), _in("active", "nobody")),
    "resolved": (_in("resolved", "nobody"),),
    "all": (sa.true(),),
}
VIEWS = frozenset(_VIEWS)


class SqlConversations:
    def __init__(self, connection: Querying) -> None:
        self._on = connection

    async def get(self, conversation: ConversationId, *, lock: bool = False) -> ConversationRow:
        if lock and self._on.writers_meet:
            # A statement of its own: one that waits for the lock and joins would bring the agent of before its wait.
            found = (await self._on.run_both(_LOCK, _GET, {"id": conversation}))[1].first()
        else:
            found = (await self._on.run(_GET, {"id": conversation})).first()
        if found is None:
            raise NotFound("There is no such conversation.")
        return to_row(found)

    async def open_one(self, inbox: str, customer: CustomerId) -> ConversationRow | None:
        found = (await self._on.execute(_OF_CUSTOMER, {"inbox": inbox, "customer": customer})).first()
        return None if found is None else to_row(found)

    async def insert(self, conversation: Conversation) -> None:
        row = ConversationRow(conversation=conversation, customer=Customer(conversation.customer))
        values = to_values(row) | {
            "id": conversation.id,
            "inbox": conversation.inbox,
            "customer": conversation.customer,
            "created_at": conversation.created_at,
            "told": 0,
            "seen": 0,
            "feed": 0,  # it gets its number when it is saved
        }
        if not await self._on.insert_new(c, values):
            raise AlreadyThere("This customer has an open conversation here.")

    async def save(self, row: ConversationRow) -> int:
        feed = await self._next_feed()
        await self._on.run(_SAVE, to_values(row) | {"key": row.conversation.id, "feed": feed})
        return feed

    async def save_last(self, row: ConversationRow, saved: Callable[[int], None]) -> None:
        if self._on.writers_meet:
            values = to_values(row) | {"key": row.conversation.id}
            await self._on.at_the_end(_SAVE_NEXT, values, lambda found: saved(int(found.rows[0].feed)))
        else:
            saved(await self.save(row))

    async def rows(self, view: str, agent: AgentId | None, *, before: int | None, limit: int) -> list[ConversationRow]:
        page = sa.true() if before is None else c.c.feed < before
        walks = [sa.and_(walk, page) for walk in _VIEWS[view]]
        if len(walks) == 1:
            query = SELECT_ROWS.where(walks[0])
        else:
            pages = [sa.select(c.c.id).where(walk).order_by(c.c.feed.desc()).limit(limit).subquery() for walk in walks]
            query = SELECT_ROWS.where(c.c.id.in_(sa.union_all(*(sa.select(one.c.id) for one in pages))))
        values = {"agent": agent} if view == "mine" else {}
        return [to_row(r) for r in await self._on.execute(query.order_by(c.c.feed.desc()).limit(limit), values)]

    async def changed_since(self, feed: int, limit: int) -> list[ConversationRow]:
        query = SELECT_ROWS.where(c.c.feed > feed).order_by(c.c.feed).limit(limit)
        return [to_row(r) for r in await self._on.execute(query)]

    async def feed(self) -> int:
        return int((await self._on.execute(sa.select(t.feed.c.value))).scalar_one())

    async def _next_feed(self) -> int:
        await self._on.take_turn()
        return int((await self._on.run(_NEXT_FEED, {})).rows[0].value)

    async def unanswered(self, older_than: datetime) -> list[ConversationId]:
        return [r.id for r in await self._on.execute(_UNANSWERED, {"at": older_than})]

    async def snoozed_until(self, at: datetime) -> list[ConversationId]:
        query = sa.select(c.c.id).where(_SNOOZED, c.c.snoozed_until <= at)
        return [r.id for r in await self._on.execute(query)]

    async def mark(self, conversation: ConversationId, *, seen: int | None = None, told: int | None = None) -> None:
        for column, value in ((c.c.seen, seen), (c.c.told, told)):
            if value is not None:
                reached = sa.case((c.c.last_offset < value, c.c.last_offset), else_=value)
                raised = sa.update(c).where(c.c.id == conversation, column < reached)
                await self._on.execute(raised.values({column: reached}))

    async def replies_due(self, at: datetime, limit: int) -> list[ConversationId]:
        query = sa.select(c.c.id).where(c.c.reply_due <= at).order_by(c.c.reply_due).limit(limit)
        return [r.id for r in await self._on.execute(query)]

    async def kept_by(self, agents: Collection[AgentId], limit: int, *, waiting: bool = False) -> list[ConversationRow]:
        query = SELECT_ROWS.where(c.c.agent.in_(agents), c.c.slots > 0).order_by(c.c.changed_at).limit(limit)
        if waiting:
            query = query.where(sa.or_(c.c.last_customer_offset > c.c.answered, c.c.reply_due.is_not(None)))
        return [to_row(r) for r in await self._on.execute(query)]

    async def begin_stretch(self, stretch: Stretch) -> None:
        values = {
            "conversation": stretch.conversation,
            "epoch": stretch.epoch,
            "control": str(stretch.control),
            "move": stretch.move,
            "actor": stretch.actor,
            "agent": stretch.agent,
            "began_at": stretch.began_at,
            "after_offset": stretch.after_offset,
        }
        await self._on.execute(t.stretches.insert(), values)

    async def stretch(self, conversation: ConversationId, epoch: int) -> Stretch | None:
        s = t.stretches
        found = (
            await self._on.execute(sa.select(s).where(s.c.conversation == conversation, s.c.epoch == epoch))
        ).first()
        if found is None:
            return None
        return Stretch(
            conversation=found.conversation,
            epoch=found.epoch,
            control=Control(found.control),
            move=found.move,
            actor=found.actor,
            began_at=found.began_at,
            after_offset=found.after_offset,
            agent=found.agent,
        )

    async def asked_before(self, conversation: ConversationId, client_id: str, verb: str, at: datetime) -> bool:
        r = t.requests
        known = sa.select(r.c.at).where(r.c.conversation == conversation, r.c.client_id == client_id, r.c.verb == verb)
        if (await self._on.execute(known)).first() is not None:
            return True
        values = {"conversation": conversation, "client_id": client_id, "verb": verb, "at": at}
        await self._on.execute(r.insert(), values)
        return False
