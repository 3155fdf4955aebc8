"""Statements that every message needs: compiled once, and run past the toolkit where their connection is at hand.

The toolkit's way from a statement to its rows costs 30 to 50 µs; SQLite itself needs 3 to 12 µs for these.
"""

from __future__ import annotations

import sqlite3
from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DBAPIError

_DIALECT = sqlite.dialect(paramstyle="qmark")
_Process = Callable[[Any], Any] | None


@dataclass(frozen=True, slots=True)
class Found:
    """What a statement gave. ``rows`` have the columns as attributes."""

    rows: Sequence[Any]
    rowcount: int

    def __iter__(self) -> Iterator[Any]:
        return iter(self.rows)

    def first(self) -> Any:
        """The first row, or None."""
        return self.rows[0] if self.rows else None


class Hot:
    """A statement whose parameters are all named. It names its columns, and has no lists among its parameters."""

    def __init__(self, statement: sa.Executable) -> None:
        self.statement = statement
        self._compiled: dict[tuple[str, ...], _Compiled] = {}

    def on(self, raw: sqlite3.Connection, values: Mapping[str, Any]) -> Found:
        """Run it there. Raises DBAPIError, as the toolkit would."""
        names = tuple(values)
        compiled = self._compiled.get(names)
        if compiled is None:
            compiled = self._compiled[names] = _Compiled(self.statement, names)
        return compiled.run(raw, values)


class _Compiled:
    """A statement as SQLite takes it, for one set of parameters."""

    def __init__(self, statement: Any, names: Sequence[str]) -> None:
        compiled = statement.compile(dialect=_DIALECT, column_keys=list(names))
        self._sql = str(compiled)
        own = {name: bind.value for name, bind in compiled.binds.items() if name not in names}
        self._binds: list[tuple[str, Any, _Process]] = [
            (name, own.get(name), compiled.binds[name].type.dialect_impl(_DIALECT).bind_processor(_DIALECT))
            for name in compiled.positiontup
        ]
        columns = list(statement.exported_columns) if compiled.returning or statement.is_select else []
        self._row: Any = namedtuple("Row", [column.key for column in columns]) if columns else None
        self._columns: list[tuple[int, Callable[[Any], Any]]] = [
            (at, process)
            for at, column in enumerate(columns)
            if (process := column.type.dialect_impl(_DIALECT).result_processor(_DIALECT, None)) is not None
        ]

    def run(self, raw: sqlite3.Connection, values: Mapping[str, Any]) -> Found:
        parameters = []
        for name, own, process in self._binds:
            value = values.get(name, own)
            parameters.append(value if process is None else process(value))
        try:
            cursor = raw.execute(self._sql, parameters)
            rows = [] if self._row is None else [self._made(row) for row in cursor.fetchall()]
        except sqlite3.Error as error:
            raise DBAPIError.instance(self._sql, None, error, sqlite3.Error, hide_parameters=True) from error
        return Found(rows, cursor.rowcount)

    def _made(self, row: tuple[Any, ...]) -> Any:
        values = list(row)
        for at, process in self._columns:
            values[at] = process(values[at])
        return self._row._make(values)
