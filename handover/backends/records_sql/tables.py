"""The tables of the record, with the rules the database itself keeps. Changes here need a migration beside them."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

import sqlalchemy as sa

from handover.conversation import LEGAL_PAIRS, Control, Lifecycle
from handover.entries import AuthorKind, EntryKind
from handover.stored import TurnState

metadata = sa.MetaData(
    naming_convention={
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Moment(sa.TypeDecorator[datetime]):
    """An aware moment in UTC. SQLite keeps no zone, so it is added again on the way out."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


@lru_cache(maxsize=16_384)
def read_moment(text: str) -> datetime:
    """The moment of a text that a database made of one: what is read all the time is read as text, and known here."""
    found = datetime.fromisoformat(text)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


# PostgreSQL sorts and compares these; 64 characters hold every id we make.
Id = sa.String(64)


def _one_of(column: str, values: type[AuthorKind] | type[EntryKind] | type[TurnState]) -> str:
    return f"{column} IN ({', '.join(repr(str(v)) for v in values)})"


def _legal_pairs() -> str:
    pairs = sorted((str(a), str(b)) for a, b in LEGAL_PAIRS)
    return " OR ".join(f"(lifecycle = '{a}' AND control = '{b}')" for a, b in pairs)


feed = sa.Table(
    "feed",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("value", sa.BigInteger, nullable=False),
)

