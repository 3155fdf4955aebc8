"""A copy of the whole record in one file, taken while the service runs, and a record made from it again.

The file is a zip of JSON lines, one member for each table, and a manifest. It knows no database: what was copied from
SQLite can become a PostgreSQL, and the other way round. Tables are read as the database describes them, so a file of
an earlier release is restored at its own revision and then moved to this one's.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import tempfile
import zipfile
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from handover.backends.records_sql.engine import begin_reading, make_engine
from handover.backends.records_sql.migrate import HEAD, move, present
from handover.errors import BadInput

FORMAT = 1
_MANIFEST = "manifest.json"
_VERSION_TABLE = "alembic_version"
_ROWS = 500  # read and written at once
# A copy reads for as long as it takes, and no lock is held meanwhile.
_PATIENCE = ("SET LOCAL statement_timeout = 0", "SET LOCAL idle_in_transaction_session_timeout = '10min'")


@dataclass(frozen=True, slots=True)
class TableSum:
    """How many rows a table has, and a sum over their contents that does not depend on their order."""

    rows: int
    digest: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a copy holds. ``revision`` is that of the migrations; ``made_at`` is ISO 8601 in UTC."""

    revision: str
    made_at: str
    tables: dict[str, TableSum]

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables.values())


async def backup(engine: AsyncEngine, file: Path, at: datetime) -> Manifest:
    """Write a copy of the record as it is at one moment. ``file`` appears only when it is whole.

    Raises BadInput when there is no record, or ``file`` exists already.
    """
    if await asyncio.to_thread(file.exists):
        raise BadInput(f"{file} is there already; nothing was written.")
    unfinished = file.with_name(file.name + ".unfinished")
    try:
        with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as archive:
            manifest = await _read_all(engine, at, lambda name: archive.open(f"{name}.jsonl", "w", force_zip64=True))
            archive.writestr(_MANIFEST, json.dumps({"format": FORMAT} | asdict(manifest), indent=1))
        await asyncio.to_thread(unfinished.rename, file)
    finally:
        await asyncio.to_thread(unfinished.unlink, missing_ok=True)
    return manifest


async def restore(engine: AsyncEngine, file: Path) -> Manifest:
    """Make the record from ``file`` in a database that has no tables yet, and move it to this release's revision.

    All of it or nothing. Raises BadInput for a file that is no whole copy, or a database that holds something.
    """
    with _opened(file) as archive:
        manifest = _manifest(archive)
        async with engine.begin() as connection:
            if await connection.run_sync(lambda on: sa.inspect(on).get_table_names()):
                raise BadInput("The database of DATABASE_URL holds tables already; restore into an empty one.")
            await connection.run_sync(move, manifest.revision)
            tables = await _tables(connection)
            if {table.name for table in tables} != set(manifest.tables):
                raise BadInput("The copy's tables are not those of its revision; nothing was restored.")
            for table in reversed(tables):
                await connection.execute(table.delete())  # what the migrations put in is in the copy too
            for table in tables:
                if await _fill(connection, archive, table) != manifest.tables[table.name]:
                    raise BadInput(f"The copy is damaged in {table.name}; nothing was restored.")
            await connection.run_sync(move, HEAD)
    return manifest


async def check(file: Path) -> Manifest:
    """Prove a copy by restoring it into a scratch record, where every row must be found again. Raises BadInput."""
    with tempfile.TemporaryDirectory(prefix="switchboard-drill-") as folder:
        engine = make_engine(f"sqlite+aiosqlite:///{Path(folder) / 'record.db'}")
        try:
            manifest = await restore(engine, file)
            if manifest.revision == HEAD:
                found = await _read_all(engine, datetime.now(UTC), None)
                if found.tables != manifest.tables:
                    raise BadInput("What was restored is not what was copied.")
        finally:
            await engine.dispose()
    return manifest


async def _read_all(engine: AsyncEngine, at: datetime, open_member: Callable[[str], IO[bytes]] | None) -> Manifest:
    """Every table at one moment; written to its member, if there are any."""
    connection = engine.connect()
    try:
        await begin_reading(connection)
        if engine.dialect.name == "postgresql":
            for setting in _PATIENCE:
                await connection.execute(sa.text(setting))
        revision = await connection.run_sync(present)
        if revision is None:
            raise BadInput("There is no record at DATABASE_URL.")
        sums = {}
        for table in await _tables(connection):
            sums[table.name] = await _read(connection, table, open_member)
        return Manifest(revision, at.astimezone(UTC).isoformat(), sums)
    finally:
        await connection.close()


async def _tables(connection: AsyncConnection) -> list[sa.Table]:
    """The record's tables as they are here, those that others point at first."""
    found = sa.MetaData()
    await connection.run_sync(found.reflect)
    return [table for table in found.sorted_tables if table.name != _VERSION_TABLE]


