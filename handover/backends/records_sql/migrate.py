"""Brings the record's tables up to date, from code, with Alembic."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from handover.errors import BadInput, Unavailable

MIGRATIONS = Path(__file__).parents[2] / "migrations"
# The newest migration; a test compares it with the files.
HEAD = "0014"
# The advisory lock that one process holds while it moves the tables; any number will do.
_MOVING = 7_310_000
# A replica that starts while another moves the tables waits for it, and moving many rows takes its time.
_PATIENCE = ("SET LOCAL lock_timeout = '10min'", "SET LOCAL statement_timeout = '30min'")


async def migrate(engine: AsyncEngine, to: str = HEAD) -> None:
    """Move the tables to revision ``to`` ("base" empties them); does nothing when they are there already.

    Of several processes that start at once one moves them, and the others wait. Raises BadInput for a record that a
    newer release has made, Unavailable when the database refuses: its disk is full, say, or its rights do not suffice.
    """
    with refusals_told():
        async with engine.begin() as connection:
            await connection.run_sync(move, to)


@contextmanager
def refusals_told() -> Iterator[None]:
    """What the database itself refuses, in its own first line. Raises Unavailable."""
    try:
        yield
    except DBAPIError as error:
        why = str(error.orig).strip().partition("\n")[0]
        raise Unavailable(f"The database of DATABASE_URL refuses: {why}. See to its disk, rights and file.") from error


def move(connection: sa.Connection, to: str) -> None:
    """The same on one connection, in its transaction."""
    if present(connection) == to:
        return
    if connection.dialect.name == "postgresql":
        for setting in _PATIENCE:
            connection.execute(sa.text(setting))
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MOVING})
    # Only here: a start that finds the tables as they should be does not need Alembic.
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    here = present(connection)
    if here not in {None, *(script.revision for script in ScriptDirectory.from_config(config).walk_revisions())}:
        raise BadInput(f"The record is at revision {here}, which this release does not know; start a newer one.")
    if to == "base" or (here is not None and to < here):
        command.downgrade(config, to)
    elif here != to:
        command.upgrade(config, to)


def present(connection: sa.Connection) -> str | None:
    """The revision the tables are at; None where there are none."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)