agents = sa.Table(
    "agents",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("email", sa.String(254), nullable=False, unique=True),
    sa.Column("name", sa.String(120), nullable=False),
    sa.Column("password_hash", sa.String(300), nullable=False),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("availability", sa.String(16), nullable=False),
    sa.Column("capacity", sa.Integer, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("disabled_at", Moment),
    sa.Column("skills", sa.JSON, nullable=False, server_default="[]"),
    sa.Column("languages", sa.JSON, nullable=False, server_default="[]"),
    sa.Column("teams", sa.JSON, nullable=False, server_default="[]"),
    sa.Column("taken_at", Moment),
    sa.CheckConstraint("email = lower(email)", name="email_lower"),
    sa.CheckConstraint("role IN ('admin', 'lead', 'agent')", name="role"),
    sa.CheckConstraint("availability IN ('online', 'busy', 'offline')", name="availability"),
    sa.CheckConstraint("capacity >= 0", name="capacity"),
)

logins = sa.Table(
    "logins",
    metadata,
    sa.Column("token_hash", Id, primary_key=True),
    sa.Column("agent_id", Id, sa.ForeignKey("agents.id"), nullable=False, index=True),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
    sa.Column("revoked_at", Moment),
    sa.Column("address", sa.String(64)),
)

login_tries = sa.Table(
    "login_tries",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    sa.Column("key", sa.String(320), nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Index("ix_login_tries_key_at", "key", "at"),
)

customers = sa.Table(
    "customers",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("name", sa.String(200)),
    sa.Column("email", sa.String(254)),
    sa.Column("profile", sa.JSON, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
)

conversations = sa.Table(
    "conversations",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("inbox", Id, nullable=False),
    sa.Column("customer", Id, sa.ForeignKey("customers.id"), nullable=False),
    sa.Column("lifecycle", sa.String(16), nullable=False),
    sa.Column("control", sa.String(16), nullable=False),
    sa.Column("epoch", sa.Integer, nullable=False),
    sa.Column("agent", Id, sa.ForeignKey("agents.id")),
    sa.Column("last_offset", sa.Integer, nullable=False),
    sa.Column("last_customer_offset", sa.Integer, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("changed_at", Moment, nullable=False),
    sa.Column("waiting_since", Moment),
    sa.Column("snoozed_until", Moment),
    sa.Column("last_author", sa.String(16)),
    sa.Column("last_text", sa.String(200)),
    sa.Column("last_at", Moment),
    sa.Column("reason", sa.String(32)),
    sa.Column("rating", sa.Integer),
    sa.Column("fallbacks", sa.Integer, nullable=False),
    sa.Column("lacking", sa.Integer, nullable=False),
    sa.Column("answered", sa.Integer, nullable=False),
    sa.Column("stretch_start", sa.Integer, nullable=False),
    sa.Column("told", sa.Integer, nullable=False),
    sa.Column("seen", sa.Integer, nullable=False),
    sa.Column("feed", sa.BigInteger, nullable=False, index=True),
    sa.Column("slots", sa.Integer, nullable=False, server_default="0"),
    sa.Column("reply_due", Moment),
    sa.Column("team", sa.String(64)),
    sa.Column("needs", sa.JSON, nullable=False, server_default="[]"),
    sa.CheckConstraint(_legal_pairs(), name="legal_pair"),
    sa.CheckConstraint("(control = 'human') = (agent IS NOT NULL)", name="agent_iff_human"),
    sa.CheckConstraint("(control = 'offered') = (waiting_since IS NOT NULL)", name="waiting_iff_offered"),
    sa.CheckConstraint("last_customer_offset <= last_offset AND answered <= last_offset", name="offsets"),
    sa.Index(
        "uq_conversations_open_per_customer",
        "customer",
        "inbox",
        unique=True,
        sqlite_where=sa.text("lifecycle <> 'resolved'"),
        postgresql_where=sa.text("lifecycle <> 'resolved'"),
    ),
    sa.Index("ix_conversations_lifecycle_control_feed", "lifecycle", "control", "feed"),
    sa.Index("ix_conversations_agent_feed", "agent", "feed"),
    sa.Index("ix_conversations_customer_inbox", "customer", "inbox"),
    sa.Index(
        "ix_conversations_snoozed_until",
        "snoozed_until",
        sqlite_where=sa.text("lifecycle = 'snoozed'"),
        postgresql_where=sa.text("lifecycle = 'snoozed'"),
    ),
    sa.Index(
        "ix_conversations_unanswered",
        "changed_at",
        sqlite_where=sa.text("control = 'bot' AND last_customer_offset > answered"),
        postgresql_where=sa.text("control = 'bot' AND last_customer_offset > answered"),
    ),
    sa.Index(
        "ix_conversations_reply_due",
        "reply_due",
        sqlite_where=sa.text("reply_due IS NOT NULL"),
        postgresql_where=sa.text("reply_due IS NOT NULL"),
    ),
)

entries = sa.Table(
    "entries",
    metadata,
    sa.Column("conversation", Id, sa.ForeignKey("conversations.id"), primary_key=True),
    sa.Column("offset", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("epoch", sa.Integer, nullable=False),
    sa.Column("author_kind", sa.String(16), nullable=False),
    sa.Column("author_name", sa.String(200), nullable=False),
    sa.Column("author_id", Id),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("html", sa.Text),
    sa.Column("buttons", sa.JSON),
    sa.Column("citations", sa.JSON),
    sa.Column("client_id", sa.String(80)),
    sa.Column("payload", sa.Text),
    sa.Column("inbox", Id, nullable=False),
    sa.Column("provider_message_id", sa.String(200)),
    sa.Column("at", Moment, nullable=False),
    sa.UniqueConstraint("conversation", "client_id"),
    sa.UniqueConstraint("inbox", "provider_message_id"),
    sa.CheckConstraint('"offset" >= 1', name="offset"),
    sa.CheckConstraint(_one_of("author_kind", AuthorKind), name="author_kind"),
    sa.CheckConstraint(_one_of("kind", EntryKind), name="kind"),
)

stretches = sa.Table(
    "stretches",
    metadata,
    sa.Column("conversation", Id, sa.ForeignKey("conversations.id"), primary_key=True),
    sa.Column("epoch", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("control", sa.String(16), nullable=False),
    sa.Column("move", sa.String(24), nullable=False),
    sa.Column("actor", Id, nullable=False),
    sa.Column("agent", Id),
    sa.Column("began_at", Moment, nullable=False),
    sa.Column("after_offset", sa.Integer, nullable=False),
    sa.CheckConstraint(f"control IN ({', '.join(repr(str(c)) for c in Control)})", name="control"),
)

requests = sa.Table(
    "requests",
    metadata,
    sa.Column("conversation", Id, sa.ForeignKey("conversations.id"), primary_key=True),
    sa.Column("client_id", sa.String(80), primary_key=True),
    sa.Column("verb", sa.String(24), primary_key=True),
    sa.Column("at", Moment, nullable=False),
)

OPEN_LIFECYCLES = (str(Lifecycle.ACTIVE), str(Lifecycle.SNOOZED))
