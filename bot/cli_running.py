"""Runs the work of one command: opens what it needs, and tells a refusal in a sentence, with exit code 1."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import TypeVar

import typer

from handover.errors import SwitchboardError

_T = TypeVar("_T")


def run(opened: Callable[[], AbstractAsyncContextManager[_T]], work: Callable[[_T], Awaitable[None]]) -> None:
    """Do ``work`` with what ``opened`` gives. Raises typer.Exit after a SwitchboardError, which is told on stderr."""

    async def whole() -> None:
        async with opened() as given:
            await work(given)

    try:
        asyncio.run(whole())
    except SwitchboardError as error:
        print(error.message, file=sys.stderr)
        raise typer.Exit(1) from error
