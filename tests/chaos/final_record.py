"""The record as it stands when a run is over, read from the database past the product's own code for reading."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from handover.backends.records_sql import tables as t
from handover.backends.records_sql import tables_of_work as w

Row = dict[str, Any]

_TABLES = {
    "conversations": t.conversations,
    "entries": t.entries,
    "stretches": t.stretches,
    "agents": t.agents,
    "turns": w.turns,
    "decisions": w.decisions,
    "offers": w.offers,
    "outbox": w.outbox,
}
# SQLite's driver begins no transaction to read in: ours is said by hand, and the driver kept out of it.
_ONE_MOMENT = {"sqlite": "AUTOCOMMIT", "postgresql": "REPEATABLE READ"}


@dataclass
class Record:
    """Rows by table; moments are seconds since 1970. ``read_at`` is when they were read."""

    conversations: list[Row] = field(default_factory=list)
    entries: list[Row] = field(default_factory=list)
    stretches: list[Row] = field(default_factory=list)
    agents: list[Row] = field(default_factory=list)
    turns: list[Row] = field(default_factory=list)
    decisions: list[Row] = field(default_factory=list)
    offers: list[Row] = field(default_factory=list)
    outbox: list[Row] = field(default_factory=list)
    read_at: float = 0.0

    def by_conversation(self, table: str) -> dict[str, list[Row]]:
        """Rows of ``table`` of each conversation: entries by offset, stretches by epoch, others by time."""
        found: dict[str, list[Row]] = defaultdict(list)
        for row in getattr(self, table):
            found[row["conversation"]].append(row)
        order = {"entries": "offset", "stretches": "epoch", "turns": "started_at", "decisions": "at"}
        for rows in found.values():
            rows.sort(key=lambda row: row[order.get(table, "made_at")])
        return found


def read_record(database_url: str) -> Record:
    """Everything of the database at ``database_url`` that the checker looks at."""
    sync = database_url.replace("sqlite+aiosqlite", "sqlite")
    engine = sa.create_engine(sync)
    try:
        # One moment for all tables, also while something still writes.
        with engine.connect().execution_options(isolation_level=_ONE_MOMENT[engine.dialect.name]) as connection:
            connection.exec_driver_sql("BEGIN" if engine.dialect.name == "sqlite" else "SELECT 1")
            rows = {
                name: [_plain(row._mapping.items()) for row in connection.execute(sa.select(table))]
                for name, table in _TABLES.items()
            }
    finally:
        engine.dispose()
    return Record(**rows, read_at=time.time())


def keep_record(record: Record, file: Path) -> None:
    """All of it as JSON, so that a run can be looked at when its database is gone."""
    file.write_text(json.dumps(vars(record), default=str, indent=1) + "\n", encoding="utf-8")


def _plain(columns: Iterable[tuple[Any, Any]]) -> Row:
    return {str(name): _moment(value) if isinstance(value, datetime) else value for name, value in columns}


def _moment(value: datetime) -> float:
    return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
