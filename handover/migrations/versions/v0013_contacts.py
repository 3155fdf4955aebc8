"""Contacts: customers whom an agent knows to be one person, and who said so."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "contact_members",
        sa.Column("customer", sa.String(length=64), nullable=False),
        sa.Column("contact", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["customer"], ["customers.id"], name=op.f("fk_contact_members_customer")),
        sa.PrimaryKeyConstraint("customer", name=op.f("pk_contact_members")),
    )
    op.create_index("ix_contact_members_contact", "contact_members", ["contact"])
    op.create_table(
        "contact_deeds",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("deed", sa.String(length=8), nullable=False),
        sa.Column("agent", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("contact", sa.String(length=64), nullable=False),
        sa.CheckConstraint("deed IN ('joined', 'split')", name=op.f("ck_contact_deeds_deed")),
        sa.ForeignKeyConstraint(["agent"], ["agents.id"], name=op.f("fk_contact_deeds_agent")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_deeds")),
    )
    op.create_table(
        "contact_deed_sides",
        sa.Column("deed", sa.String(length=64), nullable=False),
        sa.Column("customer", sa.String(length=64), nullable=False),
        sa.Column("side", sa.Integer(), nullable=False),
        sa.CheckConstraint("side IN (1, 2)", name=op.f("ck_contact_deed_sides_side")),
        sa.ForeignKeyConstraint(["customer"], ["customers.id"], name=op.f("fk_contact_deed_sides_customer")),
        sa.ForeignKeyConstraint(["deed"], ["contact_deeds.id"], name=op.f("fk_contact_deed_sides_deed")),
        sa.PrimaryKeyConstraint("deed", "customer", name=op.f("pk_contact_deed_sides")),
    )
    op.create_index("ix_contact_deed_sides_customer", "contact_deed_sides", ["customer"])


def downgrade() -> None:
    op.drop_table("contact_deed_sides")
    op.drop_table("contact_deeds")
    op.drop_table("contact_members")
