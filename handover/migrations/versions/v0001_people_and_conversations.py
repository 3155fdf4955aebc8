"""People, conversations, and the lines said in them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _agents() -> None:
    op.create_table(
        "agents",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("password_hash", sa.String(length=300), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("availability", sa.String(length=16), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("availability IN ('online', 'busy', 'offline')", name=op.f("ck_agents_availability")),
        sa.CheckConstraint("role IN ('admin', 'agent')", name=op.f("ck_agents_role")),
        sa.CheckConstraint("capacity >= 0", name=op.f("ck_agents_capacity")),
        sa.CheckConstraint("email = lower(email)", name=op.f("ck_agents_email_lower")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agents")),
        sa.UniqueConstraint("email", name=op.f("uq_agents_email")),
    )


def _customers() -> None:
    op.create_table(
        "customers",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=True),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("profile", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customers")),
    )


def _feed() -> None:
    op.create_table(
        "feed",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed")),
    )
    op.execute("INSERT INTO feed (id, value) VALUES (1, 0)")


def _login_tries() -> None:
    op.create_table(
        "login_tries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.String(length=320), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_tries")),
    )
    op.create_index("ix_login_tries_key_at", "login_tries", ["key", "at"], unique=False)


# Lifecycle and control, the pairs that may be.
LEGAL_PAIRS = (
    "(lifecycle = 'active' AND control = 'bot')",
    "(lifecycle = 'active' AND control = 'human')",
    "(lifecycle = 'active' AND control = 'nobody')",
    "(lifecycle = 'active' AND control = 'offered')",
    "(lifecycle = 'resolved' AND control = 'nobody')",
    "(lifecycle = 'snoozed' AND control = 'human')",
)


def _conversation_columns() -> list[sa.Column[object]]:
    return [
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("inbox", sa.String(length=64), nullable=False),
        sa.Column("customer", sa.String(length=64), nullable=False),
        sa.Column("lifecycle", sa.String(length=16), nullable=False),
        sa.Column("control", sa.String(length=16), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("agent", sa.String(length=64), nullable=True),
        sa.Column("last_offset", sa.Integer(), nullable=False),
        sa.Column("last_customer_offset", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("waiting_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("snoozed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_author", sa.String(length=16), nullable=True),
        sa.Column("last_text", sa.String(length=200), nullable=True),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.Column("rating", sa.Integer(), nullable=True),
        sa.Column("fallbacks", sa.Integer(), nullable=False),
        sa.Column("lacking", sa.Integer(), nullable=False),
        sa.Column("answered", sa.Integer(), nullable=False),
        sa.Column("stretch_start", sa.Integer(), nullable=False),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.Column("feed", sa.BigInteger(), nullable=False),
    ]


def _conversations() -> None:
    op.create_table(
        "conversations",
        *_conversation_columns(),
        sa.CheckConstraint("(control = 'human') = (agent IS NOT NULL)", name=op.f("ck_conversations_agent_iff_human")),
        sa.CheckConstraint(
            "(control = 'offered') = (waiting_since IS NOT NULL)", name=op.f("ck_conversations_waiting_iff_offered")
        ),
        sa.CheckConstraint(" OR ".join(LEGAL_PAIRS), name=op.f("ck_conversations_legal_pair")),
        sa.CheckConstraint(
            "last_customer_offset <= last_offset AND answered <= last_offset", name=op.f("ck_conversations_offsets")
        ),
        sa.ForeignKeyConstraint(["agent"], ["agents.id"], name=op.f("fk_conversations_agent")),
        sa.ForeignKeyConstraint(["customer"], ["customers.id"], name=op.f("fk_conversations_customer")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversations")),
    )
    op.create_index("ix_conversations_agent_feed", "conversations", ["agent", "feed"], unique=False)
    op.create_index("ix_conversations_control_feed", "conversations", ["control", "feed"], unique=False)
    op.create_index(op.f("ix_conversations_feed"), "conversations", ["feed"], unique=False)
    op.create_index(
        "uq_conversations_open_per_customer",
        "conversations",
        ["customer", "inbox"],
        unique=True,
        sqlite_where=sa.text("lifecycle <> 'resolved'"),
        postgresql_where=sa.text("lifecycle <> 'resolved'"),
    )


def _logins() -> None:
    op.create_table(
        "logins",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("agent_id", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("address", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_logins_agent_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_logins")),
    )
    op.create_index(op.f("ix_logins_agent_id"), "logins", ["agent_id"], unique=False)


def _entries() -> None:
    op.create_table(
        "entries",
        sa.Column("conversation", sa.String(length=64), nullable=False),
        sa.Column("offset", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("author_kind", sa.String(length=16), nullable=False),
        sa.Column("author_name", sa.String(length=200), nullable=False),
        sa.Column("author_id", sa.String(length=64), nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=True),
        sa.Column("buttons", sa.JSON(), nullable=True),
        sa.Column("citations", sa.JSON(), nullable=True),
        sa.Column("client_id", sa.String(length=80), nullable=True),
        sa.Column("payload", sa.Text(), nullable=True),
        sa.Column("inbox", sa.String(length=64), nullable=False),
        sa.Column("provider_message_id", sa.String(length=200), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "author_kind IN ('customer', 'bot', 'agent', 'system')", name=op.f("ck_entries_author_kind")
        ),
        sa.CheckConstraint("kind IN ('message', 'notice')", name=op.f("ck_entries_kind")),
        sa.CheckConstraint('"offset" >= 1', name=op.f("ck_entries_offset")),
        sa.ForeignKeyConstraint(["conversation"], ["conversations.id"], name=op.f("fk_entries_conversation")),
        sa.PrimaryKeyConstraint("conversation", "offset", name=op.f("pk_entries")),
        sa.UniqueConstraint("conversation", "client_id", name=op.f("uq_entries_conversation_client_id")),
        sa.UniqueConstraint("inbox", "provider_message_id", name=op.f("uq_entries_inbox_provider_message_id")),
    )


def _requests() -> None:
    op.create_table(
        "requests",
        sa.Column("conversation", sa.String(length=64), nullable=False),
        sa.Column("client_id", sa.String(length=80), nullable=False),
        sa.Column("verb", sa.String(length=24), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["conversation"], ["conversations.id"], name=op.f("fk_requests_conversation")),
        sa.PrimaryKeyConstraint("conversation", "client_id", "verb", name=op.f("pk_requests")),
    )


def _stretches() -> None:
    op.create_table(
        "stretches",
        sa.Column("conversation", sa.String(length=64), nullable=False),
        sa.Column("epoch", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("control", sa.String(length=16), nullable=False),
        sa.Column("move", sa.String(length=24), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("agent", sa.String(length=64), nullable=True),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("after_offset", sa.Integer(), nullable=False),
        sa.CheckConstraint("control IN ('bot', 'offered', 'human', 'nobody')", name=op.f("ck_stretches_control")),
        sa.ForeignKeyConstraint(["conversation"], ["conversations.id"], name=op.f("fk_stretches_conversation")),
        sa.PrimaryKeyConstraint("conversation", "epoch", name=op.f("pk_stretches")),
    )


TABLES = {
    "agents": _agents,
    "customers": _customers,
    "feed": _feed,
    "login_tries": _login_tries,
    "conversations": _conversations,
    "logins": _logins,
    "entries": _entries,
    "requests": _requests,
    "stretches": _stretches,
}


def upgrade() -> None:
    for create in TABLES.values():
        create()


def downgrade() -> None:
    for name in reversed(TABLES):
        op.drop_table(name)
