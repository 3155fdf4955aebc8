"""What queries need of a connection, whichever kind of database is behind it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import sqlalchemy as sa

from handover.backends.records_sql.hot import Found, Hot


class Querying(Protocol):
    """A connection inside a transaction.

    ``writers_meet``: whether other writers are at work beside this one; then what was read holds only if it was locked.
    """

    writers_meet: bool

    async def execute(self, statement: sa.Executable, values: Any = None) -> sa.CursorResult[*tuple[Any, ...]]:
        """Run ``statement`` with the values of its parameters."""
        ...

    async def run(self, hot: Hot, values: dict[str, Any]) -> Found:
        """Run a statement that every message needs."""
        ...

    async def run_both(self, first: Hot, second: Hot, values: dict[str, Any]) -> tuple[Found, Found]:
        """Run two of them, one after the other; each sees what is there when its turn comes."""
        ...

    async def at_the_end(
        self, hot: Hot, values: dict[str, Any], heard: Callable[[Found], None], *, there: Exception | None = None
    ) -> None:
        """Run a statement before whatever is asked next, or else with the commit; ``heard`` is told what it gave.

        ``there`` is for an insert: it is raised, perhaps only by what is asked next or by the end of the transaction,
        when a row with one of its unique keys is there already. Any other statement changes the feed: from then on
        nobody overtakes this transaction until it has been told of.
        """
        ...

    async def put_off(self, hot: Hot, values: dict[str, Any]) -> None:
        """Run a statement whose answer nobody needs, before whatever is asked next or with the commit."""
        ...

    async def insert_new(self, table: sa.Table, values: dict[str, Any]) -> bool:
        """Insert one row; False when a row with one of its unique keys is there already, and nothing else has failed.

        An insert that fails would end the whole transaction on PostgreSQL.
        """
        ...

    async def insert_all_new(self, table: sa.Table, rows: list[dict[str, Any]]) -> int:
        """Insert those of ``rows`` whose unique keys are not there yet; returns how many. They are tried in order."""
        ...

    async def take_turn(self) -> None:
        """From here until this transaction has been told of, no other of this process is told of."""
        ...

    async def one_at_a_time(self, what: int) -> None:
        """Wait for the other transactions that named the same ``what``; until the end of this one they wait for us."""
        ...
