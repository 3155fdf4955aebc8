"""The tables of the work on a conversation: turns, decisions, offers, private notes, drafts, hand-backs, the outbox."""

from __future__ import annotations

import sqlalchemy as sa

from handover.backends.records_sql.tables import Id, Moment, metadata
from handover.stored import TurnState

# A column added to rows that are there needs a default; every new row brings its own value.
LONG_AGO = "2000-01-01 00:00:00"
# Of an open offer: somebody is asked right now.
RINGS = "closed_at IS NULL AND CAST(ringing AS TEXT) <> '[]'"
_Row = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _conversation() -> sa.Column[str]:
    return sa.Column("conversation", Id, sa.ForeignKey("conversations.id"), nullable=False)


turns = sa.Table(
    "turns",
    metadata,
    sa.Column("id", Id, primary_key=True),
    _conversation(),
    sa.Column("epoch", sa.Integer, nullable=False),
    sa.Column("owner", sa.String(120), nullable=False),
    sa.Column("first_offset", sa.Integer, nullable=False),
    sa.Column("last_offset", sa.Integer, nullable=False),
    sa.Column("started_at", Moment, nullable=False),
    sa.Column("deadline", Moment, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("entry_offset", sa.Integer),
    sa.Column("yields", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.CheckConstraint(f"state IN ({', '.join(repr(str(s)) for s in TurnState)})", name="state"),
    sa.Index(
        "uq_turns_one_live",
        "conversation",
        unique=True,
        sqlite_where=sa.text("state = 'live'"),
        postgresql_where=sa.text("state = 'live'"),
    ),
    sa.Index("ix_turns_conversation_started_at", "conversation", "started_at"),
    sa.Index(
        "ix_turns_deadline",
        "deadline",
        sqlite_where=sa.text("state = 'live'"),
        postgresql_where=sa.text("state = 'live'"),
    ),
)

dialogues = sa.Table(
    "dialogues",
    metadata,
    sa.Column("conversation", Id, sa.ForeignKey("conversations.id"), primary_key=True),
    sa.Column("turn", Id, sa.ForeignKey("turns.id"), nullable=False),
    sa.Column("state", sa.JSON, nullable=False),
)

decisions = sa.Table(
    "decisions",
    metadata,
    sa.Column("turn", Id, sa.ForeignKey("turns.id"), primary_key=True),
    _conversation(),
    sa.Column("epoch", sa.Integer, nullable=False),
    sa.Column("first_offset", sa.Integer, nullable=False),
    sa.Column("last_offset", sa.Integer, nullable=False),
    sa.Column("entry_offset", sa.Integer),
    sa.Column("outcome", sa.String(16), nullable=False),
    sa.Column("reason", sa.String(32)),
    sa.Column("because", sa.Text, nullable=False),
    sa.Column("evidence", sa.JSON, nullable=False),
    sa.Column("slots", sa.JSON, nullable=False),
    sa.Column("actions", sa.JSON, nullable=False),
    sa.Column("seconds", sa.Float, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Index("ix_decisions_conversation_last_offset", "conversation", "last_offset"),
)

offers = sa.Table(
    "offers",
    metadata,
    sa.Column("id", Id, primary_key=True),
    _conversation(),
    sa.Column("epoch", sa.Integer, nullable=False),
    sa.Column("reason", sa.String(32), nullable=False),
    sa.Column("packet", sa.JSON, nullable=False),
    sa.Column("made_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
    sa.Column("round", sa.Integer, nullable=False),
    sa.Column("to_agent", Id, sa.ForeignKey("agents.id")),
    sa.Column("told_long", sa.Boolean, nullable=False),
    sa.Column("closed_at", Moment),
    sa.Column("taken_by", Id, sa.ForeignKey("agents.id")),
    sa.Column("deadline", Moment, nullable=False, server_default=LONG_AGO),
    sa.Column("weight", sa.Integer, nullable=False, server_default="1"),
    sa.Column("needs", sa.JSON, nullable=False, server_default="[]"),
    sa.Column("language", sa.String(16)),
    sa.Column("team", sa.String(64)),
    sa.Column("stage", sa.Integer, nullable=False, server_default="1"),
    sa.Column("ringing", sa.JSON, nullable=False, server_default="[]"),
    sa.Column("past", sa.JSON, nullable=False, server_default="[]"),
    sa.Column("lap_at", Moment),
    sa.Column("resting", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("told_nobody", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("version", sa.Integer, nullable=False, server_default="0"),
    sa.UniqueConstraint("conversation", "epoch"),
    sa.Index(
        "uq_offers_one_open",
        "conversation",
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    ),
    # The queue, without its rows: packets are large, and most passes of the matcher find nothing new.
    sa.Index(
        "ix_offers_queue",
        *("deadline", "made_at", "id", "version"),
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    ),
    sa.Index(
        "ix_offers_ringing",
        *("deadline", "made_at", "id"),
        sqlite_where=sa.text(RINGS),
        postgresql_where=sa.text(RINGS),
    ),
)

declines = sa.Table(
    "declines",
    metadata,
    sa.Column("offer", Id, sa.ForeignKey("offers.id"), primary_key=True),
    sa.Column("agent", Id, sa.ForeignKey("agents.id"), primary_key=True),
    sa.Column("reason", sa.String(300)),
    sa.Column("at", Moment, nullable=False),
)

notes = sa.Table(
    "notes",
    metadata,
    sa.Column("id", Id, primary_key=True),
    _conversation(),
    sa.Column("agent", Id, sa.ForeignKey("agents.id"), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("after_offset", sa.Integer, nullable=False),
    sa.Column("client_id", sa.String(80)),
    sa.UniqueConstraint("conversation", "client_id"),
)

drafts = sa.Table(
    "drafts",
    metadata,
    sa.Column("id", _Row, primary_key=True),
    _conversation(),
    sa.Column("turn", Id, sa.ForeignKey("turns.id"), unique=True),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("citations", sa.JSON, nullable=False),
    sa.Column("origin", sa.String(16), nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Index("ix_drafts_conversation_id", "conversation", "id"),
)

hand_backs = sa.Table(
    "hand_backs",
    metadata,
    sa.Column("conversation", Id, sa.ForeignKey("conversations.id"), primary_key=True),
    sa.Column("epoch", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("agent", Id, sa.ForeignKey("agents.id"), nullable=False),
    sa.Column("agent_name", sa.String(120), nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("open_promises", sa.JSON, nullable=False),
    sa.Column("leave_alone", sa.Text),
    sa.Column("at", Moment, nullable=False),
)

ratings = sa.Table(
    "ratings",
    metadata,
    sa.Column("conversation", Id, primary_key=True),
    sa.Column("stretch", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("score", sa.Integer, nullable=False),
    sa.Column("comment", sa.Text),
    sa.Column("agent", Id, sa.ForeignKey("agents.id")),
    sa.Column("at", Moment, nullable=False),
    sa.CheckConstraint("score BETWEEN 1 AND 5", name="score"),
    sa.ForeignKeyConstraint(["conversation", "stretch"], ["stretches.conversation", "stretches.epoch"]),
)

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("id", _Row, primary_key=True),
    _conversation(),
    sa.Column("offset", sa.Integer, nullable=False),
    sa.Column("inbox", Id, nullable=False),
    sa.Column("gate_epoch", sa.Integer),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("next_try_at", Moment, nullable=False),
    sa.Column("note", sa.String(500)),
    sa.Column("queued_at", Moment, nullable=False),
    sa.Column("settled_at", Moment),
    # A send is under way; one that is still marked when its lease has ended killed its worker, which ``poison`` counts.
    sa.Column("sending", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("poison", sa.Integer, nullable=False, server_default="0"),
    sa.Column("retried_by", Id),
    sa.Column("retried_at", Moment),
    # What is sent in place of the words where a platform takes only templates.
    sa.Column("template", sa.JSON(none_as_null=True)),
    # How far the line has come (see `handover.outcomes`), why, what to do; and whether the desk is still to be told.
    sa.Column("delivery", sa.String(10), nullable=False, server_default="queued"),
    sa.Column("delivery_note", sa.String(500), nullable=False, server_default=""),
    sa.Column("delivery_todo", sa.String(500), nullable=False, server_default=""),
    sa.Column("untold", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.UniqueConstraint("conversation", "offset"),
    sa.ForeignKeyConstraint(["conversation", "offset"], ["entries.conversation", "entries.offset"]),
    sa.CheckConstraint("state IN ('queued', 'sent', 'withdrawn', 'failed')", name="state"),
    sa.CheckConstraint("(state = 'queued') = (settled_at IS NULL)", name="settled"),
    sa.Index("ix_outbox_state_id", "state", "id"),
    sa.Index(
        "ix_outbox_due",
        "next_try_at",
        sqlite_where=sa.text("state = 'queued'"),
        postgresql_where=sa.text("state = 'queued'"),
    ),
    sa.Index("ix_outbox_untold", "id", sqlite_where=sa.text("untold"), postgresql_where=sa.text("untold")),
)
