"""Turns know whether they give way to a newer message, and the newest one of a conversation is found at once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("turns", sa.Column("yields", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.create_index("ix_turns_conversation_started_at", "turns", ["conversation", "started_at"])


def downgrade() -> None:
    op.drop_index("ix_turns_conversation_started_at", "turns")
    op.drop_column("turns", "yields")
