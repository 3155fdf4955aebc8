"""The work on conversations: turns, offers, notes, hand-backs, the outbox."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def _hand_backs() -> None:
    op.create_table(
        "hand_backs",
        sa.Column("conversation", sa.String(length=64), nullable=False),
        sa.Column("epoch", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("agent", sa.String(length=64), nullable=False),
        sa.Column("agent_name", sa.String(length=120), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("open_promises", sa.JSON(), nullable=False),
        sa.Column("leave_alone", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["agent"], ["agents.id"], name=op.f("fk_hand_backs_agent")),
        sa.ForeignKeyConstraint(["conversation"], ["conversations.id"], name=op.f("fk_hand_backs_conversation")),
        sa.PrimaryKeyConstraint("conversation", "epoch", name=op.f("pk_hand_backs")),
    )


def _notes() -> None:
    op.create_table(
        "notes",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("conversation", sa.String(length=64), nullable=False),
        sa.Column("agent", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("after_offset", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.String(length=80), nullable=True),
        sa.ForeignKeyConstraint(["agent"], ["agents.id"], name=op.f("fk_notes_agent")),
        sa.ForeignKeyConstraint(["conversation"], ["conversations.id"], name=op.f("fk_notes_conversation")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notes")),
        sa.UniqueConstraint("conversation", "client_id", name=op.f("uq_notes_conversation_client_id")),
    )


def _offers() -> None:
    op.create_table(
        "offers",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("conversation", sa.String(length=64), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("packet", sa.JSON(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("to_agent", sa.String(length=64), nullable=True),
        sa.Column("told_long", sa.Boolean(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("taken_by", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["conversation"], ["conversations.id"], name=op.f("fk_offers_conversation")),
        sa.ForeignKeyConstraint(["taken_by"], ["agents.id"], name=op.f("fk_offers_taken_by")),
        sa.ForeignKeyConstraint(["to_agent"], ["agents.id"], name=op.f("fk_offers_to_agent")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offers")),
        sa.UniqueConstraint("conversation", "epoch", name=op.f("uq_offers_conversation_epoch")),
    )
    op.create_index("ix_offers_made_at", "offers", ["closed_at", "made_at"], unique=False)
    op.create_index(
        "uq_offers_one_open",
        "offers",
        ["conversation"],
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )


def _turns() -> None:
    op.create_table(
        "turns",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("conversation", sa.String(length=64), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(length=120), nullable=False),
        sa.Column("first_offset", sa.Integer(), nullable=False),
        sa.Column("last_offset", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deadline", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("entry_offset", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "state IN ('live', 'committed', 'superseded', 'fenced', 'stalled')", name=op.f("ck_turns_state")
        ),
        sa.ForeignKeyConstraint(["conversation"], ["conversations.id"], name=op.f("fk_turns_conversation")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_turns")),
    )
    op.create_index(
        "ix_turns_deadline",
        "turns",
        ["deadline"],
        unique=False,
        sqlite_where=sa.text("state = 'live'"),
        postgresql_where=sa.text("state = 'live'"),
    )
    op.create_index(
        "uq_turns_one_live",
        "turns",
        ["conversation"],
        unique=True,
        sqlite_where=sa.text("state = 'live'"),
        postgresql_where=sa.text("state = 'live'"),
    )


def _decisions() -> None:
    op.create_table(
        "decisions",
        sa.Column("turn", sa.String(length=64), nullable=False),
        sa.Column("conversation", sa.String(length=64), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("first_offset", sa.Integer(), nullable=False),
        sa.Column("last_offset", sa.Integer(), nullable=False),
        sa.Column("entry_offset", sa.Integer(), nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("slots", sa.JSON(), nullable=False),
        sa.Column("actions", sa.JSON(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["conversation"], ["conversations.id"], name=op.f("fk_decisions_conversation")),
        sa.ForeignKeyConstraint(["turn"], ["turns.id"], name=op.f("fk_decisions_turn")),
        sa.PrimaryKeyConstraint("turn", name=op.f("pk_decisions")),
    )
    op.create_index("ix_decisions_conversation_last_offset", "decisions", ["conversation", "last_offset"], unique=False)


def _declines() -> None:
    op.create_table(
        "declines",
        sa.Column("offer", sa.String(length=64), nullable=False),
        sa.Column("agent", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["agent"], ["agents.id"], name=op.f("fk_declines_agent")),
        sa.ForeignKeyConstraint(["offer"], ["offers.id"], name=op.f("fk_declines_offer")),
        sa.PrimaryKeyConstraint("offer", "agent", name=op.f("pk_declines")),
    )


def _drafts() -> None:
    op.create_table(
        "drafts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("conversation", sa.String(length=64), nullable=False),
        sa.Column("turn", sa.String(length=64), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("citations", sa.JSON(), nullable=False),
        sa.Column("origin", sa.String(length=16), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["conversation"], ["conversations.id"], name=op.f("fk_drafts_conversation")),
        sa.ForeignKeyConstraint(["turn"], ["turns.id"], name=op.f("fk_drafts_turn")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drafts")),
        sa.UniqueConstraint("turn", name=op.f("uq_drafts_turn")),
    )
    op.create_index("ix_drafts_conversation_id", "drafts", ["conversation", "id"], unique=False)


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("conversation", sa.String(length=64), nullable=False),
        sa.Column("offset", sa.Integer(), nullable=False),
        sa.Column("inbox", sa.String(length=64), nullable=False),
        sa.Column("gate_epoch", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=True),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'queued') = (settled_at IS NULL)", name=op.f("ck_outbox_settled")),
        sa.CheckConstraint("state IN ('queued', 'sent', 'withdrawn', 'failed')", name=op.f("ck_outbox_state")),
        sa.ForeignKeyConstraint(
            ["conversation", "offset"],
            ["entries.conversation", "entries.offset"],
            name=op.f("fk_outbox_conversation_offset"),
        ),
        sa.ForeignKeyConstraint(["conversation"], ["conversations.id"], name=op.f("fk_outbox_conversation")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("conversation", "offset", name=op.f("uq_outbox_conversation_offset")),
    )
    op.create_index(
        "ix_outbox_due",
        "outbox",
        ["next_try_at"],
        unique=False,
        sqlite_where=sa.text("state = 'queued'"),
        postgresql_where=sa.text("state = 'queued'"),
    )


def _ratings() -> None:
    op.create_table(
        "ratings",
        sa.Column("conversation", sa.String(length=64), nullable=False),
        sa.Column("stretch", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("agent", sa.String(length=64), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("score BETWEEN 1 AND 5", name=op.f("ck_ratings_score")),
        sa.ForeignKeyConstraint(["agent"], ["agents.id"], name=op.f("fk_ratings_agent")),
        sa.ForeignKeyConstraint(
            ["conversation", "stretch"],
            ["stretches.conversation", "stretches.epoch"],
            name=op.f("fk_ratings_conversation_stretch"),
        ),
        sa.PrimaryKeyConstraint("conversation", "stretch", name=op.f("pk_ratings")),
    )


TABLES = {
    "hand_backs": _hand_backs,
    "notes": _notes,
    "offers": _offers,
    "turns": _turns,
    "decisions": _decisions,
    "declines": _declines,
    "drafts": _drafts,
    "outbox": _outbox,
    "ratings": _ratings,
}


def upgrade() -> None:
    for create in TABLES.values():
        create()


def downgrade() -> None:
    for name in reversed(TABLES):
        op.drop_table(name)
