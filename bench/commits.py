"""What the databases alone commit: a row of a message and a row of an outbox in each transaction, waiting for the disk.

The floor under a durable relay, without Python between client and server where that can be: SQLite through Python's
own module, PostgreSQL under pgbench.
"""

from __future__ import annotations

import asyncio
import re
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from tools.local_servers import NAME, PostgresServer, program

_TABLES = (
    "CREATE TABLE bare_message (id {key}, conversation TEXT, place INTEGER, words TEXT)",
    "CREATE TABLE bare_outbox (id {key}, message INTEGER, state TEXT)",
)
_WORDS = "x" * 100


async def sqlite_commits(folder: Path, seconds: float) -> float:
    """Commits a second of one connection: WAL, synchronous=FULL, as our record is kept."""
    return await asyncio.to_thread(_sqlite, folder / "commits.db", seconds)


def _sqlite(file: Path, seconds: float) -> float:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        for table in _TABLES:
            connection.execute(table.format(key="INTEGER PRIMARY KEY"))
        began, count = time.monotonic(), 0
        while time.monotonic() - began < seconds:
            connection.execute("BEGIN IMMEDIATE")
            one = connection.execute(
                "INSERT INTO bare_message (conversation, place, words) VALUES (?, ?, ?)", ("c" * 32, count, _WORDS)
            )
            connection.execute("INSERT INTO bare_outbox (message, state) VALUES (?, 'queued')", (one.lastrowid,))
            connection.execute("COMMIT")
            count += 1
        return count / (time.monotonic() - began)


async def postgres_commits(server: PostgresServer, folder: Path, clients: int, seconds: float) -> float:
    """Commits a second of so many clients of pgbench. Raises Trouble without pgbench, RuntimeError when it fails."""
    address = ("-h", "127.0.0.1", "-p", str(server.port), "-U", NAME)
    for table in _TABLES:
        made = table.format(key="BIGSERIAL PRIMARY KEY").replace("CREATE TABLE", "CREATE TABLE IF NOT EXISTS")
        await _said(program("psql"), *address, "-d", NAME, "-qc", made)
    script = folder / "commit.sql"
    script.write_text(
        "BEGIN;\n"
        "INSERT INTO bare_message (conversation, place, words) "
        f"VALUES ('{'c' * 32}', 1, '{_WORDS}') RETURNING id \\gset\n"
        "INSERT INTO bare_outbox (message, state) VALUES (:id, 'queued');\n"
        "COMMIT;\n"
    )
    told = await _said(
        program("pgbench"), *address, "-n", "-f", str(script), "-c", str(clients), "-j", "1",
        "-T", str(max(1, round(seconds))), NAME,
    )  # fmt: skip
    return rate_in(told)


def rate_in(told: str) -> float:
    """The transactions a second in what pgbench said. Raises RuntimeError when there are none."""
    found = re.search(r"tps = ([0-9.]+)", told)
    if found is None:
        raise RuntimeError(f"pgbench named no rate: {told[:500]}")
    return float(found[1])


async def _said(*command: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    told, _ = await asyncio.wait_for(process.communicate(), 120)
    if process.returncode != 0:
        raise RuntimeError(f"{Path(command[0]).name} failed: {told.decode(errors='replace')[-500:]}")
    return told.decode(errors="replace")
