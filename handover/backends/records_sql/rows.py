"""From rows of the conversations query to `handover.stored.ConversationRow`, and back."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from handover.agents import Agent
from handover.backends.records_sql import tables as t
from handover.backends.records_sql.tables_of_contacts import contact_members
from handover.backends.records_sql.tables_of_intake import identities
from handover.backends.records_sql.tables_of_marks import entry_marks as m
from handover.conversation import Control, Conversation, Lifecycle
from handover.entries import AuthorKind
from handover.evidence import Reason
from handover.stored import ConversationRow, Customer, LastEntry

c, p, a = t.conversations, t.customers, t.agents

# Nothing reaches them in this conversation's inbox.
_BLOCKED = sa.exists().where(
    identities.c.customer == c.c.customer, identities.c.inbox == c.c.inbox, identities.c.blocked_at.is_not(None)
)
# A line of ours has no platform time, so the newest of all lines is the customer's.
_CUSTOMER_AT = sa.select(sa.func.max(m.c.sent_at)).where(m.c.conversation == c.c.id).scalar_subquery()

# One query brings all a list row and a verb need: the conversation, its customer and its agent.
SELECT_ROWS = sa.select(
    c,
    p.c.name.label("p_name"),
    p.c.email.label("p_email"),
    p.c.profile.label("p_profile"),
    a.c.email.label("a_email"),
    a.c.name.label("a_name"),
    a.c.role.label("a_role"),
    a.c.availability.label("a_availability"),
    a.c.capacity.label("a_capacity"),
    contact_members.c.contact.label("contact"),
    _BLOCKED.label("blocked"),
    _CUSTOMER_AT.label("customer_at"),
).select_from(
    c.join(p, p.c.id == c.c.customer)
    .outerjoin(a, a.c.id == c.c.agent)
    .outerjoin(contact_members, contact_members.c.customer == c.c.customer)
)


def to_row(r: Any) -> ConversationRow:
    """The stored row of one result of SELECT_ROWS."""
    conversation = Conversation(
        id=r.id,
        inbox=r.inbox,
        customer=r.customer,
        lifecycle=Lifecycle(r.lifecycle),
        control=Control(r.control),
        epoch=r.epoch,
        last_offset=r.last_offset,
        last_customer_offset=r.last_customer_offset,
        created_at=r.created_at,
        changed_at=r.changed_at,
        agent=r.agent,
        waiting_since=r.waiting_since,
        snoozed_until=r.snoozed_until,
    )
    known = r.last_author is not None
    return ConversationRow(
        conversation=conversation,
        customer=Customer(r.customer, r.p_name, r.p_email, dict(r.p_profile)),
        agent=_agent(r),
        last=LastEntry(r.last_offset, AuthorKind(r.last_author), r.last_text, r.last_at) if known else None,
        reason=None if r.reason is None else Reason(r.reason),
        rating=r.rating,
        fallbacks=r.fallbacks,
        lacking=r.lacking,
        answered=r.answered,
        stretch_start=r.stretch_start,
        told=r.told,
        seen=r.seen,
        feed=r.feed,
        slots=r.slots,
        reply_due=r.reply_due,
        team=r.team,
        needs=frozenset(r.needs),
        contact=r.contact,
        blocked=bool(r.blocked),
        customer_at=r.customer_at,
    )


def _agent(r: Any) -> Agent | None:
    if r.agent is None:
        return None
    return Agent(r.agent, r.a_email, r.a_name, r.a_role, r.a_availability, r.a_capacity)


def to_values(row: ConversationRow) -> dict[str, Any]:
    """The columns of a row that verbs change; the readers' marks have their own statement."""
    now = row.conversation
    return {
        "lifecycle": str(now.lifecycle),
        "control": str(now.control),
        "epoch": now.epoch,
        "agent": now.agent,
        "last_offset": now.last_offset,
        "last_customer_offset": now.last_customer_offset,
        "changed_at": now.changed_at,
        "waiting_since": now.waiting_since,
        "snoozed_until": now.snoozed_until,
        "last_author": None if row.last is None else str(row.last.author),
        "last_text": None if row.last is None else row.last.text,
        "last_at": None if row.last is None else row.last.at,
        "reason": None if row.reason is None else str(row.reason),
        "rating": row.rating,
        "fallbacks": row.fallbacks,
        "lacking": row.lacking,
        "answered": row.answered,
        "stretch_start": row.stretch_start,
        "slots": row.slots,
        "reply_due": row.reply_due,
        "team": row.team,
        "needs": sorted(row.needs),
    }
