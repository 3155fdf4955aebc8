"""The record on PostgreSQL: connections that never wait for ever, and how a transaction begins.

Writers work at READ COMMITTED and lock what they change: the conversation first, then agents, the feed number last.
Readers see one moment (REPEATABLE READ READ ONLY) and lock nothing.
"""

from __future__ import annotations

import os
import select
import socket
from contextlib import suppress
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from handover.errors import BadInput

# Of one process; with the connection of `lives` PostgreSQL's default of 100 serves four processes.
POOL = 20
POOL_SECONDS = 5
CONNECT_SECONDS = 5
# A call that is not answered by then is cut off: the server's own limits below end every call before.
ANSWER_SECONDS = 12

_SERVER_KEEPS = {
    "timezone": "UTC",
    "statement_timeout": "10s",
    # Longer than a process that was stopped in the middle of a transaction keeps its locks.
    "lock_timeout": "8s",
    "idle_in_transaction_session_timeout": "4s",
    "idle_session_timeout": "0",
    # A process whose machine is gone keeps neither locks nor the sign that it lives.
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "3",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "15s",
}
_WE_KEEP = {
    "connect_timeout": CONNECT_SECONDS,
    "keepalives_idle": 5,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
    "application_name": "switchboard",
}


def make_engine(url: sa.URL) -> AsyncEngine:
    """An engine for the database that ``url`` names. Raises BadInput when it names none."""
    if not url.database:
        raise BadInput("DATABASE_URL names no database; it should end in /switchboard, say.")
    engine = create_async_engine(
        url.set(drivername="postgresql+psycopg"),
        connect_args=connect_args(url),
        isolation_level="READ COMMITTED",
        hide_parameters=True,  # an error's text goes to the log: customers' words do not belong there
        # The record keeps its connections itself (`postgres_seats`); what goes by the engine alone needs some more.
        pool_size=POOL,
        max_overflow=2,
        pool_timeout=POOL_SECONDS,
        execution_options={"writes": True},
    )
    sa.event.listen(engine.sync_engine, "checkout", _still_there)
    return engine


def connect_args(url: sa.URL) -> dict[str, Any]:
    """What every connection to ``url`` is opened with. What the address itself says goes first."""
    kept = " ".join(f"-c {name}={value}" for name, value in _SERVER_KEEPS.items())
    own = url.query.get("options", "")
    options = f"{kept} {own if isinstance(own, str) else ' '.join(own)}".strip()
    return {name: value for name, value in _WE_KEEP.items() if name not in url.query} | {"options": options}


async def begin_reading(connection: AsyncConnection) -> None:
    """Begin a transaction that sees one moment."""
    await connection.start()
    reads: dict[str, Any] = {"writes": False, "isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    await connection.execution_options(**reads)
    await connection.begin()


def hang_up(wire: psycopg.AsyncConnection[Any]) -> None:
    """End ``wire`` from this side: whoever waits for an answer on it learns at once that none will come."""
    with suppress(psycopg.Error, OSError), socket.socket(fileno=os.dup(wire.fileno())) as ours:
        ours.shutdown(socket.SHUT_RDWR)


def _still_there(connection: DBAPIConnection, entry: ConnectionPoolEntry, proxy: PoolProxiedConnection) -> None:
    """A server that went away has said so, or closed the connection: there is something to read on an idle one.

    Costs no round trip, and does not wait for a server that hangs.
    """
    wire = connection.driver_connection
    poll = select.poll()
    if not wire.closed:
        poll.register(wire.fileno(), select.POLLIN)
    if wire.closed or poll.poll(0):
        raise DisconnectionError("The server has ended this connection.")
