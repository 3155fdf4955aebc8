"""The table of what is known of a line beside its words."""

from __future__ import annotations

import sqlalchemy as sa

from handover.backends.records_sql.tables import Id, Moment, metadata
from handover.outcomes import DeliveryState

STATES = ", ".join(repr(str(state)) for state in DeliveryState)

entry_marks = sa.Table(
    "entry_marks",
    metadata,
    sa.Column("conversation", Id, primary_key=True),
    sa.Column("offset", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("edited_at", Moment),
    sa.Column("deleted_at", Moment),
    sa.Column("reactions", sa.JSON, nullable=False),
    sa.Column("delivery", sa.String(16)),
    sa.Column("note", sa.String(500)),
    sa.Column("todo", sa.String(500)),
    sa.Column("sent_at", Moment),
    sa.Column("late", sa.Boolean, nullable=False),
    sa.Column("reply_to", sa.Integer),
    sa.Column("media", sa.JSON, nullable=False),
    sa.ForeignKeyConstraint(["conversation", "offset"], ["entries.conversation", "entries.offset"]),
    sa.CheckConstraint(f"delivery IN ({STATES})", name="delivery"),
)
