"""Tables of the way in: webhooks as they came, events with the keys that make them once, and people by inbox."""

from __future__ import annotations

import sqlalchemy as sa

from handover.backends.records_sql.tables import Id, Moment, metadata

_Number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
Key = sa.String(200)

arrivals = sa.Table(
    "arrivals",
    metadata,
    sa.Column("id", _Number, primary_key=True),
    sa.Column("channel", sa.String(32), nullable=False),
    sa.Column("inboxes", sa.JSON, nullable=False),
    sa.Column("named", Id),
    sa.Column("headers", sa.JSON, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("received_at", Moment, nullable=False),
    sa.Column("state", sa.String(8), nullable=False),
    sa.Column("due_at", Moment, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("note", sa.String(500)),
    sa.CheckConstraint("state IN ('queued', 'aside')", name="state"),
    sa.Index("ix_arrivals_state_due_at", "state", "due_at"),
)

channel_events = sa.Table(
    "channel_events",
    metadata,
    sa.Column("id", _Number, primary_key=True),
    sa.Column("inbox", Id, nullable=False),
    sa.Column("key", Key, nullable=False),
    sa.Column("person", Key, nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("received_at", Moment, nullable=False),
    sa.Column("data", sa.JSON),
    sa.Column("state", sa.String(8), nullable=False),
    sa.Column("due_at", Moment, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("note", sa.String(500)),
    sa.Column("message", Key),
    sa.Column("target", Key),
    sa.UniqueConstraint("inbox", "key"),
    sa.CheckConstraint("state IN ('queued', 'done', 'aside')", name="state"),
    sa.Index("ix_channel_events_state_due_at", "state", "due_at"),
    sa.Index("ix_channel_events_inbox_person_state", "inbox", "person", "state"),
    sa.Index("ix_channel_events_received_at", "received_at"),
    sa.Index("ix_channel_events_inbox_message", "inbox", "message"),
    sa.Index("ix_channel_events_inbox_target", "inbox", "target"),
)

identities = sa.Table(
    "identities",
    metadata,
    sa.Column("inbox", Id, primary_key=True),
    sa.Column("external_id", Key, primary_key=True),
    sa.Column("alias_of", Key),
    sa.Column("customer", Id, sa.ForeignKey("customers.id")),
    sa.Column("name", sa.String(200)),
    sa.Column("thread", sa.String(500)),
    sa.Column("last_message", sa.String(500)),
    sa.Column("blocked_at", Moment),
    sa.Column("blocked_why", sa.String(300)),
    sa.Column("held_until", Moment),
    sa.Index("ix_identities_customer_inbox", "customer", "inbox"),
)
