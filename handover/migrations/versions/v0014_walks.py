"""Indexes for what a long record is asked all the time: lists page by page, a customer's conversations, the queue."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_OPEN = "closed_at IS NULL"
_PARTIAL = (
    ("ix_conversations_snoozed_until", "conversations", ["snoozed_until"], "lifecycle = 'snoozed'"),
    (
        "ix_conversations_unanswered",
        "conversations",
        ["changed_at"],
        "control = 'bot' AND last_customer_offset > answered",
    ),
    ("ix_offers_queue", "offers", ["deadline", "made_at", "id", "version"], _OPEN),
    ("ix_offers_ringing", "offers", ["deadline", "made_at", "id"], f"{_OPEN} AND CAST(ringing AS TEXT) <> '[]'"),
)


def upgrade() -> None:
    op.drop_index("ix_conversations_control_feed", "conversations")
    op.create_index("ix_conversations_lifecycle_control_feed", "conversations", ["lifecycle", "control", "feed"])
    op.create_index("ix_conversations_customer_inbox", "conversations", ["customer", "inbox"])
    op.drop_index("ix_offers_deadline", "offers")
    for name, table, columns, where in _PARTIAL:
        op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def downgrade() -> None:
    for name, table, _, _ in reversed(_PARTIAL):
        op.drop_index(name, table)
    op.create_index("ix_offers_deadline", "offers", ["closed_at", "deadline", "made_at"])
    op.drop_index("ix_conversations_customer_inbox", "conversations")
    op.drop_index("ix_conversations_lifecycle_control_feed", "conversations")
    op.create_index("ix_conversations_control_feed", "conversations", ["control", "feed"])
