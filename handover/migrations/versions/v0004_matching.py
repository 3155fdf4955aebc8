"""Agents have skills, languages, teams and weighted slots; offers know how far they have come, and there are leads."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_ROLES_BEFORE = "role IN ('admin', 'agent')"
_ROLES = "role IN ('admin', 'lead', 'agent')"
# Until now each conversation counted one; a live one on the web takes two slots from here on.
_SLOTS = 2
_OFFERS = (
    *("deadline", "weight", "needs", "language", "team", "stage", "ringing", "past", "lap_at", "resting"),
    *("told_nobody", "version"),
)


def _list(name: str) -> sa.Column[list[str]]:
    return sa.Column(name, sa.JSON(), nullable=False, server_default="[]")


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false())


def _number(name: str, default: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False, server_default=default)


def _moment(name: str) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True))


def upgrade() -> None:
    _allow_roles(_ROLES_BEFORE, _ROLES)
    for column in (_list("skills"), _list("languages"), _list("teams"), _moment("taken_at")):
        op.add_column("agents", column)
    op.execute(f"UPDATE agents SET capacity = capacity * {_SLOTS}")
    _conversations()
    _offers()


def _conversations() -> None:
    team = sa.Column("team", sa.String(length=64))
    for column in (_number("slots", "0"), _moment("reply_due"), team, _list("needs")):
        op.add_column("conversations", column)
    op.execute(f"UPDATE conversations SET slots = {_SLOTS} WHERE control = 'human' AND lifecycle = 'active'")
    op.create_index(
        "ix_conversations_reply_due",
        "conversations",
        ["reply_due"],
        sqlite_where=sa.text("reply_due IS NOT NULL"),
        postgresql_where=sa.text("reply_due IS NOT NULL"),
    )


def _offers() -> None:
    deadline = sa.Column("deadline", sa.DateTime(timezone=True), nullable=False, server_default="2000-01-01 00:00:00")
    language, team = sa.Column("language", sa.String(length=16)), sa.Column("team", sa.String(length=64))
    for column in (
        *(deadline, _number("weight", "1"), _list("needs"), language, team, _number("stage", "1"), _list("ringing")),
        *(_list("past"), _moment("lap_at"), _flag("resting"), _flag("told_nobody"), _number("version", "0")),
    ):
        op.add_column("offers", column)
    op.execute(f"UPDATE offers SET deadline = expires_at, weight = {_SLOTS}")
    op.drop_index("ix_offers_made_at", "offers")
    op.create_index("ix_offers_deadline", "offers", ["closed_at", "deadline", "made_at"])


def downgrade() -> None:
    op.drop_index("ix_offers_deadline", "offers")
    op.create_index("ix_offers_made_at", "offers", ["closed_at", "made_at"])
    for column in reversed(_OFFERS):
        op.drop_column("offers", column)
    op.drop_index("ix_conversations_reply_due", "conversations")
    for column in ("needs", "team", "reply_due", "slots"):
        op.drop_column("conversations", column)
    op.execute(f"UPDATE agents SET capacity = (capacity + 1) / {_SLOTS}")
    for column in ("taken_at", "teams", "languages", "skills"):
        op.drop_column("agents", column)
    op.execute("UPDATE agents SET role = 'agent' WHERE role = 'lead'")
    _allow_roles(_ROLES, _ROLES_BEFORE)


def _allow_roles(before: str, after: str) -> None:
    if op.get_bind().dialect.name != "sqlite":
        op.drop_constraint(op.f("ck_agents_role"), "agents", type_="check")
        op.create_check_constraint(op.f("ck_agents_role"), "agents", after)
        return
    # SQLite cannot alter a constraint, and other tables refer to this one, so it cannot be made anew in a transaction
    # either. Its own manual's way for a change that leaves the rows as they are: the text of the schema is edited.
    bind = op.get_bind()
    version = bind.exec_driver_sql("PRAGMA schema_version").scalar_one()
    bind.exec_driver_sql("PRAGMA writable_schema=ON")
    bind.exec_driver_sql(
        "UPDATE sqlite_master SET sql = replace(sql, ?, ?) WHERE type = 'table' AND name = 'agents'", (before, after)
    )
    bind.exec_driver_sql(f"PRAGMA schema_version={version + 1}")
    bind.exec_driver_sql("PRAGMA writable_schema=RESET")
