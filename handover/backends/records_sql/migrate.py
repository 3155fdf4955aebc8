"""Brings the record's tables up to date, from code, with Alembic."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy.ext.asyncio import AsyncEngine

MIGRATIONS = Path(__file__).parents[2] / "migrations"
# The newest migration; a test compares it with the files.
HEAD = "0007"


async def migrate(engine: AsyncEngine, to: str = HEAD) -> None:
    """Move the tables to revision ``to`` ("base" empties them); does nothing when they are there already."""
    async with engine.begin() as connection:
        await connection.run_sync(_move, to)


def _move(connection: sa.Connection, to: str) -> None:
    if _present(connection) == to:
        return
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    if to == "base":
        command.downgrade(config, to)
    else:
        command.upgrade(config, to)


def _present(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)
