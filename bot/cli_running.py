"""Runs the work of one command: opens what it needs, and tells a refusal in a sentence, with exit code 1.

A command works on a record that is there and of this release. It makes none and moves none on, except where it says so.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import TypeVar

import structlog
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.refusals import naming
from bot.settings import Settings
from handover.backends import Backends, open_backends
from handover.backends.records_sql.engine import make_engine
from handover.backends.records_sql.migrate import HEAD
from handover.backends.records_sql.state import state_of
from handover.errors import BadInput, SwitchboardError

_T = TypeVar("_T")
_WIDE = 200
_ID = 32  # characters of a conversation's id


def run(opened: Callable[[], AbstractAsyncContextManager[_T]], work: Callable[[_T], Awaitable[None]]) -> None:
    """Do ``work`` with what ``opened`` gives. Raises typer.Exit after a SwitchboardError, which is told on stderr."""

    async def whole() -> None:
        async with opened() as given:
            await work(given)

    try:
        with _warnings_alone():
            asyncio.run(whole())
    except SwitchboardError as error:
        print(error.message, file=sys.stderr)
        raise typer.Exit(1) from error
    except OSError as error:  # a place that cannot be written, a full disk
        place = f" {error.filename}" if error.filename else ""
        print(f"The system refuses{place}: {error.strerror or type(error).__name__}.", file=sys.stderr)
        raise typer.Exit(1) from error


@contextmanager
def _warnings_alone() -> Iterator[None]:
    """What a command says is its output; of the log only warnings matter meanwhile, beside it."""
    before = structlog.get_config()
    quiet = structlog.make_filtering_bound_logger(logging.WARNING)
    structlog.configure(wrapper_class=quiet, logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    try:
        yield
    finally:
        structlog.configure(**before)


def show(what: Table | Text | str) -> None:
    """On stdout; where nobody looks at it, lines are as long as they are, so that ids stay whole."""
    Console(width=None if sys.stdout.isatty() else _WIDE).print(what)


def table(title: str, *headers: str, whole: str = "") -> Table:
    """A table whose column ``whole`` holds ids that are to be copied: it is never cut."""
    made = Table(title=title)
    for header in headers:
        if header == whole:
            made.add_column(header, overflow="fold", min_width=_ID)
        else:
            made.add_column(header, overflow="fold")
    return made


@asynccontextmanager
async def opened_record(settings: Settings) -> AsyncIterator[Backends]:
    """The record and what is beside it. Raises BadInput when there is none or it is another release's, Unavailable."""
    async with AsyncExitStack() as stack:
        with naming("DATABASE_URL"):
            await must_be_ours(settings.database_url)
            backends = await stack.enter_async_context(open_backends(settings.database_url, settings.redis_url))
        yield backends


async def must_be_ours(database_url: str) -> None:
    """Raises BadInput unless the tables of this release are there; looking makes nothing."""
    engine = make_engine(database_url)
    try:
        state = await state_of(engine)
    finally:
        await engine.dispose()
    if state.revision is None:
        raise BadInput(
            f"There is no record at DATABASE_URL ({shown(database_url)}): name another, start the service once, "
            "or `switchboard record migrate`."
        )
    if not state.writable:
        raise BadInput("The record at DATABASE_URL may not be written by this account: be the one that owns it.")
    if state.revision != HEAD:
        newer = state.revision > HEAD
        fix = "use the newer release that made it" if newer else "start the service, or `switchboard record migrate`"
        raise BadInput(f"The record is at revision {state.revision}, this release works on {HEAD}: {fix}.")


def shown(database_url: str) -> str:
    """The address without who signs in there and how."""
    scheme, _, rest = database_url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"


def from_here(file: Path) -> Path:
    """``file`` as the caller meant it: `bin/switchboard` works in the checkout, wherever it was called."""
    return Path(os.environ.get("SWITCHBOARD_CALLED_FROM", "")) / file
