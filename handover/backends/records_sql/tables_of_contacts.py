"""The tables of contacts: which customers are one person, and who joined or split them when."""

from __future__ import annotations

import sqlalchemy as sa

from handover.backends.records_sql.tables import Id, Moment, metadata

contact_members = sa.Table(
    "contact_members",
    metadata,
    sa.Column("customer", Id, sa.ForeignKey("customers.id"), primary_key=True),
    sa.Column("contact", Id, nullable=False, index=True),
)

contact_deeds = sa.Table(
    "contact_deeds",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("deed", sa.String(8), nullable=False),
    sa.Column("agent", Id, sa.ForeignKey("agents.id"), nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("contact", Id, nullable=False),
    sa.CheckConstraint("deed IN ('joined', 'split')", name="deed"),
)

# Who a deed was about, as they stood before it: side 1 was joined to side 2, or split off from it.
contact_deed_sides = sa.Table(
    "contact_deed_sides",
    metadata,
    sa.Column("deed", Id, sa.ForeignKey("contact_deeds.id"), primary_key=True),
    sa.Column("customer", Id, sa.ForeignKey("customers.id"), primary_key=True),
    sa.Column("side", sa.Integer, nullable=False),
    sa.CheckConstraint("side IN (1, 2)", name="side"),
    sa.Index("ix_contact_deed_sides_customer", "customer"),
)
