"""Commands for the inboxes of social channels: list, add, check, set up, pause, resume, and the keys of their secrets.

Secrets are never arguments, which every process of the machine can read: they come from the environment as
``INBOX_`` and the field's name in capitals, else they are asked for, else (without a terminal) they are lines of stdin.
"""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Annotated

import typer
from rich.text import Text

from bot.channels.access_words import Said
from bot.channels.calling import Caller
from bot.channels.channel import Channel, Field
from bot.channels.inbox_keeping import InboxKeeping
from bot.channels.inbox_wishes import Wish
from bot.channels.registry import CHANNELS, addresses_of
from bot.cli_running import opened_record, run, show, table
from bot.settings import read_settings
from handover.clock import SystemClock
from handover.errors import BadInput
from handover.inbox_book import InboxBook
from handover.inbox_cipher import new_key

BY = "the command line"

inboxes = typer.Typer(help="The inboxes of social channels: pages, numbers, bots.", no_args_is_help=True)

InboxId = Annotated[str, typer.Argument(help="As `inboxes list` shows it, like telegram.0a1b2c3d.")]


@inboxes.command("list")
def list_inboxes() -> None:
    """Show every inbox, whether it is heard, and what waits in it."""

    async def work(keeping: InboxKeeping) -> None:
        backlog = await keeping.backlog()
        # Text, not str: a name must not be read as markup of the terminal.
        told = table("Inboxes", "id", "name", "account", "state", "waiting", "not delivered")
        for inbox in await keeping.listed():
            heard = f"heard {inbox.webhook_at:%Y-%m-%d %H:%M} UTC" if inbox.webhook_at else "never heard"
            lines = backlog.get(inbox.id, {})
            state = f"paused: {inbox.paused_why}" if inbox.paused_at else heard
            cells = (inbox.id, inbox.name, inbox.account, state, lines.get("queued", 0), lines.get("failed", 0))
            told.add_row(*(Text(str(cell)) for cell in cells))
        show(told if told.row_count else "There is only the website.")

    _run(work)


@inboxes.command()
def add(
    channel: Annotated[str, typer.Argument(help=f"One of {', '.join(CHANNELS)}.")],
    name: Annotated[str, typer.Option(help="How colleagues know it.")],
    account: Annotated[str, typer.Option(help="The platform's own id of what it answers as.")],
    settings: Annotated[list[str] | None, typer.Option("--set", help="A field that is no secret: name=value.")] = None,
) -> None:
    """Make an inbox; its secrets are asked for. Says what the platform must be told."""

    async def work(keeping: InboxKeeping) -> None:
        if channel not in keeping.channels:
            raise BadInput(f"There is no channel {channel}. There are {', '.join(keeping.channels)}.")
        given = dict(_pair(one) for one in settings or [])
        secrets = _secrets(keeping.channels[channel])
        made = await keeping.add(channel, Wish(name, account, given, secrets), BY)
        print(f"{made.id}\nWebhook address: {keeping.webhook_url(made)}")
        print(f"Verify token, where the platform asks for one: {made.settings['verify_token']}")

    _run(work)


@inboxes.command()
def check(inbox: InboxId) -> None:
    """Ask the platform whether it accepts our access."""

    async def work(keeping: InboxKeeping) -> None:
        _tell([await keeping.check(inbox)])

    _run(work)


@inboxes.command()
def prepare(inbox: InboxId) -> None:
    """Tell the platform where to send webhooks and how a person is asked for."""

    async def work(keeping: InboxKeeping) -> None:
        _tell(await keeping.prepare(inbox))

    _run(work)


@inboxes.command()
def pause(inbox: InboxId) -> None:
    """Send nothing from it until it is resumed; what arrives is kept."""

    async def work(keeping: InboxKeeping) -> None:
        await keeping.pause(inbox, BY)
        print(f"{inbox}: paused.")

    _run(work)


@inboxes.command()
def resume(inbox: InboxId) -> None:
    """Send again, in order."""

    async def work(keeping: InboxKeeping) -> None:
        await keeping.resume(inbox, BY)
        print(f"{inbox}: resumed.")

    _run(work)


@inboxes.command("new-key")
def make_key() -> None:
    """Print a fresh key for SECRETS_KEYS."""
    print(new_key())


@inboxes.command("rotate-keys")
def rotate_keys() -> None:
    """Seal every inbox's secrets with the first of SECRETS_KEYS; the others may go then."""

    async def work(keeping: InboxKeeping) -> None:
        print(f"{await keeping.seal_anew()} inboxes are sealed with the first key.")

    _run(work)


def _pair(given: str) -> tuple[str, str]:
    name, equals, value = given.partition("=")
    if not equals:
        raise BadInput(f"--set wants name=value, not {name!r}.")
    return name.strip(), value


def _secrets(channel: Channel) -> dict[str, str | None]:
    fields = [field for field in channel.ability.fields if field.secret]
    return {field.name: value for field in fields if (value := _asked(field))}


def _asked(field: Field) -> str:
    if (given := os.environ.get(f"INBOX_{field.name.upper()}")) is not None:
        return given
    if sys.stdin.isatty():
        label = field.label if field.required else f"{field.label} (optional)"
        return str(typer.prompt(label, default="" if not field.required else None, hide_input=True, show_default=False))
    return sys.stdin.readline().strip() if field.required else ""


def _tell(said: list[Said]) -> None:
    """What the platform said; ends with 1 when anything did not work."""
    for one in said or [Said(True, "Set up", "There is nothing to set up from here.")]:
        print(f"{'ok  ' if one.ok else 'FAIL'} {one.what}: {one.words}{f' {one.todo}' if one.todo else ''}")
    if not all(one.ok for one in said):
        raise typer.Exit(1)


def _run(work: Callable[[InboxKeeping], Awaitable[None]]) -> None:
    run(_keeping, work)


@asynccontextmanager
async def _keeping() -> AsyncIterator[InboxKeeping]:
    settings, clock = read_settings(), SystemClock()
    cipher = settings.inbox_cipher()
    async with (
        opened_record(settings) as backends,
        Caller(addresses_of(CHANNELS, settings.platform_urls)) as caller,
    ):
        book = InboxBook(backends.records, clock, cipher)
        yield InboxKeeping(backends.records, book, cipher, CHANNELS, caller, settings.public_address(), clock)
