"""Every wait for a person, with what the customer was told about it and how it ended."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "waits",
        sa.Column("conversation", sa.String(length=64), nullable=False),
        sa.Column("epoch", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("place", sa.Integer(), nullable=True),
        sa.Column("free", sa.Integer(), nullable=False),
        sa.Column("predicted_low", sa.Integer(), nullable=True),
        sa.Column("predicted_high", sa.Integer(), nullable=True),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("how", sa.String(length=16), nullable=True),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("how IN ('taken', 'gave_up', 'left_message', 'otherwise')", name=op.f("ck_waits_how")),
        sa.CheckConstraint("(ended_at IS NULL) = (how IS NULL)", name=op.f("ck_waits_ended")),
        sa.CheckConstraint("(predicted_low IS NULL) = (predicted_high IS NULL)", name=op.f("ck_waits_predicted")),
        sa.ForeignKeyConstraint(["conversation"], ["conversations.id"], name=op.f("fk_waits_conversation")),
        sa.PrimaryKeyConstraint("conversation", "epoch", name=op.f("pk_waits")),
    )
    op.create_index("ix_waits_made_at", "waits", ["made_at"])
    op.create_index("ix_waits_ended_at", "waits", ["ended_at"])
    op.create_index("ix_waits_released_at", "waits", ["released_at"])


def downgrade() -> None:
    op.drop_table("waits")
