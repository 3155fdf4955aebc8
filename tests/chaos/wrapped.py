"""Something around a group of queries that changes one of them and leaves the others as they are."""

from __future__ import annotations

from typing import Any

from handover.backends.records_sql.transaction import SqlTransaction


class Wrapped:
    """Everything of ``inner`` that a subclass does not define."""

    def __init__(self, inner: Any, tx: SqlTransaction) -> None:
        self._inner = inner
        self._tx = tx

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)
