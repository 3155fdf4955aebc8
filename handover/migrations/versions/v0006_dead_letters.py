"""Lines that could not be delivered can be looked at and tried again, and one that kills its worker is found out."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("outbox", sa.Column("sending", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("outbox", sa.Column("poison", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("outbox", sa.Column("retried_by", sa.String(length=64)))
    op.add_column("outbox", sa.Column("retried_at", sa.DateTime(timezone=True)))
    op.create_index("ix_outbox_state_id", "outbox", ["state", "id"])


def downgrade() -> None:
    op.drop_index("ix_outbox_state_id", "outbox")
    for column in ("retried_at", "retried_by", "poison", "sending"):
        op.drop_column("outbox", column)
