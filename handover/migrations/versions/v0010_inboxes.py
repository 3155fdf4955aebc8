"""Inboxes: pages, numbers and bots on other platforms, with their secrets sealed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "inboxes",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("account", sa.String(length=128), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("sealed", sa.Text()),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paused_at", sa.DateTime(timezone=True)),
        sa.Column("paused_why", sa.Text()),
        sa.Column("handshake_at", sa.DateTime(timezone=True)),
        sa.Column("webhook_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("(paused_at IS NULL) = (paused_why IS NULL)", name=op.f("ck_inboxes_paused")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inboxes")),
    )
    op.create_index(
        "uq_inboxes_one_account",
        "inboxes",
        ["channel", "account"],
        unique=True,
        sqlite_where=sa.text("enabled"),
        postgresql_where=sa.text("enabled"),
    )


def downgrade() -> None:
    op.drop_index("uq_inboxes_one_account", "inboxes")
    op.drop_table("inboxes")
