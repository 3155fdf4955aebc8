"""What is known of a line beside its words: edits, reactions, delivery, times and files."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "entry_marks",
        sa.Column("conversation", sa.String(length=64), nullable=False),
        sa.Column("offset", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("edited_at", sa.DateTime(timezone=True)),
        sa.Column("deleted_at", sa.DateTime(timezone=True)),
        sa.Column("reactions", sa.JSON(), nullable=False),
        sa.Column("delivery", sa.String(length=16)),
        sa.Column("note", sa.String(length=500)),
        sa.Column("todo", sa.String(length=500)),
        sa.Column("sent_at", sa.DateTime(timezone=True)),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("reply_to", sa.Integer()),
        sa.Column("media", sa.JSON(), nullable=False),
        sa.CheckConstraint(
            "delivery IN ('queued', 'sent', 'unknown', 'delivered', 'read', 'failed')",
            name=op.f("ck_entry_marks_delivery"),
        ),
        sa.ForeignKeyConstraint(
            ["conversation", "offset"],
            ["entries.conversation", "entries.offset"],
            name=op.f("fk_entry_marks_conversation_offset"),
        ),
        sa.PrimaryKeyConstraint("conversation", "offset", name=op.f("pk_entry_marks")),
    )


def downgrade() -> None:
    op.drop_table("entry_marks")
