"""The tables of the files customers sent: what is known of each, and the bytes of those that are here."""

from __future__ import annotations

import sqlalchemy as sa

from handover.backends.records_sql.tables import Id, Moment, metadata
from handover.record_ports_media import MediaState

media = sa.Table(
    "media",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("conversation", Id, sa.ForeignKey("conversations.id"), nullable=False),
    sa.Column("offset", sa.Integer, nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("state", sa.String(8), nullable=False),
    sa.Column("name", sa.String(300)),
    sa.Column("media_type", sa.String(100)),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("why", sa.String(300)),
    # Where the bytes are; both go once that is settled, for such an address may be a key to them.
    sa.Column("url", sa.Text),
    sa.Column("ref", sa.Text),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("due_at", Moment, nullable=False),
    sa.Column("told", sa.String(8), nullable=False),  # the state that the desk has heard of, "" for none
    sa.UniqueConstraint("conversation", "offset", "number"),
    sa.ForeignKeyConstraint(["conversation", "offset"], ["entries.conversation", "entries.offset"]),
    sa.CheckConstraint(f"state IN ({', '.join(repr(str(state)) for state in MediaState)})", name="state"),
    sa.Index(
        "ix_media_due",
        "due_at",
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    ),
    sa.Index(
        "ix_media_untold",
        "conversation",
        "offset",
        sqlite_where=sa.text("told <> state"),
        postgresql_where=sa.text("told <> state"),
    ),
)

media_bytes = sa.Table(
    "media_bytes",
    metadata,
    sa.Column("media", Id, sa.ForeignKey("media.id"), primary_key=True),
    sa.Column("content", sa.LargeBinary, nullable=False),
)
