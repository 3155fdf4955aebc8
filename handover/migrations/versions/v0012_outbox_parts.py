"""Lines go out in parts, each with a state and the platform's id; a line knows how far it has come."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.add_column("outbox", sa.Column("delivery", sa.String(length=10), nullable=False, server_default="queued"))
    for name in ("delivery_note", "delivery_todo"):
        op.add_column("outbox", sa.Column(name, sa.String(length=500), nullable=False, server_default=""))
    op.add_column("outbox", sa.Column("template", sa.JSON()))
    op.add_column("outbox", sa.Column("untold", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute("UPDATE outbox SET delivery = state WHERE state IN ('sent', 'failed')")
    where = sa.text("untold")
    op.create_index("ix_outbox_untold", "outbox", ["id"], sqlite_where=where, postgresql_where=where)
    _parts()


def _parts() -> None:
    op.create_table(
        "outbox_parts",
        sa.Column("outbox", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("inbox", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("person", sa.String(length=200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True)),
        sa.Column("began_at", sa.DateTime(timezone=True)),
        sa.Column("provider_id", sa.String(length=500)),
        sa.Column("doubt", sa.Boolean(), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("todo", sa.String(length=500), nullable=False),
        sa.CheckConstraint(
            "state IN ('queued', 'sending', 'unknown', 'sent', 'delivered', 'read', 'failed')",
            name=op.f("ck_outbox_parts_state"),
        ),
        sa.ForeignKeyConstraint(["outbox"], ["outbox.id"], name=op.f("fk_outbox_parts_outbox")),
        sa.PrimaryKeyConstraint("outbox", "number", name=op.f("pk_outbox_parts")),
        sa.UniqueConstraint("inbox", "key", name=op.f("uq_outbox_parts_inbox_key")),
        sa.UniqueConstraint("inbox", "provider_id", name=op.f("uq_outbox_parts_inbox_provider_id")),
    )
    op.create_index("ix_outbox_parts_inbox_person_began_at", "outbox_parts", ["inbox", "person", "began_at"])


def downgrade() -> None:
    op.drop_table("outbox_parts")
    op.drop_index("ix_outbox_untold", "outbox")
    for column in ("untold", "template", "delivery_todo", "delivery_note", "delivery"):
        op.drop_column("outbox", column)
