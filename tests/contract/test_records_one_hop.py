"""A reading transaction crosses to its connection's thread for its statements and its end, and not to begin."""

from __future__ import annotations

from pathlib import Path

from handover.backends.records_sql.one_hop import OneHopConnection, connect


async def _counted(connection: OneHopConnection) -> list[str]:
    """What the driver does from now on, by the statement."""
    done: list[str] = []
    await connection.set_trace_callback(done.append)
    return done


async def test_a_transaction_begins_with_its_first_statement(tmp_path: Path) -> None:
    reader, writer = await connect(str(tmp_path / "a.db"), 1), await connect(str(tmp_path / "a.db"), 1)
    for connection in (reader, writer):
        connection.isolation_level = None
    await writer.cursor().execute("PRAGMA journal_mode=WAL")
    await writer.cursor().execute("CREATE TABLE things (id INTEGER)")
    done = await _counted(reader)
    await reader.cursor().execute("BEGIN")
    assert done == [], "it holds nothing yet, and nobody was asked"
    first = await reader.cursor().execute("SELECT count(*) FROM things")
    await writer.cursor().execute("INSERT INTO things VALUES (1)")
    again = await reader.cursor().execute("SELECT count(*) FROM things")
    assert await first.fetchall() == await again.fetchall() == [(0,)], "one moment"
    await reader.rollback()
    assert done == ["BEGIN", *["SELECT count(*) FROM things"] * 2, "ROLLBACK"]
    for connection in (reader, writer):
        await connection.close()


async def test_one_that_asked_nothing_has_nothing_to_end(tmp_path: Path) -> None:
    connection = await connect(str(tmp_path / "a.db"), 1)
    connection.isolation_level = None
    done = await _counted(connection)
    for end in (connection.rollback, connection.commit):
        await connection.cursor().execute("BEGIN")
        await end()
        await connection.cursor().execute("SELECT 1")
        assert not connection.in_transaction
    assert done == ["SELECT 1", "SELECT 1"]
    await connection.close()
