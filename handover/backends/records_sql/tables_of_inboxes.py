"""The table of the inboxes; their secrets stand there sealed (`handover.inbox_cipher`)."""

from __future__ import annotations

import sqlalchemy as sa

from handover.backends.records_sql.tables import Id, Moment, metadata

inboxes = sa.Table(
    "inboxes",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("channel", sa.String(32), nullable=False),
    sa.Column("name", sa.String(120), nullable=False),
    sa.Column("account", sa.String(128), nullable=False),
    sa.Column("settings", sa.JSON, nullable=False),
    sa.Column("sealed", sa.Text),
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("paused_at", Moment),
    sa.Column("paused_why", sa.Text),
    sa.Column("handshake_at", Moment),
    sa.Column("webhook_at", Moment),
    sa.CheckConstraint("(paused_at IS NULL) = (paused_why IS NULL)", name="paused"),
    sa.Index(
        "uq_inboxes_one_account",
        "channel",
        "account",
        unique=True,
        sqlite_where=sa.text("enabled"),
        postgresql_where=sa.text("enabled"),
    ),
)
