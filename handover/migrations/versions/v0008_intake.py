"""The way in for channels that post to us: webhooks, events with their keys, and people by inbox."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "arrivals",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("inboxes", sa.JSON(), nullable=False),
        sa.Column("named", sa.String(length=64)),
        sa.Column("headers", sa.JSON(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        _moment("received_at"),
        sa.Column("state", sa.String(length=8), nullable=False),
        _moment("due_at"),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("note", sa.String(length=500)),
        sa.CheckConstraint("state IN ('queued', 'aside')", name=op.f("ck_arrivals_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_arrivals")),
    )
    op.create_index("ix_arrivals_state_due_at", "arrivals", ["state", "due_at"])
    _events()
    _identities()


def _events() -> None:
    op.create_table(
        "channel_events",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("inbox", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("person", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        _moment("at"),
        _moment("received_at"),
        sa.Column("data", sa.JSON()),
        sa.Column("state", sa.String(length=8), nullable=False),
        _moment("due_at"),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("note", sa.String(length=500)),
        sa.Column("message", sa.String(length=200)),
        sa.Column("target", sa.String(length=200)),
        sa.CheckConstraint("state IN ('queued', 'done', 'aside')", name=op.f("ck_channel_events_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel_events")),
        sa.UniqueConstraint("inbox", "key", name=op.f("uq_channel_events_inbox_key")),
    )
    op.create_index("ix_channel_events_state_due_at", "channel_events", ["state", "due_at"])
    op.create_index("ix_channel_events_inbox_person_state", "channel_events", ["inbox", "person", "state"])
    op.create_index("ix_channel_events_received_at", "channel_events", ["received_at"])
    op.create_index("ix_channel_events_inbox_message", "channel_events", ["inbox", "message"])
    op.create_index("ix_channel_events_inbox_target", "channel_events", ["inbox", "target"])


def _identities() -> None:
    op.create_table(
        "identities",
        sa.Column("inbox", sa.String(length=64), nullable=False),
        sa.Column("external_id", sa.String(length=200), nullable=False),
        sa.Column("alias_of", sa.String(length=200)),
        sa.Column("customer", sa.String(length=64)),
        sa.Column("name", sa.String(length=200)),
        sa.Column("thread", sa.String(length=500)),
        sa.Column("last_message", sa.String(length=500)),
        _moment("blocked_at", nullable=True),
        sa.Column("blocked_why", sa.String(length=300)),
        _moment("held_until", nullable=True),
        sa.ForeignKeyConstraint(["customer"], ["customers.id"], name=op.f("fk_identities_customer")),
        sa.PrimaryKeyConstraint("inbox", "external_id", name=op.f("pk_identities")),
    )
    op.create_index("ix_identities_customer_inbox", "identities", ["customer", "inbox"])


def downgrade() -> None:
    for table in ("identities", "channel_events", "arrivals"):
        op.drop_table(table)
