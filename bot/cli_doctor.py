"""The command `doctor`: a table of what is well, what is not and the fix, for those who run Switchboard."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from importlib import import_module
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from bot.cli_running import show, table

if TYPE_CHECKING:
    from bot.doctor import Finding

_COLOURS = {"ok": "green", "note": "yellow", "broken": "red"}


def doctor(
    ask_model: Annotated[
        bool, typer.Option("--ask-model", help="Also ask the model one question, which costs.")
    ] = False,
) -> None:
    """Look at an installed Switchboard: settings, record, Redis, Rasa, actions, model, keys, inboxes; and the fixes.

    It changes nothing, shows no secret, and exits with 1 when something is broken. Before anything is installed
    `make doctor` looks at the checkout: programs, environments, ports.
    """
    # It knows the whole product: imported above, every other command would wait for that.
    look: Callable[..., Coroutine[None, None, list[Finding]]] = import_module("bot.doctor").findings
    found = asyncio.run(look(ask_model=ask_model))
    show(_table(found))
    broken = [one.what for one in found if one.state == "broken"]
    if broken:
        print(f"Broken: {', '.join(dict.fromkeys(broken))}.")
        raise typer.Exit(1)
    print("Nothing is broken.")


def _table(found: list[Finding]) -> Table:
    told = table("Switchboard", "what", "state", "found", "fix")
    for one in found:
        # Text, not str: a platform's words must not be read as markup of the terminal.
        told.add_row(Text(one.what), Text(one.state, _COLOURS[one.state]), Text(one.found), Text(one.fix))
    return told
