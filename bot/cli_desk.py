"""Commands for the desk: who works here, who waits for a person, and what happened in one conversation and why.

Passwords are never arguments, which every process of the machine can read: AGENT_PASSWORD, else they are asked for.
"""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from bot.cli_running import opened_record, run, show, table
from bot.settings import Settings, read_settings
from handover.accounts import Account, Accounts
from handover.agents import Role
from handover.backends import Backends
from handover.backends.records_sql.accounts import SqlAccounts
from handover.clock import SystemClock
from handover.entries import ConversationId, Entry
from handover.errors import NotFound
from handover.evidence import Decision
from handover.policy import decide
from handover.policy_settings import load_policy
from handover.stored import StoredDecision

_PAGE = 500  # lines of a conversation that are read at once

agents = typer.Typer(help="Who works at the desk.", no_args_is_help=True)

Email = Annotated[str, typer.Argument(help="The address they sign in with.")]


@dataclass(frozen=True, slots=True)
class _Desk:
    settings: Settings
    backends: Backends
    accounts: Accounts

    async def by_email(self, email: str) -> Account:
        found = [one for one in await self.accounts.everyone() if one.agent.email == email.strip().lower()]
        if not found:
            raise NotFound(f"Nobody here signs in with {email}.")
        return found[0]


@agents.command("list")
def list_agents() -> None:
    """Show every account, the oldest first."""

    async def work(desk: _Desk) -> None:
        held = {}
        async with desk.backends.records.reading() as tx:
            held = dict(await tx.people.held())
        people = table("Agents", "id", "name", "e-mail", "role", "availability", "slots", "state")
        for one in await desk.accounts.everyone():
            who = one.agent
            state = "open" if one.disabled_at is None else f"closed since {one.disabled_at:%Y-%m-%d}"
            slots = f"{held.get(who.id, 0)} of {who.capacity}"
            _row(people, who.id, who.name, who.email, who.role, who.availability, slots, state)
        show(people)

    run(_desk, work)


@agents.command()
def add(
    email: Email,
    name: Annotated[str, typer.Option(help="How customers and colleagues know them.")],
    role: Annotated[Role, typer.Option(help="agent, lead or admin.")] = "agent",
) -> None:
    """Make an account; its password is asked for."""

    async def work(desk: _Desk) -> None:
        made = await desk.accounts.add(email=email, name=name, password=_password(), role=role)
        print(f"{made.email} may sign in.")

    run(_desk, work)


@agents.command()
def password(email: Email) -> None:
    """Give somebody a new password; it is asked for, and ends every login of theirs."""

    async def work(desk: _Desk) -> None:
        account = await desk.by_email(email)
        await desk.accounts.set_password(account.agent.id, _password())
        print(f"{account.agent.email} has a new password; every login has ended.")

    run(_desk, work)


@agents.command()
def close(email: Email) -> None:
    """Nobody signs in with this account any more; what it said stays."""
    _set_closed(email, closed=True)


@agents.command("open")
def reopen(email: Email) -> None:
    """Open a closed account again."""
    _set_closed(email, closed=False)


def _set_closed(email: str, *, closed: bool) -> None:
    async def work(desk: _Desk) -> None:
        account = await desk.by_email(email)
        await desk.accounts.set_disabled(account.agent.id, closed)
        print(f"{account.agent.email} is {'closed' if closed else 'open'}.")

    run(_desk, work)


def queue() -> None:
    """Show who waits for a person, in the order in which they are offered."""

    async def work(desk: _Desk) -> None:
        now = SystemClock().now()
        async with desk.backends.records.reading() as tx:
            waiting = await tx.offers.waiting()
        headers = ("conversation", "waits", "rings", "round", "stage", "answer due")
        line = table("Waiting for a person", *headers, whole="conversation")
        for one in waiting:
            due = (one.deadline - now).total_seconds()
            late = f"{-due:.0f} s ago" if due < 0 else f"in {due:.0f} s"
            waits = f"{(now - one.made_at).total_seconds():.0f} s"
            _row(line, one.conversation, waits, len(one.ringing), one.round, one.stage, late)
        show(line if waiting else "Nobody waits.")

    run(_desk, work)


def replay(
    conversation: Annotated[str, typer.Argument(help="Its id, as the console shows it.")],
) -> None:
    """Show one conversation line by line, and what today's policy makes of each decision's kept evidence."""

    async def work(desk: _Desk) -> None:
        policy = load_policy(desk.settings.policy_file)
        where = ConversationId(conversation)
        async with desk.backends.records.reading() as tx:
            await tx.conversations.get(where)
            decisions = await tx.turns.decisions(where)
            entries: list[Entry] = []
            while page := await tx.entries.after(where, len(entries), _PAGE):
                entries += page
        for entry in entries:
            show(Text(_line(entry)))
            for one in decisions:
                if one.last_offset == entry.offset:
                    show(Text(f"      → {_told(one)}; {_today(one, decide(one.evidence, policy))}"))

    run(_desk, work)


def _told(one: StoredDecision) -> str:
    reason = f" ({one.decision.reason})" if one.decision.reason else ""
    return f"turn of {one.seconds:.2f} s, intent {one.evidence.intent or '-'}: {one.decision.outcome}{reason}"


def _today(one: StoredDecision, now: Decision) -> str:
    return "the same today" if now.outcome is one.decision.outcome else f"today: {now.outcome}"


def _line(entry: Entry) -> str:
    who = f"{entry.author.kind} {entry.author.name or ''}".strip()
    return f"{entry.offset:>4}  {entry.at:%Y-%m-%d %H:%M:%S}  e{entry.epoch}  {who}: {_plain(entry.text)}"


def _row(table: Table, *cells: object) -> None:
    # Text, not str: what somebody wrote must not be read as markup of the terminal.
    table.add_row(*(Text(_plain(str(cell))) for cell in cells))


def _plain(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)


def _password() -> str:
    if given := os.environ.get("AGENT_PASSWORD"):
        return given
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\n")


@asynccontextmanager
async def _desk() -> AsyncIterator[_Desk]:
    settings = read_settings()
    async with opened_record(settings) as backends:
        yield _Desk(settings, backends, Accounts(SqlAccounts(backends.records), backends.live, SystemClock()))