async def _read(
    connection: AsyncConnection, table: sa.Table, open_member: Callable[[str], IO[bytes]] | None
) -> TableSum:
    summed = _Sum()
    member = open_member(table.name) if open_member else None
    try:
        async for line in _lines(connection, table):
            summed.add(line)
            if member is not None:
                member.write(line + b"\n")
    finally:
        if member is not None:
            member.close()
    return summed.table()


async def _lines(connection: AsyncConnection, table: sa.Table) -> AsyncIterator[bytes]:
    """Every row as a line, by pages in the order of the primary key: no table is held in memory."""
    key = list(table.primary_key)
    query = sa.select(table).order_by(*key).limit(_ROWS)
    page = (await connection.execute(query)).all()
    while page:
        for row in page:
            yield json.dumps([_plain(value) for value in row], sort_keys=True, separators=(",", ":")).encode()
        last = [page[-1]._mapping[column.name] for column in key]
        page = (await connection.execute(query.where(sa.tuple_(*key) > sa.tuple_(*last)))).all()


async def _fill(connection: AsyncConnection, archive: zipfile.ZipFile, table: sa.Table) -> TableSum:
    summed = _Sum()
    readers = [_reader(column, connection.dialect.name) for column in table.columns]
    names = [column.name for column in table.columns]
    rows: list[dict[str, Any]] = []
    try:
        for line in _member(archive, table.name):
            summed.add(line)
            values = json.loads(line)
            rows.append({n: read(v) for n, read, v in zip(names, readers, values, strict=True)})
            if len(rows) == _ROWS:
                await connection.execute(table.insert(), rows)
                rows = []
    except (ValueError, zipfile.BadZipFile, TypeError) as error:
        raise BadInput(f"The copy is damaged in {table.name}; nothing was restored.") from error
    if rows:
        await connection.execute(table.insert(), rows)
    await _count_on(connection, table)
    return summed.table()


async def _count_on(connection: AsyncConnection, table: sa.Table) -> None:
    """Ids that PostgreSQL gives go on after the largest one restored."""
    if connection.dialect.name != "postgresql":
        return
    for column in table.primary_key:
        own = await connection.execute(
            sa.text("SELECT pg_get_serial_sequence(:table, :column)"), {"table": table.name, "column": column.name}
        )
        sequence = own.scalar_one_or_none()
        largest = (await connection.execute(sa.select(sa.func.max(column)))).scalar() if sequence else None
        if largest is not None:
            await connection.execute(
                sa.text("SELECT setval(:sequence, :value)"), {"sequence": sequence, "value": largest}
            )


def _plain(value: Any) -> Any:
    """A column's value as JSON; moments in UTC, so that both databases give the same."""
    if isinstance(value, datetime):
        aware = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        return aware.isoformat(timespec="microseconds")
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(bytes(value)).decode()
    return value


def _reader(column: sa.Column[Any], dialect: str) -> Callable[[Any], Any]:
    """Turns a value of `_plain` back into what ``column`` takes."""
    if isinstance(column.type, sa.DateTime):
        naive = dialect == "sqlite"
        return lambda v: None if v is None else _moment(v, naive)
    if isinstance(column.type, sa.LargeBinary):
        return lambda v: None if v is None else base64.b64decode(v, validate=True)
    if isinstance(column.type, sa.JSON):
        return lambda v: sa.null() if v is None else v
    return lambda v: v


def _moment(text: str, naive: bool) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=None) if naive else moment


class _Sum:
    """Adds rows up; which comes first makes no difference, as the two databases sort differently."""

    def __init__(self) -> None:
        self._rows = 0
        self._total = 0

    def add(self, line: bytes) -> None:
        self._rows += 1
        self._total = (self._total + int.from_bytes(hashlib.sha256(line).digest())) % 2**256

    def table(self) -> TableSum:
        return TableSum(self._rows, f"{self._total:064x}")


def _opened(file: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file)
    except (OSError, zipfile.BadZipFile) as error:
        raise BadInput(f"{file} is not a copy of a record.") from error


def _manifest(archive: zipfile.ZipFile) -> Manifest:
    try:
        said = json.loads(archive.read(_MANIFEST))
        if said["format"] != FORMAT:
            raise BadInput(f"The copy has format {said['format']}; this release knows {FORMAT}.")
        tables = {str(name): TableSum(int(t["rows"]), str(t["digest"])) for name, t in said["tables"].items()}
        return Manifest(str(said["revision"]), str(said["made_at"]), tables)
    except (KeyError, ValueError, TypeError, AttributeError, zipfile.BadZipFile) as error:
        raise BadInput("The file is not a whole copy of a record.") from error


def _member(archive: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    try:
        with archive.open(f"{name}.jsonl") as lines:
            for line in lines:
                yield line.rstrip(b"\n")
    except KeyError as error:
        raise BadInput(f"The copy lacks {name}; nothing was restored.") from error
