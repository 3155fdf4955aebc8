"""The table of the parts of lines on their way to channels."""

from __future__ import annotations

import sqlalchemy as sa

from handover.backends.records_sql.tables import Id, Moment, metadata

_Row = sa.BigInteger().with_variant(sa.Integer, "sqlite")

outbox_parts = sa.Table(
    "outbox_parts",
    metadata,
    sa.Column("outbox", _Row, sa.ForeignKey("outbox.id"), autoincrement=False, nullable=False),
    sa.Column("number", sa.Integer, autoincrement=False, nullable=False),
    sa.Column("inbox", Id, nullable=False),
    sa.Column("key", sa.String(120), nullable=False),
    sa.Column("person", sa.String(200), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("first_at", Moment),
    sa.Column("began_at", Moment),
    sa.Column("provider_id", sa.String(500)),
    sa.Column("doubt", sa.Boolean, nullable=False),
    sa.Column("note", sa.String(500), nullable=False),
    sa.Column("todo", sa.String(500), nullable=False),
    sa.PrimaryKeyConstraint("outbox", "number"),
    sa.UniqueConstraint("inbox", "key"),
    sa.UniqueConstraint("inbox", "provider_id"),
    sa.CheckConstraint(
        "state IN ('queued', 'sending', 'unknown', 'sent', 'delivered', 'read', 'failed')", name="state"
    ),
    sa.Index("ix_outbox_parts_inbox_person_began_at", "inbox", "person", "began_at"),
)
