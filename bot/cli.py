"""The command line for those who run Switchboard: `switchboard --help`. It works beside a running service."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from bot.cli_desk import agents, queue, replay
from bot.cli_doctor import doctor
from bot.cli_inboxes import inboxes
from bot.cli_record import record
from bot.cli_running import opened_record, run, show, table
from bot.settings import read_settings
from handover.clock import SystemClock
from handover.dead_letters import DeadLetters
from handover.errors import BadInput
from handover.stored import DeadLetter

BY = "command line"

app = typer.Typer(
    help="Operate Switchboard, beside a running service.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # a mistake of ours is Python's plain traceback, without anybody's values
)
outbox = typer.Typer(
    help="Lines on their way to channels, and those that could not be delivered.", no_args_is_help=True
)
app.add_typer(outbox, name="outbox")
app.add_typer(record, name="record")
app.add_typer(inboxes, name="inboxes")
app.add_typer(agents, name="agents")
app.command()(doctor)
app.command()(queue)
app.command()(replay)


@outbox.command("list")
def list_outbox(limit: Annotated[int, typer.Option(min=1, max=1_000, help="How many at most.")] = 50) -> None:
    """Show what waits and what could not be delivered, the newest first."""

    async def work(letters: DeadLetters) -> None:
        backlog = await letters.backlog()
        oldest = f", the oldest since {backlog.oldest:%Y-%m-%d %H:%M:%S} UTC" if backlog.oldest else ""
        show(f"{backlog.queued} waiting{oldest}; {backlog.dead} could not be delivered.")
        rows = await letters.list(limit=limit)
        if rows:
            show(_table(rows))

    run(_letters, work)


@outbox.command()
def retry(
    lines: Annotated[list[int] | None, typer.Argument(help="Ids as `outbox list` shows them.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every line that could not be delivered.")] = False,
) -> None:
    """Try lines again that could not be delivered."""

    async def work(letters: DeadLetters) -> None:
        chosen = await _chosen(letters, lines or [], every)
        for line in chosen:
            await letters.retry(line, BY)
        print(f"{len(chosen)} will be tried again.")

    run(_letters, work)


@outbox.command()
def arrived(lines: Annotated[list[int], typer.Argument(help="Ids as `outbox list` shows them.")]) -> None:
    """Lines that may have arrived did."""

    async def work(letters: DeadLetters) -> None:
        for line in lines:
            await letters.arrived(line, BY)
        print(f"{len(lines)} settled as delivered.")

    run(_letters, work)


@outbox.command()
def drop(lines: Annotated[list[int], typer.Argument(help="Ids as `outbox list` shows them.")]) -> None:
    """Give lines up for good."""

    async def work(letters: DeadLetters) -> None:
        for line in lines:
            await letters.drop(line, BY)
        print(f"{len(lines)} given up.")

    run(_letters, work)


async def _chosen(letters: DeadLetters, lines: list[int], every: bool) -> list[int]:
    if every == bool(lines):
        raise BadInput("Name the lines to try again, or say --all.")
    if not every:
        return lines
    found: list[int] = []
    while page := await letters.list(before=found[-1] if found else None, limit=200):
        found += [letter.delivery.id for letter in page]
    return found


def _table(rows: list[DeadLetter]) -> Table:
    # Text, not str: what a customer or a provider wrote must not be read as markup of the terminal.
    headers = ("id", "conversation", "inbox", "line", "tries", "why", "words")
    told = table("Could not be delivered", *headers, whole="conversation")
    for letter in rows:
        line = letter.delivery
        words = "".join(c if c.isprintable() else " " for c in letter.text[:60])
        note = (letter.note or "") + (" (later lines were delivered)" if letter.overtaken else "")
        cells = (str(line.id), line.conversation, line.inbox, str(line.offset), str(line.tries), note, words)
        told.add_row(*(Text(cell) for cell in cells))
    return told


@asynccontextmanager
async def _letters() -> AsyncIterator[DeadLetters]:
    async with opened_record(read_settings()) as backends:
        yield DeadLetters(backends.records, SystemClock())


if __name__ == "__main__":
    app(prog_name="switchboard")
