"""Files that customers sent: what is known of each, and its bytes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "media",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("conversation", sa.String(length=64), nullable=False),
        sa.Column("offset", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("name", sa.String(length=300)),
        sa.Column("media_type", sa.String(length=100)),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("why", sa.String(length=300)),
        sa.Column("url", sa.Text()),
        sa.Column("ref", sa.Text()),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told", sa.String(length=8), nullable=False),
        sa.CheckConstraint("state IN ('waiting', 'here', 'refused', 'failed')", name=op.f("ck_media_state")),
        sa.ForeignKeyConstraint(["conversation"], ["conversations.id"], name=op.f("fk_media_conversation")),
        sa.ForeignKeyConstraint(
            ["conversation", "offset"],
            ["entries.conversation", "entries.offset"],
            name=op.f("fk_media_conversation_offset"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_media")),
        sa.UniqueConstraint("conversation", "offset", "number", name=op.f("uq_media_conversation_offset_number")),
    )
    _indexes()
    op.create_table(
        "media_bytes",
        sa.Column("media", sa.String(length=64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["media"], ["media.id"], name=op.f("fk_media_bytes_media")),
        sa.PrimaryKeyConstraint("media", name=op.f("pk_media_bytes")),
    )


def _indexes() -> None:
    waiting = sa.text("state = 'waiting'")
    op.create_index("ix_media_due", "media", ["due_at"], sqlite_where=waiting, postgresql_where=waiting)
    untold = sa.text("told <> state")
    op.create_index(
        "ix_media_untold", "media", ["conversation", "offset"], sqlite_where=untold, postgresql_where=untold
    )


def downgrade() -> None:
    op.drop_table("media_bytes")
    op.drop_table("media")
