"""Statements that every message needs as PostgreSQL takes them: compiled once, their values and rows made here."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NoReturn

import psycopg
import sqlalchemy as sa
from psycopg.pq.abc import PGresult
from sqlalchemy.dialects.postgresql import base, insert
from sqlalchemy.dialects.postgresql import psycopg as psycopg_dialect
from sqlalchemy.exc import DBAPIError

from handover.backends.records_sql.hot import Found, Hot
from handover.backends.records_sql.postgres_wire import Command, PostgresWire

_untyped: Any = (base.PGDialect, psycopg_dialect.PGDialect_psycopg)  # the toolkit gives them no types
_SPOKEN: sa.Dialect = _untyped[0](paramstyle="numeric_dollar")
_HEARD: sa.Dialect = _untyped[1]()  # what the driver's reader has already made of the values
_DOUBLE = 701  # PostgreSQL's number for its only kind of float that we have
_compiled: dict[tuple[Hot, tuple[str, ...]], PostgresStatement] = {}
_inserts: dict[sa.Table, Hot] = {}


def statement_of(hot: Hot, values: Mapping[str, Any]) -> PostgresStatement:
    """``hot`` for these parameters."""
    key = (hot, tuple(values))
    found = _compiled.get(key)
    if found is None:
        found = _compiled[key] = PostgresStatement(hot.statement, key[1])
    return found


def insert_of(table: sa.Table) -> Hot:
    """Insert one row unless one with one of its unique keys is there: a failed insert would end the transaction."""
    if table not in _inserts:
        _inserts[table] = Hot(insert(table).on_conflict_do_nothing())
    return _inserts[table]


def known() -> list[str]:
    """The statements that were asked for in this process, with $1, $2 ... for their values."""
    return [statement.text for statement in _compiled.values()]


class PostgresStatement:
    """A statement for one set of parameters."""

    def __init__(self, statement: Any, names: Sequence[str]) -> None:
        compiled = statement.compile(dialect=_SPOKEN, column_keys=list(names))
        self.text = str(compiled)
        self._sql = self.text.encode()
        own = {name: bind.value for name, bind in compiled.binds.items() if name not in names}
        self._binds = [
            (name, own.get(name), compiled.binds[name].type.dialect_impl(_SPOKEN).bind_processor(_SPOKEN))
            for name in compiled.positiontup
        ]
        columns = list(statement.exported_columns) if compiled.effective_returning or statement.is_select else []
        self._row: Any = namedtuple("Row", [column.key for column in columns]) if columns else None
        self._columns: list[tuple[int, Callable[[Any], Any]]] = [
            (at, process)
            for at, column in enumerate(columns)
            if (process := column.type.dialect_impl(_HEARD).result_processor(_HEARD, _DOUBLE)) is not None
        ]

    def command(self, values: Mapping[str, Any]) -> Command:
        """It with ``values``. Raises DBAPIError and UnicodeEncodeError for a text that no database takes."""
        spoken = []
        for name, own, process in self._binds:
            value = values.get(name, own)
            spoken.append(_spoken(value if process is None else process(value)))
        return self._sql, spoken

    def found(self, answer: PGresult, wire: PostgresWire) -> Found:
        """What the server answered."""
        if self._row is None:
            return Found((), answer.command_tuples or 0)
        wire.reader.set_pgresult(answer)
        rows = wire.reader.load_rows(0, answer.ntuples, list)
        for row in rows:
            for at, process in self._columns:
                row[at] = process(row[at])
        return Found([self._row._make(row) for row in rows], answer.ntuples)


def _spoken(value: Any) -> bytes | None:
    """A value as PostgreSQL reads it."""
    if value is None:
        return None
    if isinstance(value, str):
        text = value.encode()
        if b"\0" in text:
            refuse(psycopg.DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes"))
        return text
    if isinstance(value, bool):
        return b"t" if value else b"f"
    if isinstance(value, int):
        return b"%d" % value
    if isinstance(value, float):
        return repr(value).encode()
    if isinstance(value, datetime):
        return value.isoformat().encode()
    raise TypeError(f"No statement of a message has values of this kind: {type(value).__name__}.")


def refuse(error: psycopg.Error, *, lost: bool = False) -> NoReturn:
    """Raise ``error`` as the toolkit would, without the values; ``lost``: the connection is."""
    raise DBAPIError.instance(
        "a statement of a message", None, error, psycopg.Error, hide_parameters=True, connection_invalidated=lost
    ) from error
