"""Where each dialogue stands is kept with the turn it came of, so that whatever understands the customer may forget."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "dialogues",
        sa.Column("conversation", sa.String(length=64), nullable=False),
        sa.Column("turn", sa.String(length=64), nullable=False),
        sa.Column("state", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["conversation"], ["conversations.id"], name=op.f("fk_dialogues_conversation")),
        sa.ForeignKeyConstraint(["turn"], ["turns.id"], name=op.f("fk_dialogues_turn")),
        sa.PrimaryKeyConstraint("conversation", name=op.f("pk_dialogues")),
    )


def downgrade() -> None:
    op.drop_table("dialogues")
