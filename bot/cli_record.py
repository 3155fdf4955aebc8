"""Commands for the record itself: copy, restore, prove a copy, bring its tables up to date, remove what is old."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

import typer

from bot.cli_running import from_here, run, show, table
from bot.refusals import naming
from bot.settings import read_settings
from handover.backends.live_in_process import in_process
from handover.backends.records_sql.copies import Manifest, backup, check, restore
from handover.backends.records_sql.engine import Engine, SqlRecords, make_engine, reached
from handover.backends.records_sql.migrate import HEAD, migrate
from handover.backends.records_sql.retention import SqlPruning
from handover.backends.records_sql.state import state_of
from handover.clock import SystemClock
from handover.errors import BadInput
from handover.retention import Retention, rules_of

record = typer.Typer(
    help="The record: copy, restore, prove a copy, bring up to date, remove what is old.", no_args_is_help=True
)

_REACHED_SECONDS = 5.0  # somebody waits at the terminal; the service itself waits longer

CopyFile = Annotated[Path, typer.Argument(help="The copy, a .zip file.", callback=from_here)]


@record.command("backup")
def make_copy(file: CopyFile) -> None:
    """Copy the whole record while the service runs, and prove the copy by restoring it into a scratch record."""

    async def work(engine: Engine) -> None:
        await _must_be_there(engine)
        await backup(engine, file, SystemClock().now())
        print(f"{_words(await check(file))}; restored and compared: the copy is good.")

    run(_engine, work)


@record.command("restore")
def restore_copy(file: CopyFile) -> None:
    """Make the record from a copy. DATABASE_URL must name a database that holds nothing yet, of either kind."""

    async def work(engine: Engine) -> None:
        if not await asyncio.to_thread(file.is_file):
            raise BadInput(f"There is no file {file}.")
        print(f"{_words(await restore(engine, file))}; restored.")

    run(_engine, work)


@record.command()
def drill() -> None:
    """The restore drill: copy, restore into a scratch record, compare every row, say how long it took, keep nothing."""

    async def work(engine: Engine) -> None:
        await _must_be_there(engine)
        with tempfile.TemporaryDirectory(prefix="switchboard-drill-") as folder:
            file, began = Path(folder) / "copy.zip", time.monotonic()
            await backup(engine, file, SystemClock().now())
            copied = time.monotonic()
            manifest = await check(file)
            print(
                f"{_words(manifest)}. Copied in {copied - began:.1f} s, restored and compared in "
                f"{time.monotonic() - copied:.1f} s, {(await asyncio.to_thread(file.stat)).st_size / 2**20:.1f} MiB."
            )

    run(_engine, work)


@record.command("migrate")
def bring_up_to_date() -> None:
    """Bring the tables to this release. The service does the same when it starts; this does it beforehand."""

    async def work(engine: Engine) -> None:
        await migrate(engine)
        print(f"The record is at revision {HEAD}.")

    run(_engine, work)


@record.command()
def prune(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
) -> None:
    """Remove what has had its time (RETENTION_DAYS and its like), as the service does every hour."""

    async def work(engine: Engine) -> None:
        if (await state_of(engine)).revision != HEAD:
            raise BadInput("The record is not at this release's revision: `record migrate` first.")
        settings = read_settings()
        rules = rules_of(settings.retention())
        retention = Retention(SqlPruning(SqlRecords(engine, in_process().live)), rules, SystemClock())
        gone = await (retention.due() if dry_run else retention.once())
        told = table("Retention", "rule", "what", "kept", "would go" if dry_run else "removed")
        for rule in rules:
            kept = "for ever" if rule.days is None else f"{rule.days:g} days"
            told.add_row(rule.name, rule.what, kept, str(gone[rule.name]))
        show(told)

    run(_engine, work)


async def _must_be_there(engine: Engine) -> None:
    """Of whatever release: a copy says which. Raises BadInput."""
    if (await state_of(engine)).revision is None:
        raise BadInput("There is no record at DATABASE_URL: there is nothing to copy. Name the right one.")


def _words(manifest: Manifest) -> str:
    return f"{manifest.rows} rows of {len(manifest.tables)} tables at revision {manifest.revision}"


@asynccontextmanager
async def _engine() -> AsyncIterator[Engine]:
    with naming("DATABASE_URL"):
        engine = make_engine(read_settings().database_url)
    try:
        if engine.dialect.name != "sqlite":  # a file is made by who writes it
            await reached(engine, within=_REACHED_SECONDS)
        yield engine
    finally:
        await engine.dispose()
